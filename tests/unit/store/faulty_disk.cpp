// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/store/faulty_disk.h"

#include <sqlite3.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <new>

namespace yoke::store {
namespace {

// SQLite's interface is C, so the plan cannot be handed to it: one disk at a time.
struct Plan {
  long left = 0;
  int code = SQLITE_OK;
  bool from_there_on = false;
  std::string failed;
};
Plan plan;

int fault(const char* operation, const std::string& name) {
  if (!plan.failed.empty()) return plan.from_there_on ? plan.code : SQLITE_OK;
  if (plan.left == 0 || --plan.left != 0) return SQLITE_OK;
  plan.failed = std::string(operation) + " " + name;
  return plan.code;
}

// What SQLite sees as a file: our methods, and behind them the real file in the same allocation.
struct File {
  sqlite3_file base;
  std::string name;
  sqlite3_file* real;
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
  const int code = fault("write", of(file)->name);
  if (code == SQLITE_OK) return real(file)->pMethods->xWrite(real(file), from, size, at);
  // A disk that fails or fills does so in the middle.
  if (size > 1) (void)real(file)->pMethods->xWrite(real(file), from, size / 2, at);
  return code;
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  const int code = fault("truncate", of(file)->name);
  return code != SQLITE_OK ? code : real(file)->pMethods->xTruncate(real(file), size);
}
int sync_file(sqlite3_file* file, int flags) {
  const int code = fault("sync", of(file)->name);
  return code != SQLITE_OK ? code : real(file)->pMethods->xSync(real(file), flags);
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

int open_file(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  auto* const behind =
      reinterpret_cast<sqlite3_file*>(reinterpret_cast<std::byte*>(file) + kRealOffset);
  const int code = real(vfs)->xOpen(real(vfs), path, behind, flags, out_flags);
  if (code != SQLITE_OK) {
    file->pMethods = nullptr;  // SQLite closes only what has methods
    return code;
  }
  const std::string name = path == nullptr ? "" : std::filesystem::path(path).filename().string();
  auto* const opened = new (file) File{{&kMethods}, name, behind};
  opened->base.pMethods = &kMethods;
  return SQLITE_OK;
}
int remove_file(sqlite3_vfs* vfs, const char* path, int sync_folder) {
  const int code = fault("remove", std::filesystem::path(path).filename().string());
  return code != SQLITE_OK ? code : real(vfs)->xDelete(real(vfs), path, sync_folder);
}

sqlite3_vfs disk;

}  // namespace

FaultyDisk::FaultyDisk() {
  sqlite3_vfs* const below = sqlite3_vfs_find(nullptr);
  if (below == nullptr || below == &disk) std::abort();
  disk = *below;
  disk.pNext = nullptr;
  disk.zName = "faulty";
  disk.pAppData = below;
  disk.szOsFile = static_cast<int>(kRealOffset) + below->szOsFile;
  disk.xOpen = open_file;
  disk.xDelete = remove_file;
  if (sqlite3_vfs_register(&disk, 1) != SQLITE_OK) std::abort();
  disarm();
}

FaultyDisk::~FaultyDisk() {
  disarm();
  (void)sqlite3_vfs_unregister(&disk);
  (void)sqlite3_vfs_register(static_cast<sqlite3_vfs*>(disk.pAppData), 1);
}

void FaultyDisk::arm(long n, int code, bool from_there_on) { plan = {n, code, from_there_on, {}}; }
void FaultyDisk::disarm() { plan = {}; }
std::string FaultyDisk::failed() { return plan.failed; }

}  // namespace yoke::store
