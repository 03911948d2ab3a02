// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "hal/base/result.h"
#include "mgmt/store/database.h"

namespace yoke::store {

// A look at a store that is in use, whether its files are whole still: what damages them shows
// nowhere else before the next start. By connections of its own, reading, in slices that take as
// long as one table is large. What the kernel still has of a file in its memory is looked at there.
// Threads: owned by one; beside the thread that has the store.
class Inspection {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Inspection>> begin(const std::string& path);

  // One slice. True: it was the last. E-504, E-518: damaged. Others: it could not be looked at.
  [[nodiscard]] Result<bool> step();

 private:
  Inspection(std::unique_ptr<Database> database, std::vector<std::string> tables)
      : database_(std::move(database)), tables_(std::move(tables)) {}
  [[nodiscard]] Status look_at_table(const std::string& table);
  [[nodiscard]] Status look_at_records();
  [[nodiscard]] Status look_at_unit_file() const;

  std::unique_ptr<Database> database_;
  std::vector<std::string> tables_;
  std::size_t next_ = 0;  // of the tables, and then of what comes behind them
};

}  // namespace yoke::store
