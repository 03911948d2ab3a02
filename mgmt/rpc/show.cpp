// SPDX-License-Identifier: Apache-2.0
#include "mgmt/rpc/show.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "mgmt/model/words.h"
#include "mgmt/rpc/errors.h"
#include "mgmt/rpc/show_rows.h"

namespace yoke::rpc {
namespace {

constexpr std::string_view kRevision = "revision";

struct Object {
  std::string_view word;
  std::string_view named_by;  // kind of the record whose name it takes, kRevision, or empty
  Rows (*rows)(const Question& question);
};

constexpr std::array kObjects{
    Object{"status", "", status_rows},
    Object{"vip", "vip", vip_rows},
    Object{"group", "group", group_rows},
    Object{"pool", "pool", pool_rows},
    Object{"server", "pool", server_rows},
    Object{"check", "pool", check_rows},
    Object{"traffic", "vip", traffic_rows},
    Object{"interface", "", interface_rows},
    Object{"worker", "", worker_rows},
    Object{"probe", "pool", probe_rows},
    Object{"backup", "", backup_rows},
    Object{"history", kRevision, history_rows},
    Object{"version", "", version_rows},
    Object{"alarm", "", alarm_rows},
    Object{"log", "", log_rows},
    Object{"connection", "pool", connection_rows},
    Object{"system", "", system_rows},
    Object{"address", "", address_rows},
    Object{"route", "", route_rows},
    Object{"port", "", port_rows},
    Object{"hardware", "", hardware_rows},
    Object{"ha", "", ha_rows},
    Object{"ha-link", "", ha_link_rows},
    Object{"ha-frames", "", ha_frame_rows},
    Object{"ha-history", "", ha_history_rows},
    Object{"ha-config", "", ha_config_rows},
    Object{"ha-branches", "", ha_branch_rows},
    Object{"ha-pairing", "", ha_pairing_rows},
    Object{"ha-track", "", ha_track_rows},
};

auto unknown_object(std::string_view word) {
  std::vector<std::string> words;
  words.reserve(kObjects.size());
  for (const Object& object : kObjects) words.emplace_back(object.word);
  return fail(
      Errc::kInvalid, "E-101",
      fmt::format("{} cannot be shown; expected {}", model::shown(word), model::join_or(words)));
}

Status check_name(const Object& object, const std::string& name, const model::Config& config) {
  if (name.empty()) return {};
  if (object.named_by.empty()) {
    return fail(Errc::kInvalid, kBadParameters, fmt::format("{} takes no name", object.word));
  }
  if (object.named_by == kRevision) return {};  // it knows which there are
  if (config.find({{std::string(object.named_by), name}}) != nullptr) return {};
  return fail(Errc::kNotFound, kNotThere,
              fmt::format("there is no {} {}", object.named_by, model::shown(name)));
}

}  // namespace

Result<nlohmann::json> Moment::show(std::string_view object, const std::string& name,
                                    const std::string& server, const events::Choice& choice) const {
  const auto* const found = std::ranges::find(kObjects, object, &Object::word);
  if (found == kObjects.end()) return unknown_object(object);
  const Question question{*this, name, server, choice};
  if (auto good = check_name(*found, name, question.config()); !good) {
    return tl::unexpected(good.error());
  }
  return found->rows(question);
}

const Result<api::Counters>& Moment::counters(const api::CountersWanted& wanted) const {
  const bool known = counters_ && (!*counters_ || asked_.covers(wanted));
  if (!known) {
    counters_ = unit_.committer.data_plane().counters(wanted);
    asked_ = wanted;
  }
  return *counters_;
}

Result<api::Connections> Moment::connections(const std::string& pool) const {
  api::ConnectionsWanted wanted;
  if (!pool.empty()) wanted.pools.push_back(pool);
  return unit_.committer.data_plane().connections(wanted);
}

const Result<api::ProcessStatus>& Moment::status() const {
  if (!status_) status_ = unit_.committer.data_plane().status({.servers = false});
  return *status_;
}

std::uint64_t seconds_between(MonoTime before, MonoTime after) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(after - before).count();
  return static_cast<std::uint64_t>(std::max<decltype(seconds)>(seconds, 0));
}

}  // namespace yoke::rpc
