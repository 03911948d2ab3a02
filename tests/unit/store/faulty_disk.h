// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "tests/unit/store/watched_disk.h"

namespace yoke::store {

// A disk that fails when it is told to. Counted are the operations that change what is in files:
// writes, syncs, truncations, removals. Threads: one.
class FaultyDisk final : public WatchedDisk {
 public:
  // The n-th operation from now (1 is the next) fails with `code`, or that and all after it.
  void arm(long n, int code, bool from_there_on);
  void disarm();
  // The first operation that failed: "sync config.db-wal"; empty if none has.
  [[nodiscard]] const std::string& failed() const { return failed_; }

  [[nodiscard]] int before(const DiskChange& change) override;

 private:
  long left_ = 0;
  int code_ = 0;
  bool from_there_on_ = false;
  std::string failed_;
};

}  // namespace yoke::store
