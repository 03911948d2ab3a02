// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace yoke::store {

// A disk that fails when it is told to: SQLite's default VFS while an object of this class lives,
// passing everything on to the real one. Counted are the operations that change something: writes,
// syncs, truncations, removals. One at a time. Threads: one.
class FaultyDisk {
 public:
  FaultyDisk();
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;
  ~FaultyDisk();

  // The n-th operation from now (1 is the next) fails with `code`, or that and all after it.
  static void arm(long n, int code, bool from_there_on);
  static void disarm();
  // The first operation that failed: "sync config.db-wal"; empty if none has.
  [[nodiscard]] static std::string failed();
};

}  // namespace yoke::store
