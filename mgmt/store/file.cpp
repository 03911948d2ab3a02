// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "hal/base/file_descriptor.h"
#include "mgmt/store/errors.h"
#include "mgmt/store/identity.h"
#include "mgmt/store/migrations.h"
#include "mgmt/store/previous.h"
#include "mgmt/store/unit_file.h"
#include "mgmt/store/unit_lost.h"
#include "mgmt/store/writable.h"

namespace yoke::store {
namespace {

// SQLite takes anything shorter than its smallest page for a database with nothing in it.
constexpr std::uint64_t kSmallestFile = 512;

tl::unexpected<Error> damaged(const std::string& path, const std::string& how) {
  return fail(Errc::kFailed, kCorrupt, path + ": is damaged (" + how + "); " + to_begin_anew(path));
}

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char byte : bytes) value = value << 8U | static_cast<std::uint8_t>(byte);
  return value;
}

// How long the file says that it is (https://www.sqlite.org/fileformat.html section 1.3); nothing
// where that says nothing, as while a log or a journal is there whose pages may not be in the file
// yet. SQLite looks no further than what it reads, so that a file without its last page opens.
std::optional<std::uint64_t> own_length(const std::string& path) {
  for (const char* suffix : {"-wal", "-journal"}) {
    std::error_code none;
    const auto length = std::filesystem::file_size(path + suffix, none);
    if (!none && length != 0) return std::nullopt;
  }
  std::string header(100, '\0');
  std::ifstream file(path, std::ios::binary);
  if (!file.read(header.data(), static_cast<std::streamsize>(header.size()))) return std::nullopt;
  const std::string_view bytes = header;
  const bool counts = bytes.substr(24, 4) == bytes.substr(92, 4);
  if (!bytes.starts_with("SQLite format 3") || !counts) return std::nullopt;
  const std::uint32_t page = big_endian(bytes.substr(16, 2));
  const std::uint64_t page_bytes = page == 1 ? 65536 : page;  // which two bytes do not hold
  return page_bytes * big_endian(bytes.substr(28, 4));
}

tl::unexpected<Error> disk_failed(const std::string& path) {
  return fail(Errc::kFailed, errno == ENOSPC ? kDiskFull : kDiskFailed,
              path + ": cannot be put in place: " + std::strerror(errno));
}

tl::unexpected<Error> not_copied(const std::string& path, const std::string& to,
                                 std::error_code error) {
  return fail(Errc::kFailed, kDiskFailed,
              path + ": cannot be copied to " + to + ": " + error.message());
}

Status write_new_database(const std::string& path, const std::function<Status(Database&)>& fill) {
  auto database = Database::open(path, true);
  if (!database) return tl::unexpected<Error>(database.error());
  // Before there is anything in it; the log beside it gets the same permissions.
  if (::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0) return disk_failed(path);
  if (auto ready = (*database)->write_ahead(); !ready) return ready;
  if (auto filled = fill(**database); !filled) return filled;
  return (*database)->checkpoint();
}

Status create(const std::string& path) {
  struct stat log {};
  if (::stat((path + "-wal").c_str(), &log) == 0) {
    return fail(Errc::kRefused, kCorrupt,
                path + ": is missing, but its log " + path +
                    "-wal is there; put the database back, or " + to_begin_anew(path));
  }
  return put_new_file(path, migrate);
}

// Pages and rows of the records, which are what a restart forwards by. Old revisions are not read
// here: they may be large, and show their damage when they are asked for.
Status verify_records(Database& database) {
  auto tables = database.prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'revision'");
  if (!tables) return tl::unexpected<Error>(tables.error());
  for (;;) {
    const auto table = tables->step();
    if (!table) return tl::unexpected<Error>(table.error());
    if (!*table) return {};
    const auto damage = damage_in(database, "integrity_check(\"" + tables->text(0) + "\")");
    if (!damage) return tl::unexpected<Error>(damage.error());
    if (!damage->empty()) return damaged(database.path(), *damage);
  }
}

Result<std::unique_ptr<Database>> open_verified(const std::string& path) {
  auto database = Database::open(path, false);
  if (!database) return database;
  if (auto known = verify_identity(**database); !known) return tl::unexpected(known.error());
  if (auto whole = verify_records(**database); !whole) return tl::unexpected(whole.error());
  return database;
}

// Of the shape this release works with; what another shape was is kept.
Result<std::unique_ptr<Database>> open_ready(const std::string& path) {
  auto database = open_verified(path);
  if (!database) return database;
  const auto version = version_of(**database);
  if (!version) return tl::unexpected(version.error());
  if (*version < version_of_this_release()) {
    database->reset();
    if (auto kept = keep_previous(path, *version); !kept) return tl::unexpected(kept.error());
    database = open_verified(path);
    if (!database) return database;
  }
  if (auto migrated = migrate(**database); !migrated) return tl::unexpected(migrated.error());
  return database;
}

}  // namespace

Status verify_length(const std::string& path) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) return disk_failed(path);
  const auto length = static_cast<std::uint64_t>(file.st_size);
  if (length >= std::max<std::uint64_t>(kSmallestFile, own_length(path).value_or(0))) return {};
  return damaged(path, "it is cut short to " + std::to_string(length) + " bytes");
}

Status put_new_file(const std::string& path, const std::function<Status(Database&)>& fill) {
  const std::string unfinished = path + ".new";
  for (const char* suffix : {"", "-wal", "-shm"}) ::unlink((unfinished + suffix).c_str());
  if (auto written = write_new_database(unfinished, fill); !written) return written;
  if (std::rename(unfinished.c_str(), path.c_str()) != 0) return disk_failed(path);
  return sync_folder_of(path);
}

Status sync_folder_of(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  const FileDescriptor fd(
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return disk_failed(path);
  return {};
}

// A file beside the store, because SQLite's own locks last only for a transaction.
Result<hal::LockFile> lock_store(const std::string& store) {
  const std::string path = store + ".lock";
  auto lock = hal::LockFile::acquire(path);
  if (lock) return std::move(*lock);
  const int error = lock.error().error;
  if (error == EWOULDBLOCK) {
    return fail(Errc::kConflict, kInUse,
                path + ": in use by " + lock.error().holder_text() + "; end that one first");
  }
  if (error == EROFS) {
    return fail(Errc::kFailed, kReadOnly,
                path + ": its file system is read-only; remount it for writing");
  }
  if (error == ENOSPC || error == EDQUOT) {
    return fail(Errc::kFailed, kDiskFull,
                path + ": no space left on its file system; free some and try again");
  }
  return fail(Errc::kDenied, kNoPermission,
              path + ": " + std::strerror(error) +
                  "; check that its folder exists and belongs to this user");
}

Error while_opening(const std::string& path, Error error) {
  // SQLite says of a log that it cannot make only that it cannot open it.
  const auto takes = takes_writes(path);
  if (!takes && takes.error().id == kReadOnly) return takes.error();
  if (error.id != kStoreFailed) return error;
  const std::string named = path + ": ";
  const std::size_t skip = error.text.starts_with(named) ? named.size() : 0;
  return damaged(path, error.text.substr(skip)).value();
}

Status begin_writing(Database& database) {
  if (auto ready = database.write_ahead(); !ready) return ready;
  auto moved = database.checkpoint();
  if (!moved && moved.error().id == kInUse) return {};
  return moved;
}

Error renamed(Error error, const std::string& file, const std::string& name) {
  std::size_t at = 0;
  while ((at = error.text.find(file, at)) != std::string::npos) {
    error.text.replace(at, file.size(), name);
    at += name.size();
  }
  return error;
}

Result<StoreFile> open_store_file(const std::string& path, Missing missing) {
  auto lock = lock_store(path);
  if (!lock) return tl::unexpected<Error>(lock.error());
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) {
    if (errno != ENOENT) return disk_failed(path);
    if (missing == Missing::kIsRefused) {
      return fail(Errc::kFailed, kDiskFailed,
                  path + ": is gone; put it back, or mount its file system");
    }
    if (auto created = create(path); !created) return tl::unexpected<Error>(created.error());
  } else if (auto whole = verify_length(path); !whole) {
    return tl::unexpected<Error>(whole.error());
  }
  auto database = open_ready(path);
  if (!database) return tl::unexpected<Error>(while_opening(path, database.error()));
  return StoreFile{std::move(*lock), std::move(*database)};
}

Result<StoreCopy> open_store_copy(const std::string& path, const std::string& scratch) {
  auto lock = lock_store(path);
  if (!lock) return tl::unexpected<Error>(lock.error());
  std::error_code error;
  std::filesystem::remove_all(scratch, error);
  std::filesystem::create_directories(scratch, error);
  const std::string copy = (std::filesystem::path(scratch) / "config.db").string();
  const std::string unit = unit_path(path);
  const std::string unit_copy = unit_path(copy);
  for (const auto& [from, to] : {std::pair(path, copy),
                                 {path + "-wal", copy + "-wal"},
                                 {unit, unit_copy},
                                 {unit + "-wal", unit_copy + "-wal"},
                                 {given_up_path(unit), given_up_path(unit_copy)}}) {
    if (from != path && !std::filesystem::exists(from, error)) continue;
    std::filesystem::copy_file(from, to, error);
    if (error) return not_copied(from, scratch, error);
  }
  auto file = open_store_file(copy);
  if (!file) return tl::unexpected<Error>(file.error());
  return StoreCopy{std::move(*lock), std::move(*file)};
}

}  // namespace yoke::store
