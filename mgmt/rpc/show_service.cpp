// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "hal/base/number.h"
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
  return status.checked ? word(status.verdict) : "up";
}

bool is_up(const commit::ServerStatus& status) {
  return status.published() == api::ServerState::kUp;
}

struct PoolTally {
  std::size_t servers = 0, up = 0;
  bool takes_flows = false;  // a server is up and has a weight
};

// The configuration with all that is known of it, gathered once for an answer.
class Service {
 public:
  explicit Service(const Question& question)
      : question_(question), states_(question.unit().committer.servers()) {
    for (const auto& [id, status] : states_.all()) count(id, status);
  }

  void load_reports() {
    for (CheckReport& report : question_.unit().checks.reports()) {
      if (is_asked_for(report.id.pool)) reports_[report.id].push_back(std::move(report));
    }
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
            {"state", vip_state(path, pool)},
            {"servers", servers.servers},
            {"servers_up", servers.up},
            {"flows_open", counter(vip_traffic(name), &api::TrafficCounters::flows_open)}};
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

  [[nodiscard]] json server_row(const commit::ServerId& id,
                                const commit::ServerStatus& status) const {
    const std::string endpoint = id.server.to_string();
    const model::Path path{{"pool", id.pool, "server", endpoint}};
    const auto* const traffic = server_traffic(id.pool, endpoint);
    return {{"pool", id.pool},
            {"server", endpoint},
            {"state", word(status)},
            {"weight", weight(path)},
            {"flows_open", counter(traffic, &api::TrafficCounters::flows_open)},
            {"flows_created", counter(traffic, &api::TrafficCounters::flows_created)},
            {"since_s", seconds_between(status.since, question_.now())},
            {"check", check_text(id)}};
  }

  [[nodiscard]] json server_rows() const {
    json rows = json::array();
    for (const auto& [id, status] : states_.all()) {
      if (is_asked_for(id.pool)) rows.push_back(server_row(id, status));
    }
    return rows;
  }

  [[nodiscard]] json check_rows() const {
    json rows = json::array();
    for (const auto& [id, status] : states_.all()) {
      if (!is_asked_for(id.pool)) continue;
      for (const auto& check : config().keys("check", {{"pool", id.pool}})) {
        rows.push_back(check_row(id, check));
      }
    }
    return rows;
  }

  [[nodiscard]] bool is_vip_up(const std::string& name) const {
    const model::Path path{{"vip", name}};
    return vip_state(path, config().value(path, "pool")) == "up";
  }

 private:
  [[nodiscard]] const model::Config& config() const { return question_.config(); }
  // Of a large unit they are megabytes: asked for by rows that have some alone.
  [[nodiscard]] const Result<api::Counters>& counters() const {
    return question_.moment.counters();
  }
  [[nodiscard]] bool is_asked_for(const std::string& pool) const {
    return question_.name.empty() || question_.name == pool;
  }
  [[nodiscard]] std::uint64_t weight(const model::Path& server) const {
    return parse_decimal(config().value(server, "weight")).value_or(1);
  }

  void count(const commit::ServerId& id, const commit::ServerStatus& status) {
    PoolTally& pool = tallies_[id.pool];
    ++pool.servers;
    if (!is_up(status)) return;
    ++pool.up;
    if (pool.takes_flows) return;
    pool.takes_flows = weight({{"pool", id.pool, "server", id.server.to_string()}}) > 0;
  }
  [[nodiscard]] PoolTally tally(const std::string& pool) const {
    const auto found = tallies_.find(pool);
    return found == tallies_.end() ? PoolTally{} : found->second;
  }

  // "unknown": nobody can say whether it is answered for.
  [[nodiscard]] std::string_view vip_state(const model::Path& vip, const std::string& pool) const {
    if (config().value(vip, "enabled") == "no") return "disabled";
    if (!counters()) return "unknown";
    return pool.empty() || tally(pool).takes_flows ? "up" : "down";
  }

  [[nodiscard]] const api::TrafficCounters* vip_traffic(const std::string& vip) const {
    const auto& known = counters();
    if (!known) return nullptr;
    const auto found = known->vips.find(vip);
    return found == known->vips.end() ? nullptr : &found->second;
  }
  [[nodiscard]] const api::TrafficCounters* server_traffic(const std::string& pool,
                                                           const std::string& endpoint) const {
    const auto& known = counters();
    if (!known) return nullptr;
    const auto servers = known->servers.find(pool);
    if (servers == known->servers.end()) return nullptr;
    const auto found = servers->second.find(endpoint);
    return found == servers->second.end() ? nullptr : &found->second;
  }
  [[nodiscard]] static json counter(const api::TrafficCounters* traffic,
                                    std::uint64_t api::TrafficCounters::*which) {
    return traffic == nullptr ? json() : json(traffic->*which);
  }

  // What its checks last saw; of several, one that speaks against it.
  [[nodiscard]] json check_text(const commit::ServerId& id) const {
    const auto found = reports_.find(id);
    if (found == reports_.end()) return {};
    const CheckReport* telling = nullptr;
    for (const CheckReport& report : found->second) {
      if (report.last.empty()) continue;
      if (telling == nullptr || report.verdict == commit::Verdict::kDown) telling = &report;
    }
    return telling == nullptr ? json() : json(telling->last);
  }

  [[nodiscard]] json check_row(const commit::ServerId& id, const std::string& check) const {
    json row = {{"pool", id.pool},   {"server", id.server.to_string()},
                {"check", check},    {"state", "unknown"},
                {"since_s", json()}, {"failures", 0},
                {"last", json()}};
    const auto found = reports_.find(id);
    if (found == reports_.end()) return row;
    for (const CheckReport& report : found->second) {
      if (report.check != check) continue;
      row["state"] = word(report.verdict);
      row["failures"] = report.failures;
      if (report.since) row["since_s"] = seconds_between(*report.since, question_.now());
      if (!report.last.empty()) row["last"] = report.last;
    }
    return row;
  }

  const Question& question_;
  const commit::ServerStates& states_;
  std::map<std::string, PoolTally> tallies_;
  std::map<std::string, std::string> vips_of_;  // of a pool, comma separated
  std::map<commit::ServerId, std::vector<CheckReport>> reports_;
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

ServiceTally service_tally(const Question& question) {
  const Service service(question);
  ServiceTally tally;
  for (const auto& name : question.config().keys("vip")) {
    ++tally.vips;
    tally.vips_up += service.is_vip_up(name) ? 1U : 0U;
  }
  for (const auto& [id, status] : question.unit().committer.servers().all()) {
    ++tally.servers;
    tally.servers_up += is_up(status) ? 1U : 0U;
    tally.servers_down += word(status) == "down" ? 1U : 0U;
  }
  return tally;
}

}  // namespace yoke::rpc
