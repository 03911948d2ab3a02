// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/store/watched_disk.h"

namespace yoke::store {

// A disk that keeps what was synced and owes nobody the rest: every change to the files of one
// folder is written down, by SQLite and by the store's own calls (the link puts this file between:
// --wrap), so that a test can find the folder as a power cut at any of them may have left it. One
// at a time. Threads: one.
class RecordedDisk final : public WatchedDisk {
 public:
  // What is in `folder` now is on the disk.
  explicit RecordedDisk(const std::filesystem::path& folder);
  ~RecordedDisk() override;

  // What happens from now on is not written down.
  void end() noexcept { recording_ = false; }

  // Changes so far: the moments at which the power can be cut.
  [[nodiscard]] std::size_t moments() const noexcept { return records_.size(); }
  // The last change before a moment: "sync config.db-wal".
  [[nodiscard]] std::string told(std::size_t moment) const;

  class Replay;

  [[nodiscard]] int before(const DiskChange& change) override;

  // The store's own calls, with whole paths; those outside the folder are nobody's business.
  void renaming(const std::string& from, const std::string& to);
  void removing(const std::string& path);
  void syncing(int fd);
  [[nodiscard]] static RecordedDisk* current() noexcept;

 private:
  struct Record {
    DiskChange change;
    std::string bytes;  // change.bytes, kept
    std::string to;     // of a renaming, which is a kRemove with a new name
  };
  void add(DiskChange change, std::string to = {});
  [[nodiscard]] std::string name_in_folder(const std::string& path) const;

  std::filesystem::path folder_;
  std::vector<std::pair<std::string, std::string>> first_;  // names and contents to begin with
  std::vector<Record> records_;
  bool recording_ = true;
};

// What a folder holds: contents by name.
using Image = std::map<std::string, std::string>;

// What of the unsynced is on the disk after all: drives write in the order they like, in sectors.
enum class Survives : std::uint8_t { kNothing, kAll, kSome };

// Goes through a recording and tells what the disk holds when the power goes. The recording
// outlives it and grows no more.
class RecordedDisk::Replay {
 public:
  explicit Replay(const RecordedDisk& disk);
  Replay(const Replay&) = delete;
  Replay& operator=(const Replay&) = delete;
  ~Replay();

  // Forwards alone.
  void go_to(std::size_t moment);
  [[nodiscard]] Image cut(Survives survives, std::mt19937& random) const;

 private:
  struct Folder;
  void take(const Record& record);
  const RecordedDisk& disk_;
  std::unique_ptr<Folder> folder_;
  std::size_t moment_ = 0;
};

}  // namespace yoke::store
