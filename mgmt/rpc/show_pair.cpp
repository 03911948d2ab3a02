// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string>
#include <utility>

#include "mgmt/rpc/parameters.h"
#include "mgmt/rpc/show_rows.h"

namespace yoke::rpc {
namespace {

using nlohmann::json;

constexpr std::int64_t kUsPerMs = 1000;

json list_in(const json& object, const char* key) {
  json found = member(object, key);
  return found.is_array() ? found : json::array();
}

// Null stays null: there was no such moment.
json milliseconds(const json& microseconds) {
  if (!microseconds.is_number_integer()) return nullptr;
  return microseconds.get<std::int64_t>() / kUsPerMs;
}

void join(const json& words, std::string& text) {
  for (const json& word : words) {
    if (!word.is_string()) continue;
    text += (text.empty() ? "" : ", ") + word.get<std::string>();
  }
}

std::string trouble_of(const json& group) {
  std::string text;
  join(list_in(group, "alarms"), text);
  join(list_in(group, "down"), text);
  return text;
}

// Null: it is not known.
json has_alarm(const json& group, std::string_view alarm) {
  const json alarms = member(group, "alarms");
  if (!alarms.is_array()) return nullptr;
  return std::ranges::find(alarms, json(alarm)) != alarms.end();
}

// Heard within the time after which it counts as dead.
json is_reachable(const json& status, const json& peer) {
  const json heard = member(peer, "heard_ago_us"),
             dead = member(member(status, "timers"), "dead_us");
  if (!dead.is_number_integer()) return nullptr;
  return heard.is_number_integer() && heard.get<std::int64_t>() < dead.get<std::int64_t>();
}

// The lease is held while it has something left.
json holds(const json& group) {
  const json left = member(group, "lease_us");
  if (!left.is_number_integer()) return nullptr;
  return left.get<std::int64_t>() > 0;
}

json ha_row(const json& status, const json& group) {
  const json peer = member(group, "peer");
  return {{"group", member(group, "name")},
          {"vrid", member(group, "vrid")},
          {"unit", member(status, "unit")},
          {"profile", member(status, "profile")},
          {"role", member(group, "role")},
          {"epoch", member(group, "epoch")},
          {"lease_ms", milliseconds(member(group, "lease_us"))},
          {"holds", holds(group)},
          {"health", member(group, "health")},
          {"ready", member(group, "ready")},
          {"jeopardy", has_alarm(group, "jeopardy")},
          {"role_changes", member(group, "role_changes")},
          {"takeovers", member(group, "takeovers")},
          {"eligible", member(group, "eligible")},
          {"maintenance", member(group, "maintenance")},
          {"peer_role", member(peer, "role")},
          {"peer_eligible", member(peer, "eligible")},
          {"peer_heard_ms", milliseconds(member(peer, "heard_ago_us"))},
          {"peer_reachable", is_reachable(status, peer)},
          {"alarms", list_in(group, "alarms")},
          {"down", list_in(group, "down")},
          {"flows", member(status, "flow_sync")},
          {"trouble", trouble_of(group)}};
}

// When it was heard last on this way, by whichever group.
json heard_ms(const json& status, const std::string& way) {
  json least;
  for (const json& group : list_in(status, "groups")) {
    const json channel = member(member(member(group, "peer"), "channels"), way.c_str());
    const json heard = milliseconds(member(channel, "heard_ago_us"));
    if (heard.is_null()) continue;
    if (least.is_null() || heard < least) least = heard;
  }
  return least;
}

// All reasons together.
json sum_of(const json& counts) {
  if (!counts.is_object()) return nullptr;
  std::uint64_t sum = 0;
  for (const json& count : counts)
    sum += count.is_number_unsigned() ? count.get<std::uint64_t>() : 0;
  return sum;
}

// Those of what was refused that there are, in words.
std::string reasons_in(const json& counts) {
  std::string text;
  if (!counts.is_object()) return text;
  for (const auto& [reason, count] : counts.items()) {
    if (count == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", reason, count.dump());
  }
  return text;
}

json frames_row(std::string_view stream, const json& taken, const json& refused) {
  return {{"stream", stream},
          {"taken", taken},
          {"refused", sum_of(refused)},
          {"refused_by", refused},
          {"why", reasons_in(refused)}};
}

json link_word(const json& link) {
  const json up = member(link, "link");
  if (!up.is_boolean()) return nullptr;
  return up.get<bool>() ? "up" : "down";
}

// ", 12 days old"; empty: not known.
std::string old_of(const json& age_s) {
  if (!age_s.is_number_integer()) return {};
  const auto seconds = age_s.get<std::int64_t>();
  constexpr std::int64_t kHour = 3600, kDay = 24 * kHour;
  if (seconds < 2 * kHour) return fmt::format(", {} s old", seconds);
  if (seconds < 2 * kDay) return fmt::format(", {} hours old", seconds / kHour);
  return fmt::format(", {} days old", seconds / kDay);
}

// The key, and how far another one is.
std::string rotation_of(const json& status) {
  const json phase = member(status, "rotation"), key = member(status, "key");
  const json name = member(key, "name");
  if (phase == "none" && name.is_string()) {
    return fmt::format("The key is {}{}: request pair rotate replaces it.",
                       name.get_ref<const std::string&>(), old_of(member(key, "age_s")));
  }
  if (phase == "asking") return "The other unit is asked for another key.";
  if (phase == "asked") return "The other unit has asked for another key, and is waited for.";
  if (phase == "exchanged") return "Both have the next key; the one before goes within a minute.";
  return {};
}

// What there is to do about it.
std::string next_of(const json& status, const std::string& state) {
  const auto text = [](const json& value) {
    return value.is_string() ? value.get<std::string>() : std::string();
  };
  const json tried = member(status, "try");
  const std::string code = text(member(tried, "code"));
  if (state == "comparing")
    return "If both units show this code, on both: request pair confirm " + code;
  if (state == "awaits-other") return "On the other unit: request pair confirm " + code;
  if (state == "paired-alone") {
    return "The other unit has not said that it has the key: if it has none, pair them again.";
  }
  if (state == "paired") return rotation_of(status);
  if (state != "unpaired") return {};
  if (const auto failure = text(member(member(tried, "failure"), "text")); !failure.empty()) {
    return "The last try: " + failure + ".";
  }
  if (member(status, "listens") == true) {
    return "It can be asked by another unit, or asks one: request pair with ADDRESS";
  }
  return text(member(status, "trouble"));
}

std::string state_of(const json& status) {
  const json stage = member(member(status, "try"), "stage");
  const bool has_ended = !stage.is_string() || stage == "paired" || stage == "failed";
  if (!has_ended) return stage.get<std::string>();
  if (member(status, "paired") != true) return "unpaired";
  return member(status, "one_sided") == true ? "paired-alone" : "paired";
}

}  // namespace

Rows ha_pairing_rows(const Question& question) {
  const auto status = question.unit().pair.pairing("pairing", json::object());
  if (!status) return tl::unexpected(status.error());
  const json tried = member(*status, "try");
  const std::string state = state_of(*status);
  return json::array({{{"state", state},
                       {"unit", member(*status, "unit")},
                       {"other", member(tried, "other")},
                       {"address", member(tried, "address")},
                       {"code", member(tried, "code")},
                       {"left_s", member(tried, "left_s")},
                       {"next", next_of(*status, state)},
                       {"key", member(member(*status, "key"), "name")},
                       {"key_age_s", member(member(*status, "key"), "age_s")},
                       {"rotation", member(*status, "rotation")},
                       {"next_key", member(member(*status, "next_key"), "name")},
                       {"port", member(*status, "port")},
                       {"listens", member(*status, "listens")},
                       {"tries", member(*status, "tries")},
                       {"failed", member(*status, "failed")},
                       {"turned_away", member(*status, "turned_away")}}});
}

Rows ha_rows(const Question& question) {
  const auto status = question.unit().pair.status();
  if (!status) return tl::unexpected(status.error());
  json rows = json::array();
  for (const json& group : list_in(*status, "groups")) rows.push_back(ha_row(*status, group));
  return rows;
}

Rows ha_link_rows(const Question& question) {
  const auto status = question.unit().pair.status();
  if (!status) return tl::unexpected(status.error());
  json rows = json::array();
  const json links = member(*status, "links");
  if (!links.is_object()) return rows;
  for (const auto& [way, link] : links.items()) {
    rows.push_back({{"way", way},
                    {"interface", member(link, "interface")},
                    {"link", link_word(link)},
                    {"heard_ms", heard_ms(*status, way)},
                    {"received", member(link, "received")},
                    {"sent", member(link, "sent")},
                    {"not_sent", member(link, "not_sent")}});
  }
  // Flow sync goes over the dedicated link as well, in frames of its own.
  if (const json flows = member(*status, "flow_relay"); flows.is_object()) {
    rows.push_back({{"way", "flows"},
                    {"interface", member(flows, "interface")},
                    {"link", link_word(flows)},
                    {"heard_ms", milliseconds(member(flows, "heard_ago_us"))},
                    {"received", member(flows, "received")},
                    {"sent", member(flows, "sent")},
                    {"not_sent", member(flows, "not_sent")},
                    {"refused", sum_of(member(flows, "frames_refused"))}});
  }
  return rows;
}

// What came sealed, by stream, whatever ways it came.
Rows ha_frame_rows(const Question& question) {
  const auto status = question.unit().pair.status();
  if (!status) return tl::unexpected(status.error());
  const json relay = member(*status, "flow_relay"), sync = member(*status, "flow_sync");
  json control =
      frames_row("heartbeats", member(*status, "frames_taken"), member(*status, "frames_refused"));
  control["late_us"] = member(*status, "latest_turn_us");
  json rows = json::array({std::move(control)});
  if (!relay.is_object()) return rows;
  json flows = frames_row("flows", member(relay, "taken"), member(relay, "frames_refused"));
  for (const char* key : {"link", "told", "whole", "lag_us", "records_told", "records_heard"}) {
    flows[key] = member(sync, key);
  }
  flows["undelivered"] = member(relay, "undelivered");
  rows.push_back(std::move(flows));
  return rows;
}

// The newest first, as everything that has happened.
Rows ha_history_rows(const Question& question) {
  const auto history = question.unit().pair.history();
  if (!history) return tl::unexpected(history.error());
  const json entries = list_in(*history, "entries");
  json rows = json::array();
  std::for_each(entries.rbegin(), entries.rend(), [&rows](const json& entry) {
    const bool is_alarm = !member(entry, "alarm").is_null();
    const json on = member(entry, "on");
    const bool begins = on.is_boolean() && on.get<bool>();
    rows.push_back({{"when", member(entry, "at")},
                    {"group", member(entry, "group")},
                    {"from", is_alarm ? json("alarm") : member(entry, "from")},
                    {"to", !is_alarm ? member(entry, "to")
                           : begins  ? json("raised")
                                     : json("cleared")},
                    {"reason", is_alarm ? member(entry, "alarm") : member(entry, "reason")},
                    {"text", member(entry, "text")},
                    {"epoch", member(entry, "epoch")}});
  });
  return rows;
}

Rows ha_track_rows(const Question& question) { return question.unit().pair.tracked(); }

Rows ha_config_rows(const Question& question) {
  json rows = question.unit().pair.configurations();
  if (rows.empty()) return Pair::alone();
  return rows;
}

Rows ha_branch_rows(const Question& question) {
  const auto branches = question.unit().committer.branches();
  if (!branches) return tl::unexpected(branches.error());
  json rows = json::array();
  for (const store::Branch& branch : *branches) {
    const auto when = std::chrono::floor<std::chrono::seconds>(branch.at).time_since_epoch();
    rows.push_back({{"name", branch.name},
                    {"when", when.count()},
                    {"revision", branch.revision},
                    {"common", branch.common}});
  }
  return rows;
}

}  // namespace yoke::rpc
