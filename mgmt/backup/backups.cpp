// SPDX-License-Identifier: Apache-2.0
#include "mgmt/backup/backups.h"

#include <algorithm>
#include <utility>

#include "hal/base/number.h"
#include "mgmt/backup/errors.h"
#include "mgmt/model/duration.h"

namespace yoke::backup {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr milliseconds kAfterFailure = 10min;
constexpr milliseconds kLookAtLeast = 1h;

}  // namespace

Schedule schedule_of(const model::Config& config) {
  const model::Path path = model::only("backup");
  const auto interval = model::parse_duration(config.value(path, "schedule"));
  return {.interval = interval.value_or(milliseconds(0)),
          .keep = static_cast<std::size_t>(parse_decimal(config.value(path, "keep")).value_or(14)),
          .to = config.value(path, "to")};
}

Backups::Backups(sd_event* event, store::ConfigStore& store, const Settings& settings,
                 events::Record record)
    : store_(store),
      settings_(settings),
      folder_(settings.folder, settings.unit),
      sender_(event, settings.credentials),
      record_(std::move(record)),
      step_(event, [this] { step(); }),
      due_(event, [this] { when_due(); }) {}

Result<std::uint64_t> Backups::start(const std::string& to) {
  if (busy()) {
    return fail(Errc::kConflict, kUnderWay, "a backup is under way: see show backup");
  }
  if (!to.empty()) {
    if (const auto place = Place::parse(to); !place) return tl::unexpected(place.error());
  }
  const auto now = system_clock::now();
  const auto name = folder_.next_name(now);
  if (!name) return tl::unexpected(name.error());
  auto writer =
      store_.begin_backup({.unit = settings_.unit, .release = settings_.release, .made_at = now},
                          folder_.path_of(*name));
  if (!writer) return tl::unexpected(writer.error());
  writer_ = std::move(*writer);
  job_ = {.id = job_.id + 1, .stage = Stage::kMaking, .name = *name, .to = to};
  step_.start(0ms);
  return job_.id;
}

void Backups::step() {
  const auto complete = writer_->step();
  if (!complete) {
    writer_.reset();
    job_.error = complete.error();
    end();
  } else if (*complete) {
    made();
  } else {
    step_.start(0ms);
  }
}

void Backups::made() {
  const auto label = writer_->label();
  writer_.reset();
  last_made_ = MonoClock::now();
  job_.revision = label.revision;
  job_.bytes = label.bytes;
  begin_sending();
}

// The one just made, and before it those that could not be sent when it was their turn.
void Backups::begin_sending() {
  job_.stage = Stage::kSending;
  unsent_.clear();
  for (const Kept& kept : folder_.kept()) {
    const bool scheduled = job_.to == schedule_.to && !folder_.is_sent(kept.name);
    if (!job_.to.empty() && (kept.name == job_.name || scheduled)) unsent_.push_back(kept.name);
  }
  send_next();
}

void Backups::send_next() {
  if (unsent_.empty()) {
    rotate();
    return;
  }
  const std::string name = unsent_.back();
  const auto place = Place::parse(job_.to);
  if (!place) {
    job_.error = place.error();
    rotate();
    return;
  }
  sender_.send(folder_.path_of(name), *place, name, [this, name](const Status& sent) {
    if (!sent) {
      job_.error = sent.error();
      rotate();
      return;
    }
    folder_.note_sent(name);
    unsent_.pop_back();
    send_next();
  });
}

// Removed there first: what is gone here is not known any more.
void Backups::rotate() {
  const auto kept = folder_.kept();
  if (schedule_.interval.count() == 0 || kept.size() <= schedule_.keep) {
    end();
    return;
  }
  const std::string name = kept.back().name;
  const auto place = Place::parse(schedule_.to);
  if (!place || !folder_.is_sent(name)) {
    folder_.remove(name);
    rotate();
    return;
  }
  sender_.remove(*place, name, [this, name](const Status& removed) {
    if (!removed) {
      record_({events::Kind::kBackupNotRemoved, removed.error().text, {{"FILE", name}}});
    }
    folder_.remove(name);
    rotate();
  });
}

void Backups::end() {
  job_.stage = job_.error ? Stage::kFailed : Stage::kDone;
  failure_ = job_.error;
  if (failure_) {
    record_({events::Kind::kBackupFailed, failure_->text, {{"ERROR", failure_->id}}});
  } else {
    record_({events::Kind::kBackupMade,
             "backup " + job_.name,
             {{"FILE", job_.name}, {"REVISION", std::to_string(job_.revision)}}});
  }
  ended_ = MonoClock::now();
  plan_next();
}

void Backups::follow(const Schedule& schedule) {
  if (schedule == schedule_) return;
  schedule_ = schedule;
  failure_.reset();          // it was of what is not wanted any more
  if (!busy()) plan_next();  // else end() does
}

// By the time since this process made one; after a start, by the time that the newest file names,
// unless that lies in a future which a clock set back has made.
milliseconds Backups::wait() const {
  if (job_.stage == Stage::kFailed) {
    return std::chrono::ceil<milliseconds>(ended_ + kAfterFailure - MonoClock::now());
  }
  if (last_made_) {
    return std::chrono::ceil<milliseconds>(*last_made_ + schedule_.interval - MonoClock::now());
  }
  const auto kept = folder_.kept();
  if (kept.empty()) return 0ms;
  const auto age = system_clock::now() - kept.front().made_at;
  return age < 0s ? 0ms : std::chrono::ceil<milliseconds>(schedule_.interval - age);
}

void Backups::plan_next() {
  due_.stop();
  if (schedule_.interval.count() == 0) return;
  due_.start(std::clamp(wait(), milliseconds(0), kLookAtLeast));
}

void Backups::when_due() {
  if (busy()) return;  // end() plans the next
  if (wait() > 0ms) {
    plan_next();
    return;
  }
  if (job_.stage == Stage::kFailed && job_.revision != 0 && job_.to == schedule_.to) {
    job_.error.reset();
    begin_sending();
    return;
  }
  if (auto started = start(schedule_.to); !started) {
    job_.error = started.error();
    end();
  }
}

}  // namespace yoke::backup
