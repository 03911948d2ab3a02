// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "hal/base/result.h"
#include "mgmt/model/config.h"
#include "mgmt/store/revision.h"

// A backup is the whole store in one file: a line of JSON that says what it is and what its bytes
// add up to, and behind it the database. What belongs to the unit alone, as of the revision that is
// backed up, is in a table of it that no store has (backup_unit.h). Threads: owned by one.
namespace yoke::store {

struct BackupLabel {
  std::string unit;     // "lb-a"
  std::string release;  // of the software that made it
  std::uint64_t revision = 0;
  std::chrono::system_clock::time_point made_at;  // right to a second
  std::uint64_t bytes = 0;                        // of the database
  std::string sha256 = {};                        // of it, 64 hexadecimal digits
  friend bool operator==(const BackupLabel&, const BackupLabel&) = default;
};

// Of the database: what a unit has room for below /run while it looks at one.
inline constexpr std::uint64_t kBackupBytesMax = std::uint64_t{512} << 20;
inline constexpr std::size_t kLabelBytesMax = 4096;  // of the line, with its newline

[[nodiscard]] std::string label_line(const BackupLabel& label);
// Without its newline. E-511 where it is not one, E-512 where it is of a newer release.
[[nodiscard]] Result<BackupLabel> read_label(std::string_view line);

class Database;
// The document of a row of unit.db.
using UnitDocument = std::function<Result<std::string>(const UnitRow&)>;

// Makes a backup while the store goes on being used: commits meanwhile are part of it.
class BackupWriter {
 public:
  // The file appears, whole and on the disk, with the last step. `database`, and what
  // `unit_document` asks, outlive the writer.
  [[nodiscard]] static Result<std::unique_ptr<BackupWriter>> begin(Database& database,
                                                                   UnitDocument unit_document,
                                                                   BackupLabel label,
                                                                   const std::string& file);
  BackupWriter(const BackupWriter&) = delete;
  BackupWriter& operator=(const BackupWriter&) = delete;
  ~BackupWriter();

  // Some hundred KiB further, or a disk sync. True: it is there.
  [[nodiscard]] Result<bool> step();
  // A step would do nothing: a commit waits for the disk.
  [[nodiscard]] bool waits() const noexcept;
  [[nodiscard]] const BackupLabel& label() const noexcept;

 private:
  struct Work;
  explicit BackupWriter(std::unique_ptr<Work> work);
  std::unique_ptr<Work> work_;
};

// What a backup holds.
struct Restorable {
  std::optional<BackupLabel> label;  // nothing: a bare database, as SQLite's own shell copies it
  std::uint64_t revision = 0;
  model::Config config;
  // Whether that is all of it. False in a database that was copied by hand, and in what a release
  // before this one made: what they lack of the unit's own is not to be taken for unset.
  bool has_unit_part = true;
};

// Reads a backup as its bytes come in: from somebody else, who may send anything.
class BackupReader {
 public:
  // `scratch` is a folder of the reader's own; it is made, and gone with the reader.
  explicit BackupReader(std::string scratch);
  BackupReader(const BackupReader&) = delete;
  BackupReader& operator=(const BackupReader&) = delete;
  ~BackupReader();

  // E-511 not a backup, E-512 of a newer release, E-513 longer than it says, E-503 no room for it.
  [[nodiscard]] Status take(std::string_view piece);
  // When all are taken. A store of a release before is migrated. E-513 cut short or altered; else
  // as a store that is opened: E-504, E-505, E-509. E-511 where nothing was ever committed.
  [[nodiscard]] Result<Restorable> finish();

 private:
  struct Work;
  std::unique_ptr<Work> work_;
};

}  // namespace yoke::store
