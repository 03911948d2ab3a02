// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "hal/base/aside.h"
#include "hal/base/result.h"
#include "mgmt/model/config.h"
#include "mgmt/replication/messages.h"
#include "mgmt/store/backup.h"
#include "mgmt/store/branches.h"
#include "mgmt/store/revision.h"
#include "mgmt/store/scheduled.h"
#include "mgmt/store/tentative.h"
#include "mgmt/store/unconfirmed.h"

// The committed configuration and how it came about, in one SQLite file; what of it belongs to this
// unit alone in another, `unit.db` beside it (unit_file.h). One configuration to all who ask here.
//
// A revision that finish() has acknowledged survives power loss and is never lost or half there:
// what belongs to the unit is on the disk before the revision is committed, in the first file
// alone. A file that is damaged, foreign or of a newer release is refused and left as it is. One
// process at a time uses a store. Threads: owned by one.
namespace yoke::store {

struct Running {
  std::uint64_t revision = 0;  // 0: nothing has been committed yet
  model::Config config;
  std::chrono::system_clock::time_point committed_at = {};  // by the clock of then
};

class ConfigStore {
 private:
  struct State;

 public:
  // A configuration that is written but not yet committed: durable after finish(), undone without
  // it. At most one at a time; the store outlives it.
  class Pending {
   public:
    Pending(const Pending&) = delete;
    Pending(Pending&&) noexcept;
    Pending& operator=(const Pending&) = delete;
    Pending& operator=(Pending&&) = delete;
    ~Pending();

    [[nodiscard]] std::uint64_t revision() const noexcept { return running_.revision; }
    // Ok: running() is this one, also after a power cut. An error: it is not, and running() is as
    // it was. One exception, when the disk fails while syncing and the machine goes down before
    // anything else is written: then the next start may find it committed.
    [[nodiscard]] Status finish();

   private:
    friend class ConfigStore;
    explicit Pending(State& state) : state_(&state) {}
    // What is here beyond `common` gives way to it.
    struct PartsWith {
      std::uint64_t common = 0;
      bool as_branch = false;
    };
    State* state_;
    Running running_;
    model::Records shared_, own_;  // running_.config, taken apart
    UnitRow unit_row_;             // of own_
    std::optional<Unconfirmed> unconfirmed_;
    bool is_scheduled_ = false;
    replication::Position position_ = {};
    std::optional<PartsWith> parts_with_ = {};
  };

  // Opens the store at `path`, made new where no file is. Where its disk takes no writes (E-502,
  // E-503, E-507) it is read from a copy in the folder `scratch`, if one is named, and each commit
  // finds out anew whether the disk does.
  [[nodiscard]] static Result<std::unique_ptr<ConfigStore>> open(const std::string& path,
                                                                 const std::string& scratch = {});
  ConfigStore(const ConfigStore&) = delete;
  ConfigStore& operator=(const ConfigStore&) = delete;
  ~ConfigStore();

  [[nodiscard]] const Running& running() const noexcept;
  // Made once with the store: keys every hash of the data plane.
  [[nodiscard]] const std::array<std::uint8_t, 16>& hash_key() const noexcept;
  // That one from now on, durably.
  [[nodiscard]] Status set_hash_key(const std::array<std::uint8_t, 16>& key);
  // Digests of what the data plane ran while this store had nothing to say of it (E-461).
  [[nodiscard]] const std::set<std::string>& left_alone() const noexcept;
  // These from now on; durably, unless it fails.
  [[nodiscard]] Status leave_alone(const std::set<std::string>& digests);

  // Why nothing can be committed, as last seen: what is read is a copy, or in its place still.
  [[nodiscard]] const std::optional<Error>& unwritable() const noexcept;
  // Where it waits for the disk it does so aside from now on. Until begin(), finish(), confirm() or
  // schedule() return, what is read here is what it was before them, and none of them is called.
  void wait_aside(const Aside& aside);
  // Looks whether the disk takes writes again, as each commit does by itself. Ok: it does.
  [[nodiscard]] Status make_writable();
  // The same, or, of one that is in its place, whether the disk still does: unwritable() says.
  void look();

  // Writes `config` as the revision after running(). Its rules have been checked by the caller.
  // Waits for the disk where what belongs to the unit alone is another: that is prepared first.
  // With info.confirm_by it becomes the one that is unconfirmed; without, there is none any more.
  [[nodiscard]] Result<Pending> begin(const model::Config& config, const CommitInfo& info);

  // ---- of two units that have the same history (mgmt/replication); config_store_peer.cpp --------

  // Where running() is in it, and the revisions that are kept, oldest first.
  [[nodiscard]] const replication::Position& position() const noexcept;
  [[nodiscard]] Result<std::vector<replication::Position>> positions() const;
  // What begin() would make of it, as it travels: what is shared of it alone.
  [[nodiscard]] replication::Revision draft(const model::Config& config,
                                            const CommitInfo& info) const;
  // As it travels: the revision after running() by the peer's account, checked by hash and digest
  // (E-519: it is none). What belongs to this unit alone stays as it is.
  [[nodiscard]] Result<Pending> begin(const replication::Revision& revision);
  // All that the peer has; what is here beyond the revision `common` goes, as a branch or not.
  [[nodiscard]] Result<Pending> begin(const replication::Snapshot& snapshot, std::uint64_t common,
                                      bool as_branch);
  // What the peer proposes: kept until there is another revision. E-519 if it is no successor.
  [[nodiscard]] Status keep(const Proposed& proposed);
  [[nodiscard]] Status forget_proposed();
  [[nodiscard]] Result<std::optional<Proposed>> proposed() const;
  // For the peer: the one after revision `id`, which is kept, and all there is.
  [[nodiscard]] Result<replication::Revision> revision_after(std::uint64_t id) const;
  [[nodiscard]] Result<replication::Snapshot> snapshot() const;
  // Histories that gave way, newest first, and what one held, with what is the unit's own now.
  [[nodiscard]] Result<std::vector<Branch>> branches() const;
  [[nodiscard]] Result<model::Config> branch(const std::string& name) const;
  // For good. E-404.
  [[nodiscard]] Status drop_branch(const std::string& name);
  // What is to outlive the process, beside the history: a text under a name; empty: nothing.
  [[nodiscard]] Result<std::string> note(const std::string& name) const;
  [[nodiscard]] Status set_note(const std::string& name, const std::string& text);

  // The commit that waits for its confirmation.
  [[nodiscard]] const std::optional<Unconfirmed>& unconfirmed() const noexcept;
  // It waits no more, durably.
  [[nodiscard]] Status confirm();

  // The commit that is to be made at a time.
  [[nodiscard]] const std::optional<Scheduled>& scheduled() const noexcept;
  // That one and no other from now on, durably; or none.
  [[nodiscard]] Status schedule(std::optional<Scheduled> scheduled);

  // What revision `id` held; 0 is the empty one. E-404 for one that is not kept, E-504 for one that
  // is damaged, E-518 where what belonged to the unit then is lost.
  [[nodiscard]] Result<model::Config> config_of(std::uint64_t id) const;

  // A backup of all this, beginning to be made (backup.h). E-502, E-503 where the disk takes no
  // writes.
  [[nodiscard]] Result<std::unique_ptr<BackupWriter>> begin_backup(BackupLabel label,
                                                                   const std::string& file);

  // Newest first.
  [[nodiscard]] Result<std::vector<Revision>> history(std::size_t count) const;

 private:
  [[nodiscard]] Result<Pending> begin_at(const model::Config& config, const CommitInfo& info,
                                         const std::optional<replication::Position>& position,
                                         const std::optional<Pending::PartsWith>& parts_with);
  explicit ConfigStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace yoke::store
