// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hal/base/aside.h"
#include "hal/base/result.h"
#include "mgmt/store/database.h"
#include "mgmt/store/records.h"
#include "mgmt/store/revision.h"

// `unit.db`, beside the store: what belongs to this unit alone, a row for each revision that
// changed it. It is never replicated.
//
// A row is written and on the disk before the revision that needs it is committed, and counts for
// nothing until then: a revision names its row by number and stamp, and the stamp is a digest of
// the row. So a row that no revision names is what a commit left that never happened; it stands in
// nobody's way and goes with a later one. Threads: owned by one, as the database.
namespace yoke::store {

// "/var/lib/yoke/unit.db" of "/var/lib/yoke/config.db".
[[nodiscard]] std::string unit_path(const std::string& store);

// Of a row's document; that of a unit with hundreds of interfaces and routes has some dozen KiB.
inline constexpr std::size_t kUnitDocumentMax = std::size_t{16} << 20;

class UnitFile {
 public:
  // One that is there must be whole: E-518 where it is damaged or another program's, E-505 where it
  // is of a newer release. Nothing is written to it until begin_writing() is called.
  [[nodiscard]] static Result<std::unique_ptr<UnitFile>> open(const std::string& path);
  // Makes one where none is: whole in its place, or not there. One that is there, as after a
  // failure behind its making, is opened. It can be written to.
  [[nodiscard]] static Result<std::unique_ptr<UnitFile>> make(const std::string& path);

  // From now on it is written to; first what is left in its log is brought into it.
  [[nodiscard]] Status begin_writing();

  // E-518 where it is not there or not what it was.
  [[nodiscard]] Result<Records> part(const UnitRow& row) const;
  [[nodiscard]] Result<std::string> document(const UnitRow& row) const;

  // Writes the row of the revision `revision` and waits for the disk; E-508 where it is too long.
  // Rows of revisions before it that `needed` does not name are forgotten; none where it says
  // nothing.
  [[nodiscard]] Result<UnitRow> prepare(std::uint64_t revision, const Records& part,
                                        const std::optional<std::vector<UnitRow>>& needed);
  // The same of a row that another file had.
  [[nodiscard]] Status put(const UnitRow& row, const std::string& document,
                           const std::optional<std::vector<UnitRow>>& needed);
  void wait_aside(const Aside& aside) { database_->wait_aside(aside); }

 private:
  explicit UnitFile(std::unique_ptr<Database> database) : database_(std::move(database)) {}
  [[nodiscard]] Error told(const Error& error) const;
  std::unique_ptr<Database> database_;
};

// The stamp of a row: 64 hexadecimal digits over its number and document.
[[nodiscard]] std::string stamp_of(std::uint64_t revision, std::string_view document);

}  // namespace yoke::store
