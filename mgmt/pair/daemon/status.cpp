// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/status.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>
#include <utility>

#include "mgmt/pair/reason.h"

namespace yoke::pair {
namespace {

using Json = nlohmann::json;
constexpr std::array<std::string_view, 2> kLinkNames{"dedicated", "data"};

std::int64_t microseconds(Span span) {
  return std::chrono::duration_cast<std::chrono::microseconds>(span).count();
}

Json ago(MonoTime then, MonoTime now) {
  constexpr auto kForever = std::chrono::hours(24 * 300);  // kLongAgo is no moment
  return now - then > kForever ? Json(nullptr) : Json(microseconds(now - then));
}

Json alarms_of(const State& state) {
  Json alarms = Json::array();
  for (std::size_t i = 0; i < kAlarms; ++i) {
    if ((state.alarms >> i & 1U) != 0) alarms.push_back(kAlarmNames[i]);
  }
  return alarms;
}

// Null: it has not told them.
Json timers_of(const PeerView& peer) {
  if (peer.pace == Span::zero()) return nullptr;
  return {{"heartbeat_us", microseconds(peer.pace)},
          {"lease_us", microseconds(peer.lease)},
          {"dead_us", microseconds(peer.dead)}};
}

Json describe_peer(const State& state, MonoTime now) {
  const PeerView& peer = state.peer;
  Json channels = Json::object();
  for (std::size_t i = 0; i < kLinkNames.size(); ++i) {
    channels[std::string(kLinkNames[i])] = {
        {"heard_ago_us", ago(peer.channels[i].heard_at, now)},
        {"echoed_ago_us", ago(peer.channels[i].echoed_at, now)}};
  }
  return {{"role", peer.boot == 0 ? Json(nullptr) : Json(name(peer.role))},
          {"heard_ago_us", ago(peer.heard_at, now)},
          {"eligible", peer.rank.eligible},
          {"ready", peer.rank.ready},
          {"health", peer.rank.health},
          {"priority", peer.rank.priority},
          {"timers", timers_of(peer)},
          {"channels", std::move(channels)}};
}

Json describe_group(const State& state, const GroupSettings& group, MonoTime now) {
  const bool holds = is_holder(state.role) && state.lease.until > now;
  return {{"name", group.name},
          {"vrid", group.vrid},
          {"priority", group.priority},
          {"role", name(state.role)},
          {"epoch", holds ? state.lease.epoch : 0},
          {"seen", state.seen},
          {"reserved", state.reserved},
          {"lease_us", holds ? microseconds(state.lease.until - now) : 0},
          {"maintenance", state.maintenance},
          {"eligible", state.tracking.data_link && state.tracking.able},
          {"data_link", state.tracking.data_link},
          {"able", state.tracking.able},
          {"ready", state.tracking.ready},
          {"health", state.tracking.health},
          {"alarms", alarms_of(state)},
          {"peer", describe_peer(state, now)}};
}

Json describe_refusals(const Refusals& refusals) {
  Json refused = Json::object();
  for (std::size_t i = 0; i < kRefusals; ++i) {
    const auto reason = static_cast<Refusal>(i);
    refused[std::string(to_string(reason))] = refusals.of(reason);
  }
  return refused;
}

}  // namespace

Json describe(const Snapshot& snapshot, const Settings& settings) {
  Json groups = Json::array();
  for (std::size_t i = 0; i < snapshot.count; ++i) {
    const GroupSnapshot& group = snapshot.groups[i];
    const auto at = std::find_if(settings.groups.begin(), settings.groups.end(),
                                 [&](const auto& each) { return each.vrid == group.number; });
    if (at != settings.groups.end()) {
      groups.push_back(describe_group(group.state, *at, snapshot.at));
    }
  }
  Json links = Json::object();
  for (std::size_t i = 0; i < kLinkNames.size(); ++i) {
    const LinkSnapshot& link = snapshot.links[i];
    links[std::string(kLinkNames[i])] = {{"interface", i == 0 ? settings.dedicated : settings.data},
                                         {"link", link.has_link},
                                         {"knows_peer", link.knows_peer},
                                         {"received", link.counts.received},
                                         {"sent", link.counts.sent},
                                         {"not_sent", link.counts.not_sent}};
  }
  const Timers timers = settings.timers();
  return {{"profile", settings.profile},
          {"timers",
           {{"heartbeat_us", microseconds(timers.heartbeat)},
            {"lease_us", microseconds(timers.lease)},
            {"dead_us", microseconds(timers.dead)}}},
          {"policy", settings.policy == Policy::kStrict ? "strict" : "availability"},
          {"groups", std::move(groups)},
          {"links", std::move(links)},
          {"peer_proven", snapshot.has_peer},
          {"frames_taken", snapshot.taken},
          {"frames_refused", describe_refusals(snapshot.refusals)},
          {"messages_refused", snapshot.misfits},
          {"data_plane",
           {{"answers", snapshot.data_plane_answers}, {"hangs", snapshot.data_plane_hangs}}},
          {"latest_turn_us", microseconds(snapshot.latest)}};
}

Json describe(const FlowStanding& standing) {
  return {{"link", standing.has_link},     {"told", standing.is_told},
          {"whole", standing.is_whole},    {"lag_us", standing.lag_us},
          {"records_told", standing.told}, {"records_heard", standing.heard}};
}

Json describe(const RelaySnapshot& relay, const std::string& interface) {
  return {{"interface", interface},
          {"link", relay.has_link},
          {"data_plane", relay.has_data_plane},
          {"peer_proven", relay.has_peer},
          {"heard_ago_us", ago(relay.heard_at, relay.at)},
          {"received", relay.counts.received},
          {"taken", relay.taken},
          {"sent", relay.counts.sent},
          {"not_sent", relay.counts.shed},
          {"undelivered", relay.counts.undelivered},
          {"frames_refused", describe_refusals(relay.refusals)}};
}

}  // namespace yoke::pair
