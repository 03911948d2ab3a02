// SPDX-License-Identifier: Apache-2.0
#include "mgmt/backup/backups.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "hal/base/number.h"
#include "mgmt/backup/errors.h"
#include "mgmt/model/duration.h"
#include "mgmt/store/errors.h"

namespace yoke::backup {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr milliseconds kCommitWait = 20ms;
constexpr milliseconds kAfterFailure = 10min;
constexpr milliseconds kLookAtLeast = 1h;
// What commits and logs go on with until somebody has made room.
constexpr std::uint64_t kReserveBytes = 32 << 20;

std::uint64_t size_of(const std::string& file) {
  std::error_code gone;
  const auto size = std::filesystem::file_size(file, gone);
  return gone ? 0 : size;
}

std::uint64_t in_mib(std::uint64_t bytes) { return (bytes + (1 << 20) - 1) >> 20; }

}  // namespace

Schedule schedule_of(const model::Config& config) {
  const model::Path path = model::only("backup");
  const auto interval = model::parse_duration(config.value(path, "schedule"));
  return {.interval = interval.value_or(milliseconds(0)),
          .keep = static_cast<std::size_t>(parse_decimal(config.value(path, "keep")).value_or(14)),
          .to = config.value(path, "to")};
}

std::optional<std::uint64_t> free_bytes_of(const std::string& folder) {
  struct statvfs disk {};
  if (::statvfs(folder.c_str(), &disk) != 0) return std::nullopt;
  return std::uint64_t{disk.f_bavail} * disk.f_frsize;
}

Backups::Backups(sd_event* event, store::ConfigStore& store, const Settings& settings,
                 events::Record record)
    : Backups(store, settings, std::make_unique<LoopClock>(event),
              std::make_unique<Sender>(event, settings.credentials), std::move(record)) {}

Backups::Backups(store::ConfigStore& store, const Settings& settings, std::unique_ptr<Clock> clock,
                 std::unique_ptr<Carrier> carrier, events::Record record)
    : store_(store),
      settings_(settings),
      folder_(settings.folder, settings.unit),
      clock_(std::move(clock)),
      carrier_(std::move(carrier)),
      record_(std::move(record)),
      dispatch_(folder_, *carrier_, record_,
                [this](const auto& failure) { round_ended(failure); }) {
  dispatch_.follow(schedule_.to, schedule_.keep);
  if (auto removed = folder_.remove_unfinished(); !removed) not_removed("", removed.error());
}

// What is to be done now, and then when there is more.
void Backups::turn() {
  if (writer_) {
    step();
  } else {
    if (until_due() <= 0ms) make_scheduled();
    if (resend_ && until(*resend_) <= 0ms) {
      resend_.reset();
      if (!dispatch_.busy()) dispatch_.start();
    }
  }
  plan();
}

void Backups::plan() {
  const auto again = [this] { turn(); };
  if (writer_) {
    clock_->call_after(writer_->waits() ? kCommitWait : 0ms, again);
  } else if (schedule_.interval.count() == 0) {
    clock_->call_nothing();
  } else {
    const auto wait = resend_ ? std::min(until_due(), until(*resend_)) : until_due();
    clock_->call_after(std::clamp(wait, milliseconds(0), kLookAtLeast), again);
  }
}

Result<std::uint64_t> Backups::start(const std::string& to) {
  if (writer_ || asked_.stage == Stage::kSending) {
    return fail(Errc::kConflict, kUnderWay, "a backup is under way: see show backup");
  }
  if (!to.empty()) {
    if (const auto place = model::Place::parse(to); !place) return tl::unexpected(place.error());
  }
  Job job{.id = asked_.id + 1, .stage = Stage::kMaking, .name = {}, .to = to};
  if (auto begun = begin(job, false); !begun) return tl::unexpected(begun.error());
  asked_ = std::move(job);
  plan();
  return asked_.id;
}

Status Backups::begin(Job& job, bool scheduled) {
  const auto now = clock_->date();
  const auto name = folder_.next_name(now);
  if (!name) return tl::unexpected(name.error());
  if (auto room = has_room(); !room) return room;
  if (scheduled) {
    if (auto noted = folder_.note_scheduled(*name); !noted) return noted;
  }
  auto writer =
      store_.begin_backup({.unit = settings_.unit, .release = settings_.release, .made_at = now},
                          folder_.path_of(*name));
  if (!writer) return tl::unexpected(writer.error());
  writer_ = std::move(*writer);
  job.name = *name;
  scheduled_is_last_ = scheduled;
  return {};
}

// The database is copied, and the copy then written behind its label.
Status Backups::has_room() const {
  const auto free = settings_.free_bytes(folder_.path());
  const auto needed =
      2 * (size_of(settings_.database) + size_of(settings_.database + "-wal")) + kReserveBytes;
  if (!free || *free >= needed) return {};
  return fail(Errc::kFailed, kNoRoom,
              fmt::format("{} has {} MiB left, and a backup is not made with less than {} MiB, so "
                          "that commits have room: remove files there, or set backup keep lower",
                          folder_.path(), in_mib(*free), in_mib(needed)));
}

void Backups::step() {
  const auto complete = writer_->step();
  if (complete && !*complete) return;
  Job& job = scheduled_is_last_ ? scheduled_ : asked_;
  job.revision = writer_->label().revision;
  job.bytes = writer_->label().bytes;
  writer_.reset();
  if (complete) {
    made(job);
  } else if (scheduled_is_last_) {
    could_not_make(complete.error());
  } else {
    end_asked(tl::unexpected<Error>(complete.error()));
  }
}

void Backups::made(Job& job) {
  const bool scheduled = &job == &scheduled_;
  job.stage = job.to.empty() ? Stage::kDone : Stage::kSending;
  rotate();
  if (!scheduled) {
    job.to.empty() ? end_asked({}) : send_asked();
    return;
  }
  made_ = clock_->now();
  retry_.reset();
  if (job.to.empty()) not_sent_.reset();
  set(not_made_, std::nullopt);
  if (job.to.empty()) {
    tell_made(job);
  } else {
    dispatch_.start();
  }
}

void Backups::send_asked() {
  const auto place = model::Place::parse(asked_.to);
  if (!place) {
    end_asked(tl::unexpected(place.error()));
    return;
  }
  carrier_->send(folder_.path_of(asked_.name), *place, asked_.name,
                 [this, url = place->url()](Status sent) {
                   if (sent) sent = folder_.note_sent(asked_.name, url);
                   end_asked(sent);
                   // There may be one too many now.
                   if (sent && url == dispatch_.url() && !dispatch_.busy()) dispatch_.start();
                 });
}

// Whoever asked is told; alarms are the schedule's.
void Backups::end_asked(const Status& status) {
  asked_.stage = status ? Stage::kDone : Stage::kFailed;
  if (status) {
    tell_made(asked_);
    return;
  }
  asked_.error = status.error();
  record_({events::Kind::kBackupFailed, status.error().text, {{"ERROR", status.error().id}}});
}

// Those that somebody asked for, before a change say, are not what a schedule pushes out, nor the
// other way round.
void Backups::rotate() {
  const std::string url = dispatch_.url();
  std::size_t of_schedule = 0, asked_for = 0;
  for (const auto& [name, number, bytes, made_at] : folder_.kept()) {
    std::size_t& newer = folder_.is_scheduled(name) ? of_schedule : asked_for;
    if (newer++ < schedule_.keep) continue;
    if (auto removed = folder_.remove(name, url); !removed) {
      not_removed(name, removed.error());
      return;
    }
  }
  if (auto forgotten = folder_.forget_others(url); !forgotten) not_removed("", forgotten.error());
}

void Backups::not_removed(const std::string& name, const Error& error) {
  record_({events::Kind::kBackupNotRemoved, error.text, {{"FILE", name}}});
}

void Backups::make_scheduled() {
  scheduled_ = {.id = 0, .stage = Stage::kMaking, .name = {}, .to = schedule_.to};
  if (auto begun = begin(scheduled_, true); !begun) could_not_make(begun.error());
}

void Backups::could_not_make(const Error& error) {
  scheduled_.stage = Stage::kFailed;
  scheduled_.error = error;
  retry_ = clock_->now() + std::min(kAfterFailure, schedule_.interval);
  set(not_made_, error);
  // The note that was to be beside it.
  if (auto forgotten = folder_.forget_others(dispatch_.url()); !forgotten) {
    not_removed("", forgotten.error());
  }
}

// It may have been one that began before the schedule's newest was made.
void Backups::round_ended(const std::optional<Error>& failure) {
  resend_.reset();
  if (schedule_.interval.count() == 0) return;
  if (failure) resend_ = clock_->now() + kAfterFailure;
  const bool had_failed = not_sent_.has_value();
  set(not_sent_, failure);
  const bool sent = !failure && folder_.is_sent(scheduled_.name, dispatch_.url());
  if (scheduled_.stage == Stage::kSending && (failure || sent)) {
    scheduled_.stage = failure ? Stage::kFailed : Stage::kDone;
    scheduled_.error = failure;
    if (sent) tell_made(scheduled_);
  } else if (had_failed && sent) {
    scheduled_.stage = Stage::kDone;
    scheduled_.error.reset();
    tell_made(scheduled_);
  }
  plan();
}

void Backups::set(std::optional<Error>& failure, const std::optional<Error>& now) {
  const bool stood = this->failure().has_value();
  failure = now;
  if (!now || stood) return;
  record_({events::Kind::kBackupFailed, now->text, {{"ERROR", now->id}}});
}

void Backups::tell_made(const Job& job) {
  record_({events::Kind::kBackupMade,
           (job.id == 0 ? "scheduled backup " : "backup ") + job.name,
           {{"FILE", job.name}, {"REVISION", std::to_string(job.revision)}}});
}

void Backups::rename_unit(const std::string& unit) {
  settings_.unit = unit;
  folder_.rename_unit(unit);
}

void Backups::follow(const Schedule& schedule) {
  if (schedule == schedule_) return;
  const bool none = schedule.interval.count() == 0;
  if (none || schedule.to != schedule_.to) not_sent_.reset();  // it was of what is wanted no more
  if (none) {
    not_made_.reset();
    retry_.reset();
  }
  schedule_ = schedule;
  dispatch_.follow(schedule.to, schedule.keep);
  resend_.reset();
  if (!none && !schedule.to.empty()) resend_ = clock_->now();
  plan();
}

milliseconds Backups::until(MonoTime time) const {
  return std::chrono::ceil<milliseconds>(time - clock_->now());
}

// By the time since this process made one; after a start, by the time that the newest file names,
// unless that lies in a future which a clock set back has made.
milliseconds Backups::until_due() const {
  if (schedule_.interval.count() == 0) return milliseconds::max();
  if (retry_) return until(*retry_);
  if (made_) return until(*made_ + schedule_.interval);
  for (const Kept& kept : folder_.kept()) {
    if (!folder_.is_scheduled(kept.name)) continue;
    const auto age = clock_->date() - kept.made_at;
    return age < 0s ? 0ms : std::chrono::ceil<milliseconds>(schedule_.interval - age);
  }
  return 0ms;
}

}  // namespace yoke::backup
