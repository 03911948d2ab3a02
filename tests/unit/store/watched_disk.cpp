// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/store/watched_disk.h"

#include <sqlite3.h>

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <utility>

namespace yoke::store {
namespace {

// SQLite's interface is C, so the watcher cannot be handed to it: one disk at a time.
WatchedDisk* watcher = nullptr;

int ask(const DiskChange& change) {
  return watcher == nullptr ? SQLITE_OK : watcher->before(change);
}

// What SQLite sees as a file: our methods, and behind them the real file in the same allocation.
struct File {
  sqlite3_file base;
  std::string name;
  sqlite3_file* real;
  bool is_new;  // a log whose first sync is to bring its name to the disk as well
};
constexpr std::size_t kRealOffset = (sizeof(File) + 15) / 16 * 16;

File* of(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
sqlite3_file* real(sqlite3_file* file) { return of(file)->real; }
sqlite3_vfs* real(sqlite3_vfs* vfs) { return static_cast<sqlite3_vfs*>(vfs->pAppData); }

int close_file(sqlite3_file* file) {
  const int code = real(file)->pMethods->xClose(real(file));
  of(file)->~File();
  return code;
}
int read_file_at(sqlite3_file* file, void* into, int size, sqlite3_int64 at) {
  return real(file)->pMethods->xRead(real(file), into, size, at);
}
int write_file_at(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
  const std::string_view bytes(static_cast<const char*>(from), static_cast<std::size_t>(size));
  const int code = ask({.kind = DiskChange::Kind::kWrite,
                        .file = of(file)->name,
                        .offset = static_cast<std::uint64_t>(at),
                        .bytes = bytes});
  if (code == SQLITE_OK) return real(file)->pMethods->xWrite(real(file), from, size, at);
  // A disk that fails or fills does so in the middle.
  if (size > 1) (void)real(file)->pMethods->xWrite(real(file), from, size / 2, at);
  return code;
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  const int code = ask({.kind = DiskChange::Kind::kTruncate,
                        .file = of(file)->name,
                        .offset = static_cast<std::uint64_t>(size)});
  return code != SQLITE_OK ? code : real(file)->pMethods->xTruncate(real(file), size);
}
int sync_file(sqlite3_file* file, int flags) {
  const int code = ask({.kind = DiskChange::Kind::kSync, .file = of(file)->name});
  if (code != SQLITE_OK) return code;
  const int synced = real(file)->pMethods->xSync(real(file), flags);
  if (synced != SQLITE_OK || !std::exchange(of(file)->is_new, false)) return synced;
  return ask({.kind = DiskChange::Kind::kSyncFolder});
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return real(file)->pMethods->xFileSize(real(file), size);
}
int lock_file(sqlite3_file* file, int level) {
  return real(file)->pMethods->xLock(real(file), level);
}
int unlock_file(sqlite3_file* file, int level) {
  return real(file)->pMethods->xUnlock(real(file), level);
}
int check_lock(sqlite3_file* file, int* held) {
  return real(file)->pMethods->xCheckReservedLock(real(file), held);
}
int control(sqlite3_file* file, int operation, void* argument) {
  return real(file)->pMethods->xFileControl(real(file), operation, argument);
}
int sector_size(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }
int characteristics(sqlite3_file* file) {
  return real(file)->pMethods->xDeviceCharacteristics(real(file));
}
int map_shared(sqlite3_file* file, int page, int size, int extend, void volatile** into) {
  return real(file)->pMethods->xShmMap(real(file), page, size, extend, into);
}
int lock_shared(sqlite3_file* file, int offset, int count, int flags) {
  return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
void barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }
int unmap_shared(sqlite3_file* file, int remove) {
  return real(file)->pMethods->xShmUnmap(real(file), remove);
}

constexpr sqlite3_io_methods kMethods{
    .iVersion = 2,
    .xClose = close_file,
    .xRead = read_file_at,
    .xWrite = write_file_at,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = file_size,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = check_lock,
    .xFileControl = control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = map_shared,
    .xShmLock = lock_shared,
    .xShmBarrier = barrier,
    .xShmUnmap = unmap_shared,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

std::string name_of(const char* path) {
  return path == nullptr ? "" : std::filesystem::path(path).filename().string();
}

int open_file(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  file->pMethods = nullptr;  // SQLite closes only what has methods
  std::error_code ignored;
  const bool creates = (flags & SQLITE_OPEN_CREATE) != 0 && path != nullptr &&
                       !std::filesystem::exists(path, ignored);
  if (creates) {
    const int code = ask({.kind = DiskChange::Kind::kCreate, .file = name_of(path)});
    if (code != SQLITE_OK) return code;
  }
  auto* const behind =
      reinterpret_cast<sqlite3_file*>(reinterpret_cast<std::byte*>(file) + kRealOffset);
  const int code = real(vfs)->xOpen(real(vfs), path, behind, flags, out_flags);
  if (code != SQLITE_OK) {
    file->pMethods = nullptr;
    return code;
  }
  const bool is_log = (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
  auto* const opened = new (file) File{{&kMethods}, name_of(path), behind, creates && is_log};
  opened->base.pMethods = &kMethods;
  return SQLITE_OK;
}
int remove_file(sqlite3_vfs* vfs, const char* path, int sync_folder) {
  const int code = ask({.kind = DiskChange::Kind::kRemove, .file = name_of(path)});
  if (code != SQLITE_OK) return code;
  const int removed = real(vfs)->xDelete(real(vfs), path, sync_folder);
  if (removed != SQLITE_OK || sync_folder == 0) return removed;
  return ask({.kind = DiskChange::Kind::kSyncFolder});
}

sqlite3_vfs disk;

}  // namespace

WatchedDisk::WatchedDisk() {
  sqlite3_vfs* const below = sqlite3_vfs_find(nullptr);
  if (below == nullptr || below == &disk || watcher != nullptr) std::abort();
  disk = *below;
  disk.pNext = nullptr;
  disk.zName = "watched";
  disk.pAppData = below;
  disk.szOsFile = static_cast<int>(kRealOffset) + below->szOsFile;
  disk.xOpen = open_file;
  disk.xDelete = remove_file;
  if (sqlite3_vfs_register(&disk, 1) != SQLITE_OK) std::abort();
  watcher = this;
}

WatchedDisk::~WatchedDisk() {
  watcher = nullptr;
  (void)sqlite3_vfs_unregister(&disk);
  (void)sqlite3_vfs_register(static_cast<sqlite3_vfs*>(disk.pAppData), 1);
}

}  // namespace yoke::store
