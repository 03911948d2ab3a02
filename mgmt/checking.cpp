// SPDX-License-Identifier: Apache-2.0
#include "mgmt/checking.h"

#include <fmt/format.h>

#include <chrono>
#include <iterator>
#include <utility>

#include "mgmt/health/targets.h"
#include "mgmt/health/tls_client.h"
#include "mgmt/model/diff.h"
#include "mgmt/reports.h"

namespace yoke {
namespace {

using events::Kind;
using std::chrono::milliseconds;

constexpr std::chrono::seconds kWatchesInterval{5};
// How often the data plane is told response times, of however many servers.
constexpr milliseconds kResponseInterval{1000};

// Nothing where they cannot be told now, or not by this release of the data plane.
std::optional<health::Observer::Counts> connection_counts(commit::DataPlane& data_plane,
                                                          const std::vector<std::string>& pools) {
  const auto told = data_plane.connections({.pools = pools});
  if (!told) return std::nullopt;
  health::Observer::Counts counts;
  for (const auto& [pool, servers] : told->pools) {
    for (const auto& [text, of] : servers) {
      const auto server = net::Endpoint::parse(text);
      if (server) counts[pool][*server] = {of.answered, of.refused, of.unanswered};
    }
  }
  return counts;
}

std::string expiry_text(const health::Scheduler::Expiring& row,
                        std::chrono::system_clock::time_point now) {
  const auto left = std::chrono::floor<std::chrono::seconds>(row.end - now);
  std::string text = fmt::format("check {} of pool {}: certificate of {} {}", row.check, row.pool,
                                 row.first.to_string(), health::end_text(left));
  if (row.servers > 1) {
    const std::size_t others = row.servers - 1;
    text += fmt::format("; {} other server{} one that does, too", others,
                        others == 1 ? " has" : "s have");
  }
  return text + ": renew it";
}

}  // namespace

Checking::Checking(sd_event* loop, commit::Committer& committer, const Settings& settings,
                   events::Record record)
    : committer_(committer),
      record_(std::move(record)),
      prober_(loop, settings.trusted, settings.scripts),
      checks_(loop, prober_, [this](const auto& change) { on_change(change); }),
      observer_(
          loop, checks_,
          [this](const auto& pools) { return connection_counts(committer_.data_plane(), pools); }),
      trials_(prober_),
      publish_(loop, [this] { publish(); }),
      publish_responses_(loop, [this] { publish_responses(); }),
      watches_look_(loop, [this] { look_at_watches(); }) {
  checks_.on_response(
      [this](const auto& pool, const auto& server, auto time) { on_response(pool, server, time); });
  checks_.pause();
  look_at_watches();
}

// A server in use stays in use until its checks have failed as often as they must.
std::vector<health::Target> Checking::known(std::vector<health::Target> targets) const {
  for (health::Target& target : targets) {
    const auto* known = committer_.servers().find({target.pool, target.server});
    const bool in_use = known != nullptr && known->published() == api::ServerState::kUp;
    if (in_use) target.known = health::Verdict::kUp;
  }
  return targets;
}

void Checking::on_link(bool in_step) {
  if (!in_step) {
    checks_.pause();
    observer_.pause();
    return;
  }
  std::set<std::string> pools;  // those that were followed too: one may have gone meanwhile
  for (const std::string& name : followed_.keys("pool")) pools.insert(name);
  followed_ = committer_.running().config;
  for (const std::string& name : followed_.keys("pool")) pools.insert(name);
  checks_.reconcile(known(health::targets_of(followed_)));
  checks_.resume();
  observe(pools);
  observer_.resume();
}

// What to check, and nothing kept of what is not checked any more.
void Checking::follow() {
  const model::Config& running = committer_.running().config;
  const auto pools = model::keys_that_differ(followed_, running, "pool");
  followed_ = running;
  forget_reasons(pools);
  checks_.reconcile(known(health::targets_of(running, pools)), pools);
  observe(pools);
}

void Checking::observe(const std::set<std::string>& pools) {
  observer_.reconcile(health::passive_targets_of(followed_, pools), pools);
}

void Checking::forget_reasons(const std::set<std::string>& pools) {
  for (const std::string& pool : pools) {
    auto at = reasons_.lower_bound({pool, {}});
    while (at != reasons_.end() && at->first.pool == pool) {
      const bool stays = committer_.servers().find(at->first) != nullptr;
      at = stays ? std::next(at) : reasons_.erase(at);
    }
  }
}

void Checking::on_change(const health::Scheduler::Change& change) {
  const bool is_up = change.verdict == health::Verdict::kUp;
  const std::string server = change.server.to_string();
  const commit::ServerId id{change.pool, change.server};
  committer_.report(id, verdict_of(change.verdict), change.when);
  if (is_up) reasons_.erase(id);
  if (!is_up) reasons_[id] = change.reason;
  record_({is_up ? Kind::kServerUp : Kind::kServerDown,
           fmt::format("server {} of pool {} is {}: {}", server, change.pool, is_up ? "up" : "down",
                       change.reason),
           {{"POOL", change.pool}, {"SERVER", server}}});
  publish_.start(milliseconds(0));  // with all others of this turn of the loop
}

void Checking::on_response(const std::string& pool, const net::Endpoint& server,
                           std::chrono::microseconds time) {
  committer_.report_response({pool, server}, time);
  if (!publish_responses_.running()) publish_responses_.start(kResponseInterval);
}

// Of many pools in more than one turn of the loop: it has others to serve.
void Checking::publish() {
  if (committer_.publish_some().value_or(false)) publish_.start(milliseconds(0));
}

// A commit under way has them wait.
void Checking::publish_responses() {
  committer_.take_responses();
  publish();
  if (committer_.is_changing()) publish_responses_.start(kResponseInterval);
}

// Rarely: there may be sixteen thousand.
void Checking::look_at_watches() {
  if (!checks_.paused()) {
    untried_ = checks_.untried(MonoClock::now());
    expiring_ = checks_.expiring(std::chrono::system_clock::now());
  }
  watches_look_.start(kWatchesInterval);
}

std::string Checking::reason(const commit::ServerId& server) const {
  const auto known = reasons_.find(server);
  return known == reasons_.end() ? std::string() : known->second;
}

std::vector<alarms::Condition> Checking::conditions() const {
  std::vector<alarms::Condition> found;
  for (const auto& row : untried_) {
    found.push_back({Kind::kCheckNotTried,
                     row.pool + ' ' + row.check,
                     fmt::format("check {} of pool {} tells nothing of {} server{}: {}", row.check,
                                 row.pool, row.servers, row.servers == 1 ? "" : "s", row.last),
                     {{"POOL", row.pool}, {"CHECK", row.check}}});
  }
  for (const auto& row : expiring_) {
    found.push_back({Kind::kCertificateExpires,
                     row.pool + ' ' + row.check,
                     expiry_text(row, std::chrono::system_clock::now()),
                     {{"POOL", row.pool}, {"CHECK", row.check}}});
  }
  return found;
}

rpc::Checks Checking::told() {
  return {.reports =
              [this](const std::string& pool) { return check_reports(checks_, observer_, pool); },
          .history =
              [this](const commit::ServerId& id) { return probe_reports(checks_, observer_, id); },
          .test = [this](const auto& config, const auto& pool,
                         const auto& server) { return test(config, pool, server); },
          .tested = [this](std::uint64_t number) { return tested(number); }};
}

Result<std::uint64_t> Checking::test(const model::Config& config, const std::string& pool,
                                     const std::optional<net::Endpoint>& server) {
  auto targets = health::targets_of(config, {pool}, health::Servers::kAll);
  std::erase_if(targets,
                [&](const health::Target& target) { return server && target.server != *server; });
  return trials_.start(targets);
}

std::optional<std::vector<rpc::ProbeReport>> Checking::tested(std::uint64_t number) {
  const auto* const trial = trials_.find(number);
  if (trial == nullptr) return std::nullopt;
  std::vector<rpc::ProbeReport> reports;
  for (const auto& [pool, server, check, result] : trial->tried) {
    reports.push_back(probe_report({pool, server}, check, result ? &*result : nullptr));
  }
  if (trial->is_done()) trials_.forget(number);
  return reports;
}

}  // namespace yoke
