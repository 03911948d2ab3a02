// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hal/base/clock.h"
#include "hal/linux/event.h"
#include "mgmt/backup/folder.h"
#include "mgmt/backup/sender.h"
#include "mgmt/events/event.h"
#include "mgmt/store/config_store.h"

namespace yoke::backup {

// What the configuration wants of backups.
struct Schedule {
  std::chrono::milliseconds interval{0};  // 0: none but those asked for
  std::size_t keep = 14;
  std::string to;  // empty: they stay on this unit
  friend bool operator==(const Schedule&, const Schedule&) = default;
};

[[nodiscard]] Schedule schedule_of(const model::Config& config);

enum class Stage : std::uint8_t { kMaking, kSending, kDone, kFailed };

// The backup asked for or made last.
struct Job {
  std::uint64_t id = 0;  // 0: there was none
  Stage stage = Stage::kDone;
  std::string name;
  std::string to;
  std::optional<Error> error = {};
  std::uint64_t revision = 0;
  std::uint64_t bytes = 0;
};

// Makes backups when asked to and when it is time, keeps as many as the schedule says, and sends
// them where they are to go. Nothing here takes longer than a disk sync at once. Threads: the
// loop's.
class Backups {
 public:
  struct Settings {
    std::string folder;
    std::string unit;
    std::string release;
    Credentials credentials;
  };
  Backups(sd_event* event, store::ConfigStore& store, const Settings& settings,
          events::Record record = events::write_to_journal);

  // Begins one, for the folder and for `to` if that is not empty; the number of its Job. E-514
  // while another is made or sent, E-515.
  [[nodiscard]] Result<std::uint64_t> start(const std::string& to);
  [[nodiscard]] const Job& last() const noexcept { return job_; }
  // Why the newest is not where it is to be; nothing once one is, or the schedule is another.
  [[nodiscard]] const std::optional<Error>& failure() const noexcept { return failure_; }
  [[nodiscard]] std::vector<Kept> kept() const { return folder_.kept(); }
  [[nodiscard]] bool is_sent(const std::string& name) const { return folder_.is_sent(name); }

  void follow(const Schedule& schedule);

 private:
  [[nodiscard]] bool busy() const {
    return job_.stage == Stage::kMaking || job_.stage == Stage::kSending;
  }
  void step();
  void made();
  void begin_sending();
  void send_next();
  void rotate();
  void end();
  [[nodiscard]] std::chrono::milliseconds wait() const;
  void plan_next();
  void when_due();

  store::ConfigStore& store_;
  Settings settings_;
  Folder folder_;
  Sender sender_;
  events::Record record_;
  Schedule schedule_;
  Job job_;
  std::optional<Error> failure_;
  std::unique_ptr<store::BackupWriter> writer_;
  std::vector<std::string> unsent_;  // of this job's place, the newest first
  std::optional<MonoTime> last_made_;
  MonoTime ended_;
  hal::Timer step_, due_;
};

}  // namespace yoke::backup
