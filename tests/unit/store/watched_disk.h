// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace yoke::store {

// What is about to happen to the file `file` of the store's folder.
struct DiskChange {
  enum class Kind : std::uint8_t {
    kCreate,
    kWrite,
    kTruncate,  // to `offset` bytes
    kSync,      // what was written to it comes to the disk
    kRemove,
    kSyncFolder,  // the names in the folder come to the disk
  };
  Kind kind = Kind::kSync;
  std::string file = {};
  std::uint64_t offset = 0;
  std::string_view bytes = {};
};

// SQLite's default VFS while an object of this class lives: it passes everything on to the real
// one, and asks first about all that changes something. One at a time. Threads: one.
class WatchedDisk {
 public:
  WatchedDisk();
  WatchedDisk(const WatchedDisk&) = delete;
  WatchedDisk& operator=(const WatchedDisk&) = delete;
  virtual ~WatchedDisk();

  // SQLITE_OK lets it happen; any other code is what SQLite is told instead.
  [[nodiscard]] virtual int before(const DiskChange& change) = 0;
};

}  // namespace yoke::store
