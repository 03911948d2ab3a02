// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "hal/base/result.h"
#include "mgmt/store/database.h"

namespace yoke::store {

// A database copied to a new file while it is in use, by SQLite's online backup: what the same
// connection commits meanwhile is in the copy as well. Threads: as the database.
class DatabaseCopy {
 public:
  // Both outlive the copy. The new file is not synced.
  [[nodiscard]] static Result<std::unique_ptr<DatabaseCopy>> begin(Database& from,
                                                                   const std::string& to);
  DatabaseCopy(const DatabaseCopy&) = delete;
  DatabaseCopy& operator=(const DatabaseCopy&) = delete;
  ~DatabaseCopy();

  // `pages` further. True: it is complete, and closed.
  [[nodiscard]] Result<bool> step(int pages);

 private:
  struct Handles;
  explicit DatabaseCopy(std::unique_ptr<Handles> handles);
  std::unique_ptr<Handles> handles_;
  int refusals_ = 0;
};

}  // namespace yoke::store
