// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/store/recorded_disk.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <memory>

#include "tests/unit/store/store_fixture.h"

namespace yoke::store {
namespace {

using Kind = DiskChange::Kind;

constexpr std::size_t kSector = 512;

RecordedDisk* recorder = nullptr;

// A file's contents on the disk, and what has been done to it since its last sync.
struct Contents {
  std::string bytes;
  struct Pending {
    const DiskChange* change;
    std::string_view bytes;
  };
  std::vector<Pending> pending;

  void write(std::size_t at, std::string_view part) {
    if (bytes.size() < at + part.size()) bytes.resize(at + part.size(), '\0');
    bytes.replace(at, part.size(), part);
  }

  void apply(const Pending& done, Survives survives, std::mt19937& random) {
    const auto lucky = [&] { return survives == Survives::kAll || random() % 2 == 0; };
    const auto offset = static_cast<std::size_t>(done.change->offset);
    if (done.change->kind == Kind::kTruncate) {
      if (lucky()) bytes.resize(std::min(bytes.size(), offset));
      return;
    }
    for (std::size_t from = 0; from < done.bytes.size();) {
      const std::size_t to =
          std::min(done.bytes.size(), from + kSector - (offset + from) % kSector);
      if (lucky()) write(offset + from, done.bytes.substr(from, to - from));
      from = to;
    }
  }

  void settle(Survives survives, std::mt19937& random) {
    if (survives != Survives::kNothing) {
      for (const Pending& done : pending) apply(done, survives, random);
    }
    pending.clear();
  }
  void sync() {
    std::mt19937 unused;
    settle(Survives::kAll, unused);
  }
};

using Names = std::map<std::string, std::shared_ptr<Contents>>;

}  // namespace

// The folder as processes see it, and as it is on the disk. Names come to the disk in the order of
// their changes, as journalling file systems have it.
struct RecordedDisk::Replay::Folder {
  Names seen;
  Names on_disk;
  std::vector<Names> since;  // after each change of a name that is not on the disk yet

  void renamed() { since.push_back(seen); }
};

RecordedDisk::RecordedDisk(const std::filesystem::path& folder) : folder_(folder) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with("-shm")) first_.emplace_back(name, read_file(entry.path().string()));
  }
  recorder = this;
}

RecordedDisk::~RecordedDisk() { recorder = nullptr; }

RecordedDisk* RecordedDisk::current() noexcept { return recorder; }

// What has no name, as SQLite's temporary files, is nowhere after a power cut.
int RecordedDisk::before(const DiskChange& change) {
  if (!change.file.empty() || change.kind == Kind::kSyncFolder) add(change);
  return SQLITE_OK;
}

void RecordedDisk::add(DiskChange change, std::string to) {
  if (!recording_) return;
  Record& record =
      records_.emplace_back(Record{std::move(change), std::string(change.bytes), std::move(to)});
  record.change.bytes = {};
}

std::string RecordedDisk::name_in_folder(const std::string& path) const {
  const std::filesystem::path whole(path);
  return whole.parent_path() == folder_ ? whole.filename().string() : "";
}

void RecordedDisk::renaming(const std::string& from, const std::string& to) {
  if (name_in_folder(from).empty()) return;
  add({.kind = Kind::kRemove, .file = name_in_folder(from)}, name_in_folder(to));
}

void RecordedDisk::removing(const std::string& path) {
  if (name_in_folder(path).empty() || !std::filesystem::exists(path)) return;
  add({.kind = Kind::kRemove, .file = name_in_folder(path)});
}

// A file that somebody else has written is seen for the first time when it is synced.
void RecordedDisk::syncing(int fd) {
  std::error_code ignored;
  const auto path = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), ignored);
  if (path == folder_) {
    add({.kind = Kind::kSyncFolder});
    return;
  }
  const std::string name = name_in_folder(path.string());
  if (name.empty()) return;
  const std::string bytes = read_file(path.string());
  add({.kind = Kind::kCreate, .file = name});
  add({.kind = Kind::kWrite, .file = name, .offset = 0, .bytes = bytes});
  add({.kind = Kind::kSync, .file = name});
}

std::string RecordedDisk::told(std::size_t moment) const {
  constexpr std::array kWords{"create", "write", "truncate", "sync", "remove", "sync folder"};
  if (moment == 0) return "the start";
  const Record& last = records_[moment - 1];
  return std::string(kWords.at(static_cast<std::size_t>(last.change.kind))) + " " +
         last.change.file;
}

RecordedDisk::Replay::Replay(const RecordedDisk& disk)
    : disk_(disk), folder_(std::make_unique<Folder>()) {
  for (const auto& [name, bytes] : disk.first_) {
    folder_->seen[name] = std::make_shared<Contents>(Contents{bytes, {}});
  }
  folder_->on_disk = folder_->seen;
}

RecordedDisk::Replay::~Replay() = default;

void RecordedDisk::Replay::go_to(std::size_t moment) {
  for (; moment_ < moment; ++moment_) take(disk_.records_[moment_]);
}

void RecordedDisk::Replay::take(const Record& record) {
  const auto& [change, bytes, to] = record;
  Names& seen = folder_->seen;
  switch (change.kind) {
    case Kind::kCreate:
      seen[change.file] = std::make_shared<Contents>();
      folder_->renamed();
      break;
    case Kind::kWrite:
    case Kind::kTruncate:
      seen.at(change.file)->pending.push_back({&change, bytes});
      break;
    case Kind::kSync:
      seen.at(change.file)->sync();
      break;
    case Kind::kRemove:
      if (!to.empty()) seen[to] = seen.at(change.file);
      seen.erase(change.file);
      folder_->renamed();
      break;
    case Kind::kSyncFolder:
      folder_->on_disk = seen;
      folder_->since.clear();
      break;
  }
}

Image RecordedDisk::Replay::cut(Survives survives, std::mt19937& random) const {
  const std::vector<Names>& since = folder_->since;
  const std::size_t kept = survives == Survives::kNothing ? 0
                           : survives == Survives::kAll   ? since.size()
                                                          : random() % (since.size() + 1);
  Image image;
  for (const auto& [name, contents] : kept == 0 ? folder_->on_disk : since[kept - 1]) {
    Contents found = *contents;
    found.settle(survives, random);
    image.emplace(name, std::move(found.bytes));
  }
  return image;
}

}  // namespace yoke::store

// What the store calls without SQLite.
extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier)
int __real_rename(const char* from, const char* to);
int __real_unlink(const char* path);
int __real_fsync(int fd);

int __wrap_rename(const char* from, const char* to) {
  if (auto* const disk = yoke::store::RecordedDisk::current()) disk->renaming(from, to);
  return __real_rename(from, to);
}
int __wrap_unlink(const char* path) {
  if (auto* const disk = yoke::store::RecordedDisk::current()) disk->removing(path);
  return __real_unlink(path);
}
int __wrap_fsync(int fd) {
  if (auto* const disk = yoke::store::RecordedDisk::current()) disk->syncing(fd);
  return __real_fsync(fd);
}
// NOLINTEND(bugprone-reserved-identifier)
}
