// SPDX-License-Identifier: Apache-2.0
#include "mgmt/alarms/supervisor.h"

#include <sys/statvfs.h>

#include <chrono>
#include <utility>

namespace yoke::alarms {
namespace {

using namespace std::chrono_literals;

constexpr auto kSoon = 20ms;
constexpr auto kInterval = 1s;
constexpr auto kCountersInterval = 5s;
// Of the time, one part in so many: of a unit whose thousands of servers come and go.
constexpr int kServicesShare = 20;

std::optional<Disk> disk_of(const std::string& folder) {
  struct statvfs disk {};
  if (::statvfs(folder.c_str(), &disk) != 0) return std::nullopt;
  return Disk{.bytes = std::uint64_t{disk.f_blocks} * disk.f_frsize,
              .bytes_free = std::uint64_t{disk.f_bavail} * disk.f_frsize,
              .read_only = (disk.f_flag & ST_RDONLY) != 0};
}

}  // namespace

Supervisor::Supervisor(sd_event* event, Sources sources, events::Record record)
    : sources_(std::move(sources)),
      record_(std::move(record)),
      counters_due_(MonoClock::now()),
      next_(event, [this] { look(); }) {}

void Supervisor::look_soon() {
  if (std::exchange(soon_, true)) return;
  next_.start(kSoon);
}

void Supervisor::look() {
  const Wall now = std::chrono::system_clock::now();
  tell(alarms_.follow(conditions_of(observe()), now));
  look_at_services(now);
  soon_ = false;  // what was recorded is known
  next_.start(kInterval);
}

void Supervisor::look_at_services(Wall now) {
  const auto& committer = sources_.committer;
  const std::pair known(committer.running().revision, committer.servers().version());
  const MonoTime began = MonoClock::now();
  if (known == services_known_ || began < services_due_) return;
  services_known_ = known;
  tell(alarms_.follow(conditions_of(Services{.config = committer.running().config,
                                             .servers = committer.servers(),
                                             .reason = sources_.reason}),
                      now, Part::kServices));
  const MonoTime ended = MonoClock::now();
  services_due_ = ended + (ended - began) * kServicesShare;
}

void Supervisor::tell(const std::vector<events::Event>& events) {
  for (const auto& event : events) record_(event);
}

Observation Supervisor::observe() {
  const auto& committer = sources_.committer;
  ask_counters();
  auto others = sources_.others();
  for (Condition& limited : limits_.conditions(MonoClock::now())) {
    others.push_back(std::move(limited));
  }
  return {.data_plane_answers = sources_.committer.data_plane().reachable(),
          .counters = counters_,
          .unconfirmed = committer.unconfirmed(),
          .disk = disk_of(sources_.folder),
          .store_unwritable = committer.unwritable(),
          .others = std::move(others),
          .clock_behind = sources_.committer.clock_problem(),
          .stands = [this](events::Kind kind) { return alarms_.stands(kind); }};
}

void Supervisor::ask_counters() {
  const MonoTime now = MonoClock::now();
  commit::DataPlane& data_plane = sources_.committer.data_plane();
  if (!data_plane.reachable() || now < counters_due_) return;
  counters_due_ = now + kCountersInterval;
  auto counters = data_plane.counters({.vips = false, .servers = false});
  if (!counters) return;
  counters_ = std::move(*counters);
  limits_.look(*counters_, now);
}

}  // namespace yoke::alarms
