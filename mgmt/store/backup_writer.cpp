// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "hal/base/file_descriptor.h"
#include "mgmt/store/backup.h"
#include "mgmt/store/backup_unit.h"
#include "mgmt/store/database_copy.h"
#include "mgmt/store/errors.h"
#include "mgmt/store/file.h"
#include "mgmt/store/revisions.h"
#include "mgmt/store/sha256.h"

namespace yoke::store {
namespace {

constexpr int kPagesAStep = 64;
constexpr std::size_t kBytesAStep = std::size_t{256} << 10;
constexpr mode_t kOwnerOnly = 0600;  // it holds what the configuration holds

tl::unexpected<Error> cannot_write(const std::string& file) {
  const int error = errno;
  const auto id = error == ENOSPC || error == EDQUOT ? kDiskFull
                  : error == EROFS                   ? kReadOnly
                                                     : kDiskFailed;
  return fail(Errc::kFailed, id,
              file + ": the backup cannot be written: " + std::strerror(error) +
                  "; free some space, or look at the disk, and try again");
}

bool write_whole(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

// The database is copied, then read to be hashed, then put behind its label.
struct BackupWriter::Work {
  enum class Phase : std::uint8_t { kCopying, kHashing, kWriting, kSyncing, kDone };

  Database& database;
  UnitDocument unit_document;
  BackupLabel label;
  std::string file;
  Phase phase = Phase::kCopying;
  std::unique_ptr<DatabaseCopy> copy = {};
  FileDescriptor from = {}, to = {};
  std::unique_ptr<Sha256> hash = {};

  [[nodiscard]] std::string copied() const { return file + ".copy"; }
  [[nodiscard]] std::string unfinished() const { return file + ".new"; }
  void remove_unfinished() const {
    for (const std::string& gone :
         {copied(), copied() + "-wal", copied() + "-shm", copied() + "-journal", unfinished()}) {
      ::unlink(gone.c_str());
    }
  }

  Status begin_copy();
  Status take_step();
  Status copy_pages();
  Status add_unit_part(const UnitRow& row) const;
  Status hash_piece();
  Status write_piece();
  Status sync();
  Result<std::string> piece() const;
};

BackupWriter::BackupWriter(std::unique_ptr<Work> work) : work_(std::move(work)) {}

BackupWriter::~BackupWriter() { work_->remove_unfinished(); }

Result<std::unique_ptr<BackupWriter>> BackupWriter::begin(Database& database,
                                                          UnitDocument unit_document,
                                                          BackupLabel label,
                                                          const std::string& file) {
  auto work =
      std::make_unique<Work>(Work{database, std::move(unit_document), std::move(label), file});
  work->remove_unfinished();
  // Made before SQLite does, so that nobody else can ever read it.
  work->from = FileDescriptor(
      ::open(work->copied().c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kOwnerOnly));
  if (!work->from) return cannot_write(file);
  work->from.reset();
  std::unique_ptr<BackupWriter> writer(new BackupWriter(std::move(work)));
  if (auto begun = writer->work_->begin_copy(); !begun) return tl::unexpected(begun.error());
  return writer;
}

const BackupLabel& BackupWriter::label() const noexcept { return work_->label; }

Result<bool> BackupWriter::step() {
  if (auto done = work_->take_step(); !done) return tl::unexpected<Error>(done.error());
  return work_->phase == Work::Phase::kDone;
}

Status BackupWriter::Work::take_step() {
  switch (phase) {
    case Phase::kCopying:
      return copy_pages();
    case Phase::kHashing:
      return hash_piece();
    case Phase::kWriting:
      return write_piece();
    case Phase::kSyncing:
      return sync();
    case Phase::kDone:
      break;
  }
  return {};
}

bool BackupWriter::waits() const noexcept {
  return work_->phase == Work::Phase::kCopying && work_->database.is_committing();
}

// Not while a commit has the connection: copies are made through it, so that they have all that
// comes after they began.
Status BackupWriter::Work::begin_copy() {
  if (copy || database.is_committing()) return {};
  auto begun = DatabaseCopy::begin(database, copied());
  if (!begun) return tl::unexpected<Error>(begun.error());
  copy = std::move(*begun);
  return {};
}

Status BackupWriter::Work::copy_pages() {
  if (database.is_committing()) return {};
  if (auto begun = begin_copy(); !begun) return begun;
  const auto complete = copy->step(kPagesAStep);
  if (!complete) return tl::unexpected<Error>(complete.error());
  if (!*complete) return {};
  // Commits have been followed up to here.
  const auto newest = newest_revision(database);
  if (!newest) return tl::unexpected<Error>(newest.error());
  label.revision = newest->revision;
  copy.reset();
  if (auto added = add_unit_part(newest->unit.value_or(UnitRow())); !added) return added;
  from = FileDescriptor(::open(copied().c_str(), O_RDONLY | O_CLOEXEC));
  if (!from) return cannot_write(file);
  hash = std::make_unique<Sha256>();
  phase = Phase::kHashing;
  return {};
}

Status BackupWriter::Work::add_unit_part(const UnitRow& row) const {
  if (row.is_empty()) return {};
  const auto document = unit_document(row);
  if (!document) return tl::unexpected<Error>(document.error());
  return write_unit_part(copied(), {row, *document});
}

// Empty at the end.
Result<std::string> BackupWriter::Work::piece() const {
  std::string bytes(kBytesAStep, '\0');
  const ssize_t n = ::read(from.get(), bytes.data(), bytes.size());
  if (n < 0) return cannot_write(file);
  bytes.resize(static_cast<std::size_t>(n));
  return bytes;
}

Status BackupWriter::Work::hash_piece() {
  const auto bytes = piece();
  if (!bytes) return tl::unexpected<Error>(bytes.error());
  hash->add(*bytes);
  label.bytes += bytes->size();
  if (label.bytes > kBackupBytesMax) {
    return fail(Errc::kFailed, kStoreFailed,
                database.path() + ": is longer than the " + std::to_string(kBackupBytesMax >> 20) +
                    " MiB that can be restored; move it away after an export, and apply that");
  }
  if (!bytes->empty()) return {};
  label.sha256 = hash->text();
  to = FileDescriptor(
      ::open(unfinished().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kOwnerOnly));
  if (!to || ::lseek(from.get(), 0, SEEK_SET) != 0 || !write_whole(to.get(), label_line(label))) {
    return cannot_write(file);
  }
  phase = Phase::kWriting;
  return {};
}

Status BackupWriter::Work::write_piece() {
  const auto bytes = piece();
  if (!bytes) return tl::unexpected<Error>(bytes.error());
  if (!write_whole(to.get(), *bytes)) return cannot_write(file);
  // On its way to the disk already, so that the sync at the end is no long wait.
  (void)::sync_file_range(to.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
  if (bytes->empty()) phase = Phase::kSyncing;
  return {};
}

Status BackupWriter::Work::sync() {
  if (::fsync(to.get()) != 0) return cannot_write(file);
  if (std::rename(unfinished().c_str(), file.c_str()) != 0) return cannot_write(file);
  to.reset();
  from.reset();
  phase = Phase::kDone;
  return sync_folder_of(file);
}

}  // namespace yoke::store
