// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "mgmt/store/config_store.h"
#include "mgmt/store/file.h"
#include "mgmt/store/revisions.h"
#include "mgmt/store/transaction.h"
#include "mgmt/store/unit_file.h"

// What a ConfigStore holds: its two files, and in memory what they say. Read once, as the store is
// opened; changed by commits together with the files. Threads: as the store.
namespace yoke::store {

struct ConfigStore::State {
  explicit State(StoreFile opened) : file(std::move(opened)) {}
  // Read, and left as it is.
  [[nodiscard]] static Result<std::unique_ptr<State>> open(const std::string& path,
                                                           Missing missing);
  // Of what is at `path`, in the folder `scratch`; `why` is told where that cannot be done either.
  [[nodiscard]] static Result<std::unique_ptr<State>> open_copy(const std::string& path,
                                                                const std::string& scratch,
                                                                Error why);

  [[nodiscard]] Database& database() const { return *file.database; }
  [[nodiscard]] Status open_unit_file();
  [[nodiscard]] Status load();
  [[nodiscard]] Status write(const Pending& next, const CommitInfo& info);
  [[nodiscard]] Status can_go_back(const Pending& next) const;
  [[nodiscard]] bool is_same_as(const State& other) const {
    return running.revision == other.running.revision && running.config == other.running.config &&
           hash_key == other.hash_key;
  }
  // What belongs to the unit, as the row says.
  [[nodiscard]] Result<Records> own_part(const UnitRow& row) const;
  // A person may have given up what belonged to the unit, in all revisions.
  [[nodiscard]] Status forget_given_up();
  // All is verified: what is read so far stays as it is, and both files can be written to.
  [[nodiscard]] Status begin_writing();
  [[nodiscard]] Result<model::Config> config_of(std::uint64_t id) const;
  // With the names of what this is a copy of.
  [[nodiscard]] Error named(Error error) const;
  // The row for what belongs to the unit in the revision `id`: the one that is there if that is
  // the same, else a new one, on the disk.
  [[nodiscard]] Result<UnitRow> prepare_own(std::uint64_t id, const Records& part);
  // What the revision leads to, if it is the one after running, by hash and digest; E-519.
  [[nodiscard]] Result<model::Config> successor(const replication::Revision& revision) const;
  [[nodiscard]] Result<std::unique_ptr<Database>> second_reader() const;
  // What `read` finds in the store as it is on the disk, though a commit may wait for that.
  template <typename Read>
  [[nodiscard]] auto read(const Read& read) const -> decltype(read(database())) {
    if (!database().is_committing()) return read(database());
    const auto reader = second_reader();
    if (!reader) return tl::unexpected<Error>(reader.error());
    return read(**reader);
  }
  [[nodiscard]] Result<Content> content_read_aside(std::uint64_t id) const;
  // Whether a COMMIT that reported an error has happened nevertheless.
  [[nodiscard]] bool turned_out_committed(std::uint64_t id) const;
  // That the file holds what we believe it holds; otherwise it is read again.
  [[nodiscard]] Status confirm_running();

  StoreFile file;
  std::unique_ptr<UnitFile> unit;  // none while there has been nothing to put into it
  bool gives_up = false;           // as long as it is not done
  Running running;
  replication::Position position;  // of running
  std::optional<Unconfirmed> unconfirmed;
  std::optional<Scheduled> scheduled;
  Records records;                  // of running.config, as the tables hold them
  Records own;                      // and as unit.db does
  std::optional<UnitRow> unit_row;  // where; nothing: the tables hold all, as releases before wrote
  std::array<std::uint8_t, 16> hash_key{};
  std::set<std::string> left_alone;
  std::optional<Transaction> transaction;  // of the one Pending

  // Of a store whose disk takes no writes.
  struct Original {
    std::string path;
    std::string scratch;
    std::optional<hal::LockFile> lock;
  };
  std::optional<Original> original;  // what this is a copy of...
  std::optional<Error> unwritable;   // ...and why
  Aside aside = in_place;
};

}  // namespace yoke::store
