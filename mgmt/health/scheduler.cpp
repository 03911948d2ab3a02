// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/scheduler.h"

#include <algorithm>
#include <iterator>

#include "mgmt/health/tls_client.h"

namespace yoke::health {

using std::chrono::milliseconds;

namespace {

// From one first probe to the next: a thousand servers take a second to begin, and keep that
// distance from then on.
constexpr milliseconds kStagger{1};
// How long a check may stand still that a want of memory has stopped.
constexpr std::chrono::seconds kMendEach{5};

}  // namespace

Scheduler::Scheduler(sd_event* loop, Prober& prober, Report report)
    : loop_(loop), prober_(prober), report_(std::move(report)) {
  sd_event_source* source = nullptr;
  (void)sd_event_add_time(loop_, &source, CLOCK_MONOTONIC, loop_us(MonoClock::now() + kMendEach),
                          kTimerAccuracyUs, on_mend, this);
  mend_.reset(source);
}

int Scheduler::on_mend(sd_event_source* source, std::uint64_t /*us*/, void* self) {
  const MonoTime now = MonoClock::now();
  for (const auto& [key, server] : static_cast<Scheduler*>(self)->servers_) {
    for (const auto& [check, watch] : server.watches) watch->mend(now);
  }
  (void)sd_event_source_set_time(source, loop_us(now + kMendEach));
  (void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
  return 0;
}

void Scheduler::reconcile(const std::vector<Target>& targets) {
  std::set<ServerKey> wanted;
  follow(targets, wanted);
  std::erase_if(servers_, [&](const auto& entry) { return !wanted.contains(entry.first); });
}

void Scheduler::reconcile(const std::vector<Target>& targets, const std::set<std::string>& pools) {
  std::set<ServerKey> wanted;
  follow(targets, wanted);
  for (const std::string& pool : pools) {
    auto at = servers_.lower_bound({pool, {}});
    while (at != servers_.end() && at->first.first == pool) {
      at = wanted.contains(at->first) ? std::next(at) : servers_.erase(at);
    }
  }
}

void Scheduler::follow(const std::vector<Target>& targets, std::set<ServerKey>& wanted) {
  stagger_ = milliseconds(0);
  for (const Target& target : targets) {
    if (target.checks.empty() && !target.passive) continue;
    ServerKey key(target.pool, target.server);
    const auto [at, is_new] = servers_.try_emplace(key);
    if (is_new) at->second.passive_reason = "passive not known to fail";
    if (is_new && target.known == Verdict::kUp) at->second.told = Verdict::kUp;
    reconcile(key, at->second, target);
    wanted.insert(std::move(key));
  }
}

void Scheduler::reconcile(const ServerKey& key, Server& server, const Target& target) {
  server.required = target.required;
  if (!target.passive) server.is_held = false;
  if (target.checks.empty()) server.response = {};
  std::set<std::string> wanted;
  for (const Check& check : target.checks) {
    wanted.insert(check.key);
    auto& watch = server.watches[check.key];
    if (watch && watch->check() == check) continue;
    const Verdict before = watch ? watch->verdict() : server.told;
    watch = std::make_unique<Watch>(
        loop_, prober_, key.second, check,
        Watch::Callbacks{[this, key] { judge(key); }, [this, key] { measure(key); }});
    if (before == Verdict::kUp) watch->adopt(before);
    if (!paused_) start(*watch);
  }
  std::erase_if(server.watches, [&](const auto& entry) { return !wanted.contains(entry.first); });
  judge(key);  // the check that kept it down may be gone
}

void Scheduler::start(Watch& watch) {
  watch.start(stagger_ % watch.check().interval);
  stagger_ += kStagger;
}

void Scheduler::pause() {
  paused_ = true;
  for (auto& [key, server] : servers_) {
    for (auto& [check, watch] : server.watches) watch->stop();
  }
}

void Scheduler::resume() {
  if (!std::exchange(paused_, false)) return;
  stagger_ = milliseconds(0);
  for (auto& [key, server] : servers_) {
    for (auto& [check, watch] : server.watches) start(*watch);
  }
}

Verdict Scheduler::verdict_of(const Server& server) {
  if (server.is_held) return Verdict::kDown;
  if (server.watches.empty()) return Verdict::kUp;
  const std::size_t required = server.required == 0 ? server.watches.size() : server.required;
  std::size_t up = 0;
  std::size_t unknown = 0;
  for (const auto& [key, watch] : server.watches) {
    up += watch->verdict() == Verdict::kUp ? 1U : 0U;
    unknown += watch->verdict() == Verdict::kUnknown ? 1U : 0U;
  }
  if (up >= required) return Verdict::kUp;
  return up + unknown < required ? Verdict::kDown : Verdict::kUnknown;
}

// Of the check whose verdict is the server's, and the latest to have come to it.
std::string Scheduler::reason_of(const Server& server) {
  if (server.is_held || server.watches.empty()) return server.passive_reason;
  const Watch* latest = nullptr;
  for (const auto& [check, watch] : server.watches) {
    if (watch->verdict() != server.told) continue;
    if (latest == nullptr || watch->since() > latest->since()) latest = watch.get();
  }
  return latest == nullptr ? "" : latest->last_text();
}

void Scheduler::judge(const ServerKey& key) {
  Server& server = servers_.at(key);
  const Verdict verdict = verdict_of(server);
  if (verdict == Verdict::kUnknown || verdict == server.told) return;
  server.told = verdict;
  report_({key.first, key.second, verdict, reason_of(server), MonoClock::now()});
}

void Scheduler::measure(const ServerKey& key) {
  Server& server = servers_.at(key);
  std::chrono::microseconds slowest{0};
  for (const auto& [check, watch] : server.watches) {
    if (watch->verdict() == Verdict::kUp) slowest = std::max(slowest, watch->response());
  }
  if (slowest.count() == 0 || !differs_much(server.response, slowest)) return;
  server.response = slowest;
  if (response_) response_(key.first, key.second, slowest);
}

void Scheduler::hold(const std::string& pool, const net::Endpoint& server,
                     const std::string& reason) {
  const auto found = servers_.find({pool, server});
  if (found == servers_.end()) return;
  found->second.is_held = true;
  found->second.passive_reason = reason;
  judge(found->first);
}

void Scheduler::release(const std::string& pool, const net::Endpoint& server,
                        const std::string& reason) {
  const auto found = servers_.find({pool, server});
  if (found == servers_.end()) return;
  found->second.is_held = false;
  found->second.passive_reason = reason;
  judge(found->first);
}

Verdict Scheduler::verdict(const std::string& pool, const net::Endpoint& server) const {
  const auto found = servers_.find({pool, server});
  return found == servers_.end() ? Verdict::kUnknown : found->second.told;
}

std::vector<Scheduler::Status> Scheduler::status(const std::string& pool) const {
  std::vector<Status> rows;
  for (auto at = servers_.lower_bound({pool, {}}); at != servers_.end(); ++at) {
    const auto& [key, server] = *at;
    if (!pool.empty() && key.first != pool) break;
    for (const auto& [check, watch] : server.watches) {
      rows.push_back({key.first, key.second, check, watch->verdict(), watch->since(),
                      watch->failures(), watch->last_text(), watch->certificate_end()});
    }
  }
  return rows;
}

std::vector<Scheduler::Untried> Scheduler::untried(MonoTime now) const {
  std::map<std::pair<std::string, std::string>, Untried> found;
  for (const auto& [key, server] : servers_) {
    for (const auto& [check, watch] : server.watches) {
      if (!watch->is_untried(now)) continue;
      Untried& of = found[{key.first, check}];
      if (of.servers++ == 0) of = {key.first, check, 1, watch->last_text()};
    }
  }
  std::vector<Untried> rows;
  rows.reserve(found.size());
  for (auto& [key, row] : found) rows.push_back(std::move(row));
  return rows;
}

std::vector<Scheduler::Expiring> Scheduler::expiring(
    std::chrono::system_clock::time_point now) const {
  std::map<std::pair<std::string, std::string>, Expiring> found;
  for (const auto& [key, server] : servers_) {
    for (const auto& [check, watch] : server.watches) {
      const auto end = watch->certificate_end();
      if (!end) continue;
      const auto left = std::chrono::floor<std::chrono::seconds>(*end - now);
      if (!ends_soon(left, tls_wishes_of(watch->check().settings).warn_days)) continue;
      Expiring& of = found[{key.first, check}];
      const std::size_t servers = of.servers + 1;
      if (of.servers == 0 || *end < of.end) of = {key.first, check, 0, key.second, *end};
      of.servers = servers;
    }
  }
  std::vector<Expiring> rows;
  rows.reserve(found.size());
  for (auto& [key, row] : found) rows.push_back(std::move(row));
  return rows;
}

std::vector<Scheduler::History> Scheduler::history(const std::string& pool,
                                                   const net::Endpoint& server) const {
  std::vector<History> all;
  const auto found = servers_.find({pool, server});
  if (found == servers_.end()) return all;
  for (const auto& [check, watch] : found->second.watches) all.push_back({check, watch->past()});
  return all;
}

}  // namespace yoke::health
