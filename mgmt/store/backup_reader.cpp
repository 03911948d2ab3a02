// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "hal/base/file_descriptor.h"
#include "mgmt/store/backup.h"
#include "mgmt/store/backup_unit.h"
#include "mgmt/store/config_store.h"
#include "mgmt/store/database.h"
#include "mgmt/store/errors.h"
#include "mgmt/store/file.h"
#include "mgmt/store/sha256.h"
#include "mgmt/store/unit_file.h"

namespace yoke::store {
namespace {

constexpr std::string_view kMagic("SQLite format 3\0", 16);  // of a bare database

// A store is tables. A view in a table's place, a trigger or a virtual table runs what whoever made
// the file wants, for as long as he wants, when it is read or migrated.
Status no_code_in(const std::string& path) {
  auto database = Database::open(path, false);
  if (!database) return tl::unexpected<Error>(database.error());
  const auto found = (*database)->integer(
      "SELECT count(*) FROM sqlite_schema WHERE type NOT IN ('table', 'index')"
      " OR sql LIKE 'CREATE VIRTUAL%'");
  if (!found) return tl::unexpected<Error>(found.error());
  if (found->value_or(0) == 0) return {};
  return fail(Errc::kInvalid, kNotABackup,
              "not a backup: it has views or triggers, which no store has; use another");
}

}  // namespace

struct BackupReader::Work {
  std::string scratch;
  std::string head;  // what came before it was known what it is
  bool known = false;
  std::optional<BackupLabel> label;
  std::uint64_t bytes = 0;  // of the database
  Sha256 hash;
  FileDescriptor database;

  [[nodiscard]] std::string path() const { return scratch + "/config.db"; }
  Status begin_database();
  Status add(std::string_view piece);
  Status recognise();
};

BackupReader::BackupReader(std::string scratch) : work_(std::make_unique<Work>()) {
  work_->scratch = std::move(scratch);
}

BackupReader::~BackupReader() {
  std::error_code ignored;
  std::filesystem::remove_all(work_->scratch, ignored);
}

Status BackupReader::Work::begin_database() {
  std::error_code error;
  std::filesystem::remove_all(scratch, error);
  std::filesystem::create_directories(scratch, error);
  database = FileDescriptor(
      ::open(path().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (database) return {};
  return fail(Errc::kFailed, kDiskFailed, path() + ": cannot be made: " + std::strerror(errno));
}

Status BackupReader::Work::add(std::string_view piece) {
  hash.add(piece);
  bytes += piece.size();
  if (bytes > kBackupBytesMax) {
    return fail(
        Errc::kInvalid, kNotABackup,
        "not a backup: none is longer than " + std::to_string(kBackupBytesMax >> 20) + " MiB");
  }
  if (label && bytes > label->bytes) {
    return fail(Errc::kInvalid, kBackupDamaged,
                "the backup is longer than its label says: it has been altered; use another");
  }
  while (!piece.empty()) {
    const ssize_t n = ::write(database.get(), piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      return fail(Errc::kFailed, errno == ENOSPC ? kDiskFull : kDiskFailed,
                  path() + ": the backup cannot be unpacked: " + std::strerror(errno));
    }
    piece.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

// From its first bytes; nothing is decided while they may still become either.
Status BackupReader::Work::recognise() {
  if (head.starts_with(kMagic)) {
    known = true;
  } else if (head.size() >= kMagic.size() || !kMagic.starts_with(head)) {
    const auto end = head.find('\n');
    if (end == std::string::npos && head.size() < kLabelBytesMax) return {};
    auto read = read_label(std::string_view(head).substr(0, end));
    if (!read) return tl::unexpected<Error>(read.error());
    label = std::move(*read);
    head.erase(0, end + 1);
    known = true;
  }
  if (!known) return {};
  if (auto begun = begin_database(); !begun) return begun;
  return add(std::exchange(head, {}));
}

Status BackupReader::take(std::string_view piece) {
  if (work_->known) return work_->add(piece);
  work_->head += piece;
  return work_->recognise();
}

Result<Restorable> BackupReader::finish() {
  Work& work = *work_;
  if (!work.known) {
    return fail(Errc::kInvalid, kNotABackup, "not a backup: it ends before it says what it is");
  }
  work.database.reset();
  if (work.label && (work.bytes != work.label->bytes || work.hash.text() != work.label->sha256)) {
    return fail(Errc::kInvalid, kBackupDamaged,
                "the backup is cut short or altered: its bytes are not those that were written; "
                "use another");
  }
  auto has_unit_part =
      no_code_in(work.path()).and_then([&] { return unpack_unit_part(work.path()); });
  auto store =
      has_unit_part ? ConfigStore::open(work.path()) : tl::unexpected<Error>(has_unit_part.error());
  if (!store) {
    if (store.error().id == kUnitPartLost) {
      return fail(
          Errc::kInvalid, kBackupDamaged,
          "the backup is altered: what it has of the unit's own cannot be read; use another");
    }
    // The paths mean nothing to whoever has the backup.
    Error error = renamed(store.error(), work.path(), "the backup");
    return tl::unexpected<Error>(renamed(std::move(error), unit_path(work.path()), "the backup"));
  }
  const Running& running = (*store)->running();
  if (running.revision == 0) {
    // It would take everything away. Most likely it was copied without the log beside it.
    return fail(Errc::kInvalid, kNotABackup,
                "not a backup: nothing was ever committed in it; a database in use has that in "
                "the -wal beside it: copy it with sqlite3 config.db \".backup COPY\" and use COPY");
  }
  return Restorable{work.label, running.revision, running.config, *has_unit_part};
}

}  // namespace yoke::store
