// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "hal/base/number.h"
#include "mgmt/model/group.h"
#include "mgmt/model/schema.h"
#include "mgmt/rpc/show_rows.h"

namespace yoke::rpc {
namespace {

using nlohmann::json;

std::string_view word(commit::Verdict verdict) {
  switch (verdict) {
    case commit::Verdict::kUnknown:
      return "unknown";
    case commit::Verdict::kUp:
      return "up";
    case commit::Verdict::kDown:
      return "down";
  }
  return "unknown";
}

std::string_view word(const commit::ServerStatus& status) {
  if (!status.enabled) return "draining";
  if (status.checked) return word(status.verdict);
  return status.published() == api::ServerState::kDown ? "down" : "up";
}

bool is_up(const commit::ServerStatus& status) {
  return status.published() == api::ServerState::kUp;
}

struct PoolTally {
  std::size_t servers = 0, up = 0, down = 0;
  bool takes_flows = false;  // a server is up and has a weight
};

// The servers of a pool with what is configured and known of each, in the order of their addresses.
class Pool {
 public:
  Pool(const Question& question, const std::string& name, const commit::ServerStates::Pool& states)
      : config_(question.config()), name_(name), states_(states) {}

  // Calls `see(id, endpoint in words, status)` for each.
  template <typename See>
  void for_each(See see) const {
    for (const auto& [server, status] : states_) {
      see(commit::ServerId{name_, server}, server.to_string(), status);
    }
  }
  [[nodiscard]] std::uint64_t weight(const std::string& endpoint) const {
    static const model::Field& field = *model::find_field(*model::find_type("server"), "weight");
    if (fields_.empty()) load_fields();
    const auto found = fields_.find(endpoint);
    if (found == fields_.end()) return 0;
    return parse_decimal(model::value_in(*found->second, field)).value_or(1);
  }
  [[nodiscard]] PoolTally tally() const {
    PoolTally tally;
    for (const auto& [server, status] : states_) {
      ++tally.servers;
      tally.down += word(status) == "down" ? 1U : 0U;
      if (!is_up(status)) continue;
      ++tally.up;
      tally.takes_flows = tally.takes_flows || weight(server.to_string()) > 0;
    }
    return tally;
  }

 private:
  void load_fields() const {
    for (const model::Config::Child& child : config_.children("server", {{"pool", name_}})) {
      fields_.emplace(child.key, &child.fields);
    }
  }

  const model::Config& config_;
  const std::string& name_;
  const commit::ServerStates::Pool& states_;
  mutable std::map<std::string_view, const model::Fields*> fields_;  // once they are needed
};

// The configuration with all that is known of it, gathered once for an answer.
class Service {
 public:
  explicit Service(const Question& question)
      : question_(question), states_(question.unit().committer.servers()) {}

  void load_reports() {
    reports_ = question_.unit().checks.reports(question_.name);
    std::ranges::stable_sort(reports_, {}, &CheckReport::id);
  }

  void load_vips() {
    for (const auto& vip : config().keys("vip")) {
      std::string& vips = vips_of_[config().value({{"vip", vip}}, "pool")];
      vips += vips.empty() ? vip : "," + vip;
    }
  }

  [[nodiscard]] json vip_row(const std::string& name) const {
    const model::Path path{{"vip", name}};
    const std::string pool = config().value(path, "pool");
    const PoolTally servers = tally(pool);
    return {{"name", name},
            {"address", config().value(path, "address")},
            {"pool", pool},
            {"group", config().value(path, "group")},
            {"state", vip_state(path, pool, servers)},
            {"servers", servers.servers},
            {"servers_up", servers.up},
            {"flows_open", counter(vip_traffic(name), &api::TrafficCounters::flows_open)}};
  }

  [[nodiscard]] json group_row(const std::string& name) const {
    std::size_t vips = 0;
    std::size_t up = 0;
    std::set<std::string> pools;
    for (const auto& vip : config().keys("vip")) {
      const model::Path path{{"vip", vip}};
      if (config().value(path, "group") != name) continue;
      const std::string pool = config().value(path, "pool");
      ++vips;
      up += vip_state(path, pool, tally(pool)) == "up" ? 1U : 0U;
      if (!pool.empty()) pools.insert(pool);
    }
    return {{"name", name},
            {"state", group_state(name, up)},
            {"vips", vips},
            {"vips_up", up},
            {"pools", fmt::format("{}", fmt::join(pools, ","))}};
  }

  [[nodiscard]] json pool_row(const std::string& name) const {
    const PoolTally servers = tally(name);
    const auto vips = vips_of_.find(name);
    return {{"name", name},
            {"method", config().value({{"pool", name}}, "method")},
            {"servers", servers.servers},
            {"servers_up", servers.up},
            {"vips", vips == vips_of_.end() ? "" : vips->second}};
  }

  [[nodiscard]] json server_rows() const {
    json::array_t rows;
    for_each_pool([&](const Pool& pool, const std::string& name) {
      const auto* const traffic = server_traffic(name);
      pool.for_each([&](const commit::ServerId& id, const std::string& endpoint,
                        const commit::ServerStatus& status) {
        const api::TrafficCounters* counters = nullptr;
        if (traffic != nullptr) {
          const auto found = traffic->find(endpoint);
          if (found != traffic->end()) counters = &found->second;
        }
        Row row;
        row.add("pool", id.pool).add("server", endpoint).add("state", word(status));
        row.add("weight", pool.weight(endpoint));
        row.add("flows_open", counter(counters, &api::TrafficCounters::flows_open));
        row.add("flows_created", counter(counters, &api::TrafficCounters::flows_created));
        row.add("since_s", seconds_between(status.since, question_.now()));
        row.add("response_s", response_s(status));
        row.add("check", check_text(id));
        rows.push_back(row.take());
      });
    });
    return rows;
  }

  [[nodiscard]] json check_rows() const {
    json::array_t rows;
    for_each_pool([&](const Pool& pool, const std::string& name) {
      auto checks = config().keys("check", {{"pool", name}});
      if (config().value({{"pool", name}}, "passive-failures") != "0") checks.push_back("passive");
      pool.for_each([&](const commit::ServerId& id, const std::string& endpoint, const auto&) {
        for (const auto& check : checks) rows.push_back(check_row(id, endpoint, check));
      });
    });
    return rows;
  }

  [[nodiscard]] ServiceTally service_tally() const {
    ServiceTally all;
    for_each_pool([&](const Pool& pool, const std::string& name) {
      const PoolTally& tally = tallies_.try_emplace(name, pool.tally()).first->second;
      all.servers += tally.servers;
      all.servers_up += tally.up;
      all.servers_down += tally.down;
    });
    for (const auto& name : config().keys("vip")) {
      const model::Path path{{"vip", name}};
      const std::string pool = config().value(path, "pool");
      ++all.vips;
      all.vips_up += vip_state(path, pool, tally(pool)) == "up" ? 1U : 0U;
    }
    return all;
  }

 private:
  [[nodiscard]] const model::Config& config() const { return question_.config(); }
  template <typename See>
  void for_each_pool(See see) const {
    states_.for_each_pool([&](const std::string& name, const commit::ServerStates::Pool& states) {
      if (is_asked_for(name)) see(Pool(question_, name, states), name);
    });
  }
  [[nodiscard]] bool is_asked_for(const std::string& pool) const {
    return question_.name.empty() || question_.name == pool;
  }
  [[nodiscard]] PoolTally tally(const std::string& pool) const {
    const auto known = tallies_.find(pool);
    if (known != tallies_.end()) return known->second;
    return tallies_.emplace(pool, Pool(question_, pool, states_.pool(pool)).tally()).first->second;
  }

  // "unknown": nobody can say whether it is answered for.
  [[nodiscard]] std::string_view vip_state(const model::Path& vip, const std::string& pool,
                                           const PoolTally& servers) const {
    if (!model::is_answered_for(config(), vip)) return "disabled";
    if (!question_.moment.status()) return "unknown";
    return pool.empty() || servers.takes_flows ? "up" : "down";
  }

  [[nodiscard]] std::string_view group_state(const std::string& group, std::size_t vips_up) const {
    if (config().value({{"group", group}}, "enabled") == "no") return "disabled";
    if (!question_.moment.status()) return "unknown";
    return vips_up > 0 ? "up" : "down";
  }

  [[nodiscard]] const api::TrafficCounters* vip_traffic(const std::string& vip) const {
    const auto& known = question_.moment.counters({.servers = false});
    if (!known) return nullptr;
    const auto found = known->vips.find(vip);
    return found == known->vips.end() ? nullptr : &found->second;
  }
  // By endpoint.
  [[nodiscard]] const std::map<std::string, api::TrafficCounters>* server_traffic(
      const std::string& pool) const {
    const auto& known = question_.moment.counters({.vips = false, .pool = question_.name});
    if (!known) return nullptr;
    const auto servers = known->servers.find(pool);
    return servers == known->servers.end() ? nullptr : &servers->second;
  }
  [[nodiscard]] static json counter(const api::TrafficCounters* traffic,
                                    std::uint64_t api::TrafficCounters::*which) {
    return traffic == nullptr ? json() : json(traffic->*which);
  }

  // What was measured of a server that is out says nothing of it any more.
  [[nodiscard]] static json response_s(const commit::ServerStatus& status) {
    if (!is_up(status) || status.response.count() == 0) return {};
    return std::chrono::duration<double>(status.response).count();
  }

  [[nodiscard]] std::span<const CheckReport> reports_of(const commit::ServerId& id) const {
    return {std::ranges::lower_bound(reports_, id, {}, &CheckReport::id),
            std::ranges::upper_bound(reports_, id, {}, &CheckReport::id)};
  }

  // What its checks last saw; of several, one that speaks against it.
  [[nodiscard]] json check_text(const commit::ServerId& id) const {
    const CheckReport* telling = nullptr;
    for (const CheckReport& report : reports_of(id)) {
      if (report.last.empty()) continue;
      if (telling == nullptr || report.verdict == commit::Verdict::kDown) telling = &report;
    }
    return telling == nullptr ? json() : json(telling->last);
  }

  [[nodiscard]] json check_row(const commit::ServerId& id, const std::string& endpoint,
                               const std::string& check) const {
    json row = {{"pool", id.pool},    {"server", endpoint},       {"check", check},
                {"state", "unknown"}, {"since_s", json()},        {"failures", 0},
                {"last", json()},     {"certificate_end", json()}};
    for (const CheckReport& report : reports_of(id)) {
      if (report.check != check) continue;
      row["state"] = word(report.verdict);
      row["failures"] = report.failures;
      if (report.since) row["since_s"] = seconds_between(*report.since, question_.now());
      if (!report.last.empty()) row["last"] = report.last;
      if (const auto end = report.certificate_end) {
        row["certificate_end"] = end->time_since_epoch().count();
      }
    }
    return row;
  }

  const Question& question_;
  const commit::ServerStates& states_;
  mutable std::map<std::string, PoolTally> tallies_;  // of the pools that were asked of
  std::map<std::string, std::string> vips_of_;        // of a pool, comma separated
  std::vector<CheckReport> reports_;                  // by server
};

}  // namespace

Rows vip_rows(const Question& question) {
  const Service service(question);
  json rows = json::array();
  for (const auto& name : question.config().keys("vip")) {
    if (question.name.empty() || question.name == name) rows.push_back(service.vip_row(name));
  }
  return rows;
}

Rows group_rows(const Question& question) {
  const Service service(question);
  json rows = json::array();
  for (const auto& name : question.config().keys("group")) {
    if (question.name.empty() || question.name == name) rows.push_back(service.group_row(name));
  }
  return rows;
}

Rows pool_rows(const Question& question) {
  if (!question.name.empty()) return server_rows(question);
  Service service(question);
  service.load_vips();
  json rows = json::array();
  for (const auto& name : question.config().keys("pool")) rows.push_back(service.pool_row(name));
  return rows;
}

Rows server_rows(const Question& question) {
  Service service(question);
  service.load_reports();
  return service.server_rows();
}

Rows check_rows(const Question& question) {
  Service service(question);
  service.load_reports();
  return service.check_rows();
}

ServiceTally service_tally(const Question& question) { return Service(question).service_tally(); }

}  // namespace yoke::rpc
