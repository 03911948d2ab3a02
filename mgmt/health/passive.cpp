// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/passive.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "mgmt/model/duration.h"

namespace yoke::health {
namespace {

// A window is seen in so many steps: what is kept of a server does not grow with it.
constexpr int kSteps = 8;

// The data plane finds a SYN unanswered within four and a half seconds (dataplane/io/worker.h):
// only what it counts later than that is of connections that were begun after a server was held.
constexpr std::chrono::seconds kLate{5};

std::uint64_t failed(const ConnectionCounts& counts) { return counts.refused + counts.unanswered; }

bool went_backwards(const ConnectionCounts& before, const ConnectionCounts& now) {
  return now.answered < before.answered || now.refused < before.refused ||
         now.unanswered < before.unanswered;
}

}  // namespace

std::vector<PassivePool::Finding> PassivePool::follow(const PassiveRules& rules,
                                                      const std::vector<net::Endpoint>& servers) {
  rules_ = rules;
  const std::set<net::Endpoint> wanted(servers.begin(), servers.end());
  std::vector<Finding> findings;
  for (auto at = servers_.begin(); at != servers_.end();) {
    if (wanted.contains(at->first)) {
      ++at;
      continue;
    }
    if (at->second.verdict == Verdict::kDown) {
      findings.push_back({at->first, false, "passive looked at no more"});
    }
    at = servers_.erase(at);
  }
  for (const net::Endpoint& server : servers) servers_.try_emplace(server);
  return findings;
}

std::vector<PassivePool::Finding> PassivePool::take(const std::vector<Seen>& seen, MonoTime now) {
  std::vector<Finding> findings;
  std::vector<Entry*> failing;
  std::size_t up = 0;
  for (const Seen& one : seen) {
    const auto found = servers_.find(one.server);
    if (found == servers_.end()) continue;
    Server& server = found->second;
    if (server.verdict == Verdict::kDown) {
      if (now < server.since + rules_.hold) continue;
      findings.push_back(
          release(*found, "passive tried again after " + model::to_text(rules_.hold), now));
    } else if (!one.is_up) {
      server.samples.clear();
      continue;
    }
    up += one.is_up ? 1U : 0U;
    if (!one.counts || now < server.counts_from) continue;
    if (server.verdict == Verdict::kUnknown) settle(server, Verdict::kUp, now);
    add(server, *one.counts, now);
    if (is_failing(server)) {
      failing.push_back(&*found);
    } else {
      server.is_spared = false;
    }
  }
  std::ranges::move(judge(std::move(failing), up, now), std::back_inserter(findings));
  std::ranges::move(relent(up, now), std::back_inserter(findings));
  return findings;
}

void PassivePool::begin_anew() {
  for (auto& [endpoint, server] : servers_) server.samples.clear();
}

std::size_t PassivePool::held() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      servers_, [](const auto& entry) { return entry.second.verdict == Verdict::kDown; }));
}

PassivePool::Finding PassivePool::release(Entry& entry, std::string text, MonoTime now) const {
  auto& [endpoint, server] = entry;
  server.counts_from = server.since + kLate;
  settle(server, Verdict::kUp, now);
  remember(server, Outcome::kPassed, text, now);
  server.samples.clear();
  return {endpoint, false, std::move(text)};
}

// Others may have gone since: failed their checks, or left the pool.
std::vector<PassivePool::Finding> PassivePool::relent(std::size_t up, MonoTime now) {
  std::vector<Finding> findings;
  for (std::size_t left = held(); left > 0 && (up == 0 || left > servers_.size() / 2); --left) {
    Entry* longest = nullptr;
    for (Entry& entry : servers_) {
      if (entry.second.verdict != Verdict::kDown) continue;
      if (longest == nullptr || entry.second.since < longest->second.since) longest = &entry;
    }
    findings.push_back(release(*longest, "passive released early: too few others are left", now));
    ++up;
  }
  return findings;
}

// The worst first: they are those who should go where not all may.
std::vector<PassivePool::Finding> PassivePool::judge(std::vector<Entry*> failing, std::size_t& up,
                                                     MonoTime now) {
  std::vector<Finding> findings;
  std::ranges::stable_sort(failing, [](const Entry* a, const Entry* b) {
    return failed(difference(a->second)) > failed(difference(b->second));
  });
  std::size_t out = held();
  for (Entry* entry : failing) {
    auto& [endpoint, server] = *entry;
    const bool is_last = up < 2;
    const bool may_go = !is_last && out < servers_.size() / 2;
    const bool was_spared = std::exchange(server.is_spared, !may_go);
    server.reason = text(server);
    if (!may_go) {
      server.reason += is_last ? "; it stays: no other server is up"
                               : "; it stays: half of the pool's servers are held";
      if (was_spared) continue;
    }
    ++server.failures;
    remember(server, Outcome::kFailed, server.reason, now);
    if (!may_go) continue;
    settle(server, Verdict::kDown, now);
    findings.push_back({endpoint, true, server.reason});
    ++out;
    --up;
  }
  return findings;
}

void PassivePool::add(Server& server, const ConnectionCounts& counts, MonoTime now) const {
  auto& samples = server.samples;
  if (!samples.empty() && went_backwards(samples.back().counts, counts)) samples.clear();
  std::erase_if(samples, [&](const Sample& sample) { return now - sample.at > rules_.window; });
  // The last one moves along until it is a step away from the one before.
  const auto count = samples.size();
  const bool is_close = count >= 2 && now - samples[count - 2].at < rules_.window / kSteps;
  if (is_close) {
    samples.back() = {now, counts};
  } else {
    samples.push_back({now, counts});
  }
}

ConnectionCounts PassivePool::difference(const Server& server) {
  if (server.samples.empty()) return {};
  const ConnectionCounts& first = server.samples.front().counts;
  const ConnectionCounts& last = server.samples.back().counts;
  return {last.answered - first.answered, last.refused - first.refused,
          last.unanswered - first.unanswered};
}

bool PassivePool::is_failing(const Server& server) const {
  const ConnectionCounts counts = difference(server);
  return rules_.failures != 0 && failed(counts) >= rules_.failures &&
         failed(counts) > counts.answered;
}

std::string PassivePool::text(const Server& server) const {
  const ConnectionCounts counts = difference(server);
  std::string text = fmt::format("passive {} of {} connections within {} failed", failed(counts),
                                 failed(counts) + counts.answered, model::to_text(rules_.window));
  if (failed(counts) == 0) return text;
  return text + fmt::format(": {} refused, {} unanswered", counts.refused, counts.unanswered);
}

void PassivePool::settle(Server& server, Verdict verdict, MonoTime now) {
  server.verdict = verdict;
  server.since = now;
}

void PassivePool::remember(Server& server, Outcome outcome, const std::string& text, MonoTime now) {
  if (server.past.size() == kPastMax) server.past.erase(server.past.begin());
  const MonoTime began = server.samples.empty() ? now : server.samples.front().at;
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(now - began);
  server.past.push_back({began, {outcome, text, took}});
}

std::vector<PassivePool::Status> PassivePool::status(MonoTime now) const {
  std::vector<Status> all;
  for (const auto& [endpoint, server] : servers_) {
    Status status{endpoint, server.verdict, server.since, server.failures, {}};
    if (server.verdict == Verdict::kDown) {
      const auto left =
          std::chrono::ceil<std::chrono::seconds>(server.since + rules_.hold - now).count();
      status.last = fmt::format("{}; tried again in {}s", server.reason, std::max(left, {}));
    } else if (server.verdict == Verdict::kUp) {
      status.last = server.is_spared ? server.reason : text(server);
    }
    all.push_back(std::move(status));
  }
  return all;
}

const std::vector<PastProbe>* PassivePool::past(const net::Endpoint& server) const {
  const auto found = servers_.find(server);
  return found == servers_.end() ? nullptr : &found->second.past;
}

}  // namespace yoke::health
