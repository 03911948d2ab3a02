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
// Of a unit with thousands of servers they are megabytes.
constexpr auto kCountersInterval = 5s;

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
  for (const auto& event : alarms_.follow(conditions_of(observe(now)), now)) record_(event);
  soon_ = false;  // what was recorded is known
  next_.start(kInterval);
}

Observation Supervisor::observe(Wall now) {
  const auto& committer = sources_.committer;
  ask_counters();
  return {.config = committer.running().config,
          .servers = committer.servers(),
          .reason = sources_.reason,
          .data_plane_answers = sources_.committer.data_plane().reachable(),
          .counters = counters_,
          .unconfirmed = committer.unconfirmed(),
          .disk = disk_of(sources_.folder),
          .store_unwritable = committer.unwritable(),
          .others = sources_.others(),
          .last_commit = last_commit(),
          .now = now,
          .stands = [this](events::Kind kind) { return alarms_.stands(kind); }};
}

void Supervisor::ask_counters() {
  const MonoTime now = MonoClock::now();
  commit::DataPlane& data_plane = sources_.committer.data_plane();
  if (!data_plane.reachable() || now < counters_due_) return;
  counters_due_ = now + kCountersInterval;
  if (auto counters = data_plane.counters()) counters_ = std::move(*counters);
}

std::optional<Wall> Supervisor::last_commit() {
  const std::uint64_t revision = sources_.committer.running().revision;
  if (revision == commit_known_) return last_commit_;
  const auto history = sources_.committer.history(1);
  if (!history) return last_commit_;
  commit_known_ = revision;
  last_commit_ = history->empty() ? std::nullopt : std::optional(history->front().info.at);
  return last_commit_;
}

}  // namespace yoke::alarms
