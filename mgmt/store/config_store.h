// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hal/base/result.h"
#include "mgmt/model/config.h"
#include "mgmt/store/scheduled.h"
#include "mgmt/store/unconfirmed.h"

// The committed configuration and how it came about, in one SQLite file.
//
// A revision that finish() has acknowledged survives power loss and is never lost or half there. A
// file that is damaged, foreign or of a newer release is refused and left as it is. One process at
// a time uses a store. Threads: owned by one.
namespace yoke::store {

// Who commits, from where and how, for the history.
struct CommitInfo {
  std::chrono::system_clock::time_point at;
  std::string user;     // "root"
  std::string origin;   // "pid 4711", an address
  std::string how;      // "cli", "revert"
  std::string note;     // what the user wrote
  std::string changes;  // "+1 vip ~2 servers"
  std::optional<Deadline> confirm_by = {};
  bool is_scheduled = false;  // it is the commit that was scheduled, which is so no more
};

struct Revision {
  std::uint64_t id = 0;
  CommitInfo info;
};

struct Running {
  std::uint64_t revision = 0;  // 0: nothing has been committed yet
  model::Config config;
};

inline constexpr std::size_t kRevisionsKept = 500;

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
    State* state_;
    Running running_;
    std::optional<Unconfirmed> unconfirmed_;
    bool is_scheduled_ = false;
  };

  // Opens the store at `path`, made new where no file is.
  [[nodiscard]] static Result<std::unique_ptr<ConfigStore>> open(const std::string& path);
  ConfigStore(const ConfigStore&) = delete;
  ConfigStore& operator=(const ConfigStore&) = delete;
  ~ConfigStore();

  [[nodiscard]] const Running& running() const noexcept;
  // Made once with the store: keys every hash of the data plane.
  [[nodiscard]] const std::array<std::uint8_t, 16>& hash_key() const noexcept;

  // Writes `config` as the revision after running(). Its rules have been checked by the caller.
  // With info.confirm_by it becomes the one that is unconfirmed; without, there is none any more.
  [[nodiscard]] Result<Pending> begin(const model::Config& config, const CommitInfo& info);

  // The commit that waits for its confirmation.
  [[nodiscard]] const std::optional<Unconfirmed>& unconfirmed() const noexcept;
  // It waits no more, durably.
  [[nodiscard]] Status confirm();

  // The commit that is to be made at a time.
  [[nodiscard]] const std::optional<Scheduled>& scheduled() const noexcept;
  // That one and no other from now on, durably; or none.
  [[nodiscard]] Status schedule(std::optional<Scheduled> scheduled);

  // What revision `id` held; 0 is the empty one. E-404 for one that is not kept, E-504 for one that
  // is damaged.
  [[nodiscard]] Result<model::Config> config_of(std::uint64_t id) const;

  // Newest first.
  [[nodiscard]] Result<std::vector<Revision>> history(std::size_t count) const;

 private:
  explicit ConfigStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace yoke::store
