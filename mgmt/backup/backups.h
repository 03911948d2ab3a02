// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hal/base/clock.h"
#include "hal/linux/event.h"
#include "mgmt/backup/clock.h"
#include "mgmt/backup/dispatch.h"
#include "mgmt/backup/folder.h"
#include "mgmt/backup/sender.h"
#include "mgmt/events/event.h"
#include "mgmt/store/config_store.h"

namespace yoke::backup {

// What the configuration wants of backups.
struct Schedule {
  std::chrono::milliseconds interval{0};  // 0: none but those asked for
  std::size_t keep = 14;                  // as many of those asked for as well
  std::string to;                         // empty: they stay on this unit
  friend bool operator==(const Schedule&, const Schedule&) = default;
};

[[nodiscard]] Schedule schedule_of(const model::Config& config);

enum class Stage : std::uint8_t { kMaking, kSending, kDone, kFailed };

// A backup as it comes about.
struct Job {
  std::uint64_t id = 0;  // of one asked for
  Stage stage = Stage::kDone;
  std::string name;
  std::string to;
  std::optional<Error> error = {};
  std::uint64_t revision = 0;
  std::uint64_t bytes = 0;
};

// What is free for this process on the disk of `folder`; nothing where that is not known.
[[nodiscard]] std::optional<std::uint64_t> free_bytes_of(const std::string& folder);

// Makes backups when asked to and when it is time, keeps as many as the schedule says, and sends
// them where they are to go. The schedule's are made at their interval whatever became of those
// before, of the place they are sent to and of those that somebody asked for. Nothing here takes
// longer than a disk sync at once. Threads: the loop's.
class Backups {
 public:
  struct Settings {
    std::string folder;
    std::string unit;
    std::string release;
    Credentials credentials;
    std::string database = {};  // the store's file, which a backup is as large as
    std::function<std::optional<std::uint64_t>(const std::string&)> free_bytes = free_bytes_of;
  };
  Backups(sd_event* event, store::ConfigStore& store, const Settings& settings,
          events::Record record = events::write_to_journal);
  Backups(store::ConfigStore& store, const Settings& settings, std::unique_ptr<Clock> clock,
          std::unique_ptr<Carrier> carrier, events::Record record);

  // Begins one, for the folder and for `to` if that is not empty; the number of its Job. E-514
  // while another is made, or one that was asked for is sent, E-515, E-517.
  [[nodiscard]] Result<std::uint64_t> start(const std::string& to);
  [[nodiscard]] const Job& asked() const noexcept { return asked_; }  // for last; id 0: never
  // Begun last, by whomever.
  [[nodiscard]] const Job& last() const noexcept {
    return scheduled_is_last_ ? scheduled_ : asked_;
  }
  // Why the schedule's newest is not made, or not where it is to be, until it is.
  [[nodiscard]] const std::optional<Error>& failure() const noexcept {
    return not_made_ ? not_made_ : not_sent_;
  }
  [[nodiscard]] std::vector<Kept> kept() const { return folder_.kept(); }
  [[nodiscard]] bool is_sent(const std::string& name) const { return folder_.is_sent(name); }
  [[nodiscard]] std::string path_of(const std::string& name) const { return folder_.path_of(name); }

  void follow(const Schedule& schedule);
  // What the unit is called from now on: so are the files, and their labels say so.
  void rename_unit(const std::string& unit);

 private:
  void turn();
  void plan();
  [[nodiscard]] Status begin(Job& job, bool scheduled);
  [[nodiscard]] Status has_room() const;
  void step();
  void made(Job& job);
  void send_asked();
  void end_asked(const Status& status);
  void rotate();
  void not_removed(const std::string& name, const Error& error);

  void make_scheduled();
  void could_not_make(const Error& error);
  void round_ended(const std::optional<Error>& failure);
  // Sets one of the schedule's failures, and tells of the first and of the end of them all.
  void set(std::optional<Error>& failure, const std::optional<Error>& now);
  void tell_made(const Job& job);
  [[nodiscard]] std::chrono::milliseconds until(MonoTime time) const;
  [[nodiscard]] std::chrono::milliseconds until_due() const;

  store::ConfigStore& store_;
  Settings settings_;
  Folder folder_;
  std::unique_ptr<Clock> clock_;
  std::unique_ptr<Carrier> carrier_;
  events::Record record_;
  Dispatch dispatch_;
  std::unique_ptr<store::BackupWriter> writer_;  // of last()

  Job asked_;
  Job scheduled_;
  bool scheduled_is_last_ = false;
  Schedule schedule_;
  std::optional<Error> not_made_, not_sent_;
  std::optional<MonoTime> made_;    // the schedule's last, by this process
  std::optional<MonoTime> retry_;   // after one that was not made
  std::optional<MonoTime> resend_;  // a round that is due
};

}  // namespace yoke::backup
