// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/client/pair_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <tuple>
#include <utility>

#include "mgmt/pair/client/answer.h"
#include "mgmt/pair/client/errors.h"
#include "mgmt/pair/client/settings.h"

namespace yoke::pair {
namespace {

using events::Kind;
using Json = nlohmann::json;
using std::chrono::milliseconds;

constexpr milliseconds kLookEvery{1000};
constexpr milliseconds kAfterFailure{5000};  // a process that hangs holds the loop for kDeadline

// Of yoke-pair's alarms those that have a kind of their own; the others are kPairFault.
struct Known {
  std::string_view alarm;
  Kind kind;
  std::string_view text;
};
constexpr std::array kKnown{
    Known{"jeopardy", Kind::kPairJeopardy, "one way to the peer is left"},
    Known{"peer-silent", Kind::kPeerSilent, "the peer is silent on every way"},
};

std::string shown(const std::string& group) {
  return group.empty() ? "the VIPs of no group" : "group " + group;
}

Error no_key() {
  return {Errc::kConflict, std::string(kNoPairProcess),
          "yoke-pair keeps the settings and cannot follow them: it has no key (request pair with "
          "ADDRESS)",
          -1};
}

}  // namespace

PairClient::PairClient(sd_event* loop, std::filesystem::path socket, events::Record record,
                       std::function<void()> changed, std::function<void(const HashKey&)> keyed)
    : socket_(std::move(socket)),
      record_(std::move(record)),
      changed_(std::move(changed)),
      keyed_(std::move(keyed)),
      next_(loop, [this] { look(); }) {}

void PairClient::follow(const model::Config& config) {
  config_ = config;
  Json wanted = settings_of(config_, unit_);
  if (wanted == settings_) return;
  settings_ = std::move(wanted);
  told_ = false;
  next_.start(milliseconds(0));
}

void PairClient::track(Json tracked) {
  if (tracked == tracked_) return;
  tracked_ = std::move(tracked);
  told_tracked_ = false;
  if (is_one_of_two()) next_.start(milliseconds(0));
}

Result<Json> PairClient::ask(std::string_view method, Json params) {
  if (!client_ || !client_->connected()) {
    client_.reset();
    told_ = false;
    told_tracked_ = false;
    auto connected = api::Client::connect(socket_, kDeadline);
    if (connected) client_.emplace(std::move(*connected));
  }
  if (client_) {
    auto answer = client_->call(method, std::move(params), kDeadline);
    if (answer || client_->fd() >= 0) return answer;
    client_.reset();
  }
  return fail(Errc::kUnavailable, kNoPairProcess,
              fmt::format("yoke-pair does not answer at {}: see journalctl -u yoke-pair",
                          socket_.string()));
}

Status PairClient::tell_settings() {
  if (told_) return {};
  const auto answer = ask("configure", settings_);
  if (!answer) return tl::unexpected<Error>(answer.error());
  told_ = true;
  if (answer->value("in_force", false)) return {};
  return tl::unexpected<Error>(no_key());
}

// What is not taken is told again at the next look.
void PairClient::tell_tracked() {
  if (!told_tracked_ && !tracked_.is_null()) told_tracked_ = ask("track", tracked_).has_value();
}

void PairClient::look() {
  if (!is_one_of_two()) {
    const bool was_wrong = failure_ || !standing_.empty() || is_bothered_;
    failure_.reset();
    is_bothered_ = false;
    standing_ = Json::object();
    roles_.clear();
    client_.reset();
    if (was_wrong) changed_();
    looked_(Json());
    return;
  }
  const auto before = std::tuple{failure_.has_value(), standing_, is_bothered_};
  auto told = tell_settings();
  if (told) tell_tracked();
  auto status = ask("status", Json::object());
  if (status) take(*status);
  if (status && text_in(*status, "unit") != "") ask_hash_key();
  // Settings that it has and does not follow stay wrong until it says otherwise.
  if (!status) {
    failure_ = status.error();
  } else if (!told) {
    failure_ = told.error();
  } else if (status->is_object() && status->value("configured", Json(true)) == false) {
    failure_ = no_key();  // forgotten since
  } else {
    failure_.reset();
  }
  if (before != std::tuple{failure_.has_value(), standing_, is_bothered_}) changed_();
  next_.start(status ? kLookEvery : kAfterFailure);
  looked_(status ? *status : Json());
}

// The priority is this unit's own, which is known once yoke-pair has read its key.
void PairClient::take(const Json& status) {
  if (const std::string unit = text_in(status, "unit"); !unit.empty() && unit != unit_) {
    unit_ = unit;
    follow(config_);
  }
  standing_ = Json::object();
  for (const Json& group : list_in(status, "groups")) {
    if (const Json alarms = list_in(group, "alarms"); !alarms.empty()) {
      standing_[text_in(group, "name")] = alarms;
    }
  }
  const Json alarms = list_in(status, "alarms");  // of no group
  is_bothered_ = std::ranges::find(alarms, Json("frames-refused")) != alarms.end();
  tell_roles(status);
}

// A yoke-pair of the release before does not know the question.
void PairClient::ask_hash_key() {
  const auto answer = ask("hash_key", Json::object());
  if (!answer) return;
  HashKey key{};
  if (read_octets(text_in(*answer, "hash_key"), key)) keyed_(key);
}

void PairClient::tell_roles(const Json& status) {
  std::map<std::string, std::string> now;
  for (const Json& group : list_in(status, "groups")) {
    now[text_in(group, "name")] = text_in(group, "role");
  }
  for (const auto& [group, role] : now) {
    const auto before = roles_.find(group);
    if (before != roles_.end() && before->second == role) continue;
    const std::string reason = reason_of(group);
    record_({Kind::kPairRole,
             fmt::format("{}: this unit is {}{}", shown(group), role,
                         reason.empty() ? "" : ", " + reason),
             {{"GROUP", group},
              {"ROLE", role},
              {"BEFORE", before == roles_.end() ? "" : before->second}}});
  }
  roles_ = std::move(now);
}

// Why its role changed last.
std::string PairClient::reason_of(const std::string& group) {
  const auto history = ask("history", Json::object());
  if (!history) return {};
  const Json entries = list_in(*history, "entries");
  const auto last = std::find_if(entries.rbegin(), entries.rend(), [&](const Json& entry) {
    return text_in(entry, "group") == group && !text_in(entry, "to").empty();
  });
  return last == entries.rend() ? std::string() : text_in(*last, "text");
}

Result<Json> PairClient::status() { return ask("status", Json::object()); }

Result<Json> PairClient::history() { return ask("history", Json::object()); }

Result<Json> PairClient::configuration_key() { return ask("configuration_key", Json::object()); }

Result<Json> PairClient::command(std::string_view method, const std::optional<std::string>& group,
                                 bool force) {
  Json params = Json::object();
  if (group) params["group"] = *group;
  if (force) params["force"] = true;
  return ask(method, std::move(params));
}

std::string PairClient::role() const {
  if (!is_one_of_two()) return {};
  if (failure_ || roles_.empty()) return "?";
  const std::string& first = roles_.begin()->second;
  const bool is_same =
      std::ranges::all_of(roles_, [&first](const auto& each) { return each.second == first; });
  return is_same ? first : "MIXED";
}

std::vector<alarms::Condition> PairClient::conditions() const {
  std::vector<alarms::Condition> found;
  if (failure_) {
    found.push_back({Kind::kPairAway, "", failure_->text, {{"ERROR", failure_->id}}});
  }
  if (is_bothered_) {
    found.push_back({Kind::kPairFault,
                     "frames-refused",
                     "many frames on the links between the units are not the peer's: somebody "
                     "else sends there, or the units were paired apart; they change nothing. See "
                     "who is on these links, and show ha pairing on both units",
                     {{"FAULT", "frames-refused"}}});
  }
  for (const auto& [group, alarms] : standing_.items()) {
    for (const Json& alarm : alarms) {
      const std::string name = alarm.is_string() ? alarm.get<std::string>() : std::string();
      const auto* const known = std::ranges::find(kKnown, name, &Known::alarm);
      const bool is_known = known != kKnown.end();
      found.push_back({is_known ? known->kind : Kind::kPairFault,
                       is_known ? group : fmt::format("{} {}", group, name),
                       fmt::format("{}: {}", shown(group), is_known ? known->text : name),
                       {{"GROUP", group}, {"FAULT", name}}});
    }
  }
  return found;
}

}  // namespace yoke::pair
