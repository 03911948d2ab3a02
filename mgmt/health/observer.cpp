// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/observer.h"

#include <chrono>
#include <utility>

namespace yoke::health {
namespace {

constexpr std::chrono::milliseconds kInterval{1000};
// A data plane that has just begun knows no neighbours yet: what it fails to send is not the
// servers' fault.
constexpr std::chrono::seconds kSettling{3};
// One that did not tell may have kept the loop waiting, or know nothing of connections.
constexpr std::chrono::seconds kAfterSilence{5};

}  // namespace

Observer::Observer(sd_event* loop, Scheduler& checks, Ask ask)
    : checks_(checks), ask_(std::move(ask)), next_(loop, [this] { look(); }) {}

void Observer::reconcile(const std::vector<PassiveTarget>& targets,
                         const std::set<std::string>& pools) {
  std::set<std::string> wanted;
  for (const PassiveTarget& target : targets) {
    wanted.insert(target.pool);
    Pool& pool = pools_[target.pool];
    pool.servers = target.servers;
    apply(target.pool, pool.passive.follow(target.rules, target.servers));
  }
  for (const std::string& name : pools) {
    const auto gone = wanted.contains(name) ? pools_.end() : pools_.find(name);
    if (gone == pools_.end()) continue;
    apply(name, gone->second.passive.follow({}, {}));
    pools_.erase(gone);
  }
  if (pools_.empty()) next_.stop();
  if (!pools_.empty() && !paused_ && !next_.running()) next_.start(kInterval);
}

void Observer::pause() {
  paused_ = true;
  next_.stop();
}

void Observer::resume() {
  paused_ = false;
  for (auto& [name, pool] : pools_) pool.passive.begin_anew();
  ask_from_ = MonoClock::now() + kSettling;
  if (!pools_.empty() && !next_.running()) next_.start(kInterval);
}

std::optional<Observer::Counts> Observer::ask(MonoTime now) {
  if (now < ask_from_) return std::nullopt;
  std::vector<std::string> names;
  names.reserve(pools_.size());
  for (const auto& [name, pool] : pools_) names.push_back(name);
  auto counts = ask_(names);
  if (!counts) ask_from_ = now + kAfterSilence;
  return counts;
}

void Observer::look() {
  next_.start(kInterval);
  auto counts = ask(MonoClock::now());
  const MonoTime now = MonoClock::now();  // of the answer
  for (auto& [name, pool] : pools_) {
    const auto* const told = counts ? &(*counts)[name] : nullptr;
    std::vector<PassivePool::Seen> seen;
    seen.reserve(pool.servers.size());
    for (const net::Endpoint& server : pool.servers) {
      seen.push_back({server, checks_.verdict(name, server) == Verdict::kUp, std::nullopt});
      if (told == nullptr) continue;
      if (const auto of = told->find(server); of != told->end()) seen.back().counts = of->second;
    }
    apply(name, pool.passive.take(seen, now));
  }
}

void Observer::apply(const std::string& pool, const std::vector<PassivePool::Finding>& findings) {
  for (const auto& [server, is_held, text] : findings) {
    if (is_held) {
      checks_.hold(pool, server, text);
    } else {
      checks_.release(pool, server, text);
    }
  }
}

std::vector<Observer::Status> Observer::status(const std::string& pool) const {
  std::vector<Status> all;
  const MonoTime now = MonoClock::now();
  const auto add = [&](const std::string& name, const Pool& one) {
    for (auto& status : one.passive.status(now)) all.push_back({std::move(status), name});
  };
  if (pool.empty()) {
    for (const auto& [name, one] : pools_) add(name, one);
  } else if (const auto found = pools_.find(pool); found != pools_.end()) {
    add(pool, found->second);
  }
  return all;
}

const std::vector<PastProbe>* Observer::past(const std::string& pool,
                                             const net::Endpoint& server) const {
  const auto found = pools_.find(pool);
  return found == pools_.end() ? nullptr : found->second.passive.past(server);
}

}  // namespace yoke::health
