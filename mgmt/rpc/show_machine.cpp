// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "dataplane/net/drop.h"
#include "hal/base/number.h"
#include "mgmt/model/json.h"
#include "mgmt/rpc/errors.h"
#include "mgmt/rpc/parameters.h"
#include "mgmt/rpc/show_rows.h"

namespace yoke::rpc {
namespace {

using nlohmann::json;

template <typename T>
json or_null(const std::optional<T>& value) {
  return value ? json(*value) : json();
}

constexpr std::array kGuardFields{"allow", "deny", "max-flows", "new-flow-rate",
                                  "client-new-flow-rate"};

// What is of no VIP and no server.
const api::CountersWanted kTotals{.vips = false, .servers = false};

// One that builds a large configuration answers a little later, and forwards all the while.
std::string_view dataplane_word(const Question& question) {
  const bool is_there =
      question.moment.status() || question.unit().committer.data_plane().reachable();
  return is_there ? "running" : "unreachable";
}

// By reason. A VIP that could refuse somebody has all reasons, so that their counts begin at 0.
json refused_of(const api::Counters& counters, const std::string& vip,
                const model::Config& config) {
  const auto found = counters.refused.find(vip);
  json refused = found == counters.refused.end() ? json::object() : json(found->second);
  const auto* const fields = config.find({{"vip", vip}});
  const auto is_set = [fields](const char* field) {
    return fields != nullptr && fields->contains(std::string_view(field));
  };
  if (std::ranges::none_of(kGuardFields, is_set)) return refused;
  for (const net::Drop reason : net::kRefusals) {
    refused.emplace(std::string(net::name(reason)), 0);
  }
  return refused;
}

}  // namespace

Rows status_rows(const Question& question) {
  const auto& status = question.moment.status();
  const auto& counters = question.moment.counters(kTotals);
  const ServiceTally tally = service_tally(question);
  json row = {{"unit", question.unit().name()},
              {"version", YOKE_VERSION},
              {"uptime_s", seconds_between(question.unit().started, question.now())},
              {"revision", question.unit().committer.running().revision},
              {"unconfirmed", json()},
              {"back_to", json()},
              {"store_error", json()},
              {"clock_error", or_null(question.unit().committer.clock_problem())},
              {"confirm_within_s", json()},
              {"scheduled", json()},
              {"scheduled_by", json()},
              {"dataplane", dataplane_word(question)},
              {"generation", json()},
              {"revision_running", json()},
              {"dataplane_uptime_s", json()},
              {"ports_ready", json()},
              {"vips", tally.vips},
              {"vips_up", tally.vips_up},
              {"servers", tally.servers},
              {"servers_up", tally.servers_up},
              {"servers_down", tally.servers_down},
              {"flows_open", json()},
              {"flows_capacity", json()}};
  auto alarms = alarm_digest(question);
  row["alarms"] = std::move(alarms.rows);
  row["alarms_standing"] = alarms.standing;
  if (const auto& waits = question.unit().committer.unconfirmed()) {
    row["unconfirmed"] = waits->revision;
    row["back_to"] = waits->back_to;
    row["confirm_within_s"] = std::chrono::ceil<std::chrono::seconds>(
                                  commit::remaining(waits->deadline, commit::read_clocks()))
                                  .count();
  }
  if (const auto& scheduled = question.unit().committer.scheduled()) {
    row["scheduled"] =
        std::chrono::floor<std::chrono::seconds>(scheduled->at.time_since_epoch()).count();
    row["scheduled_by"] = scheduled->user;
  }
  if (const auto& unwritable = question.unit().committer.unwritable()) {
    row["store_error"] = unwritable->text + " [" + unwritable->id + "]";
  }
  if (const auto behind = question.unit().committer.store_behind()) {
    row["store_error"] = behind->text + " [" + behind->id + "]";
  }
  if (status) {
    row["generation"] = status->running.generation;
    row["revision_running"] = status->running.revision;
    row["dataplane_uptime_s"] = status->uptime_s;
    row["ports_ready"] = status->ports_ready;
  }
  if (counters) {
    row["flows_open"] = counters->flows_open;
    row["flows_capacity"] = counters->flows_capacity;
  }
  return json::array({std::move(row)});
}

// All, or the one whose number is the name.
Rows history_rows(const Question& question) {
  const auto wanted = parse_decimal(question.name);
  if (!question.name.empty() && !wanted) {
    return bad_parameters("name is not the number of a revision");
  }
  auto revisions = question.unit().committer.history(store::kRevisionsKept);
  if (!revisions) return tl::unexpected(revisions.error());
  json rows = json::array();
  if (const auto& undone = question.unit().committer.undone()) {
    // What runs, and the store does not have yet.
    store::Revision last{.id = undone->running.revision, .info = undone->info};
    last.info.note += " (not stored yet: see show status)";
    revisions->insert(revisions->begin(), std::move(last));
  }
  for (const store::Revision& revision : *revisions) {
    if (wanted && *wanted != revision.id) continue;
    const auto& info = revision.info;
    const auto when = std::chrono::floor<std::chrono::seconds>(info.at).time_since_epoch().count();
    rows.push_back({{"revision", revision.id},
                    {"when", when},
                    {"user", info.user},
                    {"from", info.origin},
                    {"how", info.how},
                    {"changes", info.changes},
                    {"note", info.note},
                    {"parent", revision.id - 1},
                    {"hash", revision.digest}});
  }
  if (wanted && rows.empty()) {
    return fail(Errc::kNotFound, kNotThere,
                fmt::format("there is no revision {}: see show history", *wanted));
  }
  return rows;
}

Rows interface_rows(const Question& question) {
  const auto& counters = question.moment.counters(kTotals);
  if (!counters) return tl::unexpected(counters.error());
  json rows = json::array();
  for (const auto& port : counters->ports) {
    rows.push_back({{"name", port.name},
                    {"driver", port.driver},
                    {"mac", port.mac},
                    {"link", port.link_up ? "up" : "down"},
                    {"rx_packets", port.rx_packets},
                    {"tx_packets", port.tx_packets},
                    {"rx_bytes", port.rx_bytes},
                    {"tx_bytes", port.tx_bytes},
                    {"rx_missed", port.rx_missed},
                    {"rx_errors", port.rx_errors},
                    {"tx_errors", port.tx_errors}});
  }
  return rows;
}

Rows traffic_rows(const Question& question) {
  const auto& counters = question.moment.counters({.servers = false});
  if (!counters) return tl::unexpected(counters.error());
  json rows = json::array();
  for (const auto& [name, traffic] : counters->vips) {
    if (!question.name.empty() && question.name != name) continue;
    rows.push_back({{"name", name},
                    {"flows_open", traffic.flows_open},
                    {"flows_created", traffic.flows_created},
                    {"packets_in", traffic.packets_in},
                    {"packets_out", traffic.packets_out},
                    {"bytes_in", traffic.bytes_in},
                    {"bytes_out", traffic.bytes_out},
                    {"refused", refused_of(*counters, name, question.config())}});
  }
  return rows;
}

Rows connection_rows(const Question& question) {
  const auto told = question.moment.connections(question.name);
  if (!told) return tl::unexpected(told.error());
  json::array_t rows;
  for (const auto& [pool, servers] : told->pools) {
    for (const auto& [server, count] : servers) {
      Row row;
      row.add("pool", pool).add("server", server);
      row.add("answered", count.answered).add("refused", count.refused);
      row.add("unanswered", count.unanswered).add("reset", count.reset);
      rows.push_back(row.take());
    }
  }
  return rows;
}

Rows worker_rows(const Question& question) {
  const auto& counters = question.moment.counters(kTotals);
  if (!counters) return tl::unexpected(counters.error());
  json rows = json::array();
  for (const auto& worker : counters->workers) {
    rows.push_back({{"worker", rows.size()},
                    {"rx", worker.rx},
                    {"taken_over", worker.taken_over},
                    {"tx", worker.tx},
                    {"replied", worker.replied},
                    {"punted", worker.punted},
                    {"handed_over", worker.handed_over},
                    {"drops", worker.drops}});
  }
  return rows;
}

Rows system_rows(const Question& question) {
  const auto setting = [&](std::string_view name) {
    return question.config().value(model::only("system"), name);
  };
  return json::array({{{"unit", question.unit().name()},
                       {"banner", setting("banner")},
                       {"time_zone", setting("time-zone")},
                       {"time_zone_known", question.unit().has_zone(setting("time-zone"))},
                       {"ntp_servers", setting("ntp-server")},
                       {"dns_servers", setting("dns-server")},
                       {"dns_search", setting("dns-search")}}});
}

Rows hardware_rows(const Question& question) { return question.unit().hardware(); }

Rows version_rows(const Question& question) {
  const auto& status = question.moment.status();
  return json::array(
      {{{"version", YOKE_VERSION},
        {"schema", model::kSchemaName},
        {"dataplane_protocol", or_null(status ? std::optional(status->version) : std::nullopt)}}});
}

}  // namespace yoke::rpc
