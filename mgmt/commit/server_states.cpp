// SPDX-License-Identifier: Apache-2.0
#include "mgmt/commit/server_states.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "mgmt/model/diff.h"
#include "mgmt/model/schema.h"

namespace yoke::commit {
namespace {

// What its pool says of a server.
struct Wanted {
  bool checked = false, passive = false, enabled = true, timed = false;
};

ServerStatus carried_over(const ServerStatus* known, const Wanted& wanted, MonoTime now) {
  const auto [checked, passive, enabled, timed] = wanted;
  if (known == nullptr) return {Verdict::kUnknown, checked, enabled, now, passive, timed};
  ServerStatus status = *known;
  status.checked = checked;
  status.passive = passive;
  status.enabled = enabled;
  status.timed = timed;
  if (!checked) status.response = {};
  // What passive checks said is over with them, and what other checks said does not bind them.
  if (!checked && passive != known->passive) status.verdict = Verdict::kUnknown;
  if (checked && !known->checked && known->published() != api::ServerState::kDown) {
    status.verdict = Verdict::kUp;
  }
  if (status.published() != known->published()) status.since = now;
  return status;
}

ServerStates::Pool carried_over(const ServerStates::Pool& before,
                                const std::map<net::Endpoint, const ServerStatus*>& renamed,
                                const model::Config& config, const std::string& name,
                                MonoTime now) {
  static const model::Field& enabled_field =
      *model::find_field(*model::find_type("server"), "enabled");
  const model::Path path{{"pool", name}};
  const bool checked = !config.children("check", path).empty();
  const bool passive = config.value(path, "passive-failures") != "0";
  const bool timed = config.value(path, "scheduler") == "response-time";
  ServerStates::Pool pool;
  for (const model::Config::Child& child : config.children("server", path)) {
    const auto server = net::Endpoint::parse(child.key);
    if (!server) continue;  // the schema lets nothing else be a server's key
    const bool enabled = model::value_in(child.fields, enabled_field) != "no";
    const auto known = before.find(*server);
    const auto other = checked ? renamed.find(*server) : renamed.end();
    const ServerStatus* status = known != before.end()    ? &known->second
                                 : other != renamed.end() ? other->second
                                                          : nullptr;
    pool.emplace(*server, carried_over(status, {checked, passive, enabled, timed}, now));
  }
  return pool;
}

}  // namespace

api::ServerState ServerStatus::published() const noexcept {
  if (!enabled) return api::ServerState::kDraining;
  const bool up = verdict == Verdict::kUp || (!checked && !(passive && verdict == Verdict::kDown));
  return up ? api::ServerState::kUp : api::ServerState::kDown;
}

std::uint32_t ServerStatus::published_response_us() const noexcept {
  if (!timed) return 0;
  constexpr auto kMost = std::int64_t{std::numeric_limits<std::uint32_t>::max()};
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(response.count(), 0, kMost));
}

api::ServerStateChange told_of(const ServerId& id, const ServerStatus& status) {
  return {id.pool, id.server, status.published(), status.published_response_us()};
}

ServerStates ServerStates::following(const model::Config& config, MonoTime now) const {
  ServerStates next = *this;
  ++next.version_;
  next.config_ = config;
  const auto differing = model::keys_that_differ(config_, config, "pool");
  // A pool that got another name has the servers it had.
  std::map<net::Endpoint, const ServerStatus*> renamed;
  for (const std::string& name : differing) {
    if (config.find({{"pool", name}}) != nullptr) continue;
    for (const auto& [server, status] : pool(name)) {
      if (status.checked) renamed[server] = &status;
    }
    next.pools_.erase(name);
  }
  for (const std::string& name : differing) {
    if (config.find({{"pool", name}}) == nullptr) continue;
    next.pools_[name] =
        std::make_shared<Pool>(carried_over(pool(name), renamed, config, name, now));
  }
  return next;
}

void ServerStates::adopt(const std::vector<api::ServerStateChange>& running, MonoTime now) {
  for (const auto& told : running) {
    const ServerStatus* const server = find({told.pool, told.server});
    if (server != nullptr && server->response.count() == 0 && told.response_us != 0) {
      (void)report_response({told.pool, told.server}, std::chrono::microseconds(told.response_us));
    }
    // Draining was the operator's wish and says nothing of the server's health.
    if (told.state == api::ServerState::kDraining) continue;
    const ServerId id{told.pool, told.server};
    const ServerStatus* known = find(id);
    if (known == nullptr || known->verdict != Verdict::kUnknown) continue;
    (void)report(id, told.state == api::ServerState::kUp ? Verdict::kUp : Verdict::kDown, now);
  }
}

bool ServerStates::report(const ServerId& id, Verdict verdict, MonoTime now) {
  const ServerStatus* known = find(id);
  if (known == nullptr) return false;  // its result came after it left the configuration
  ServerStatus status = *known;
  const bool learned = status.verdict == Verdict::kUnknown && verdict != Verdict::kUnknown;
  if (std::exchange(status.verdict, verdict) != verdict) ++version_;
  const bool changed = status.published() != known->published();
  if (changed || learned) status.since = now;
  if (status == *known) return false;
  replace(id, status);
  return changed;
}

bool ServerStates::report_response(const ServerId& id, std::chrono::microseconds response) {
  const ServerStatus* known = find(id);
  if (known == nullptr || !known->checked) return false;
  ServerStatus status = *known;
  status.response = response;
  if (status == *known) return false;
  const bool changed = status.published_response_us() != known->published_response_us();
  replace(id, status);
  return changed;
}

void ServerStates::replace(const ServerId& id, const ServerStatus& status) {
  auto& pool = pools_.at(id.pool);
  if (pool.use_count() > 1) pool = std::make_shared<Pool>(*pool);
  pool->at(id.server) = status;
}

std::vector<api::ServerStateChange> ServerStates::differences(
    const std::vector<api::ServerStateChange>& running) const {
  std::map<ServerId, const api::ServerStateChange*> told;
  for (const auto& server : running) told[{server.pool, server.server}] = &server;
  std::vector<api::ServerStateChange> changes;
  for (const auto& [name, pool] : pools_) {
    for (const auto& [server, status] : *pool) {
      const auto known = told.find({name, server});
      auto wanted = told_of({name, server}, status);
      if (known == told.end() || !(*known->second == wanted)) changes.push_back(std::move(wanted));
    }
  }
  return changes;
}

const ServerStates::Pool& ServerStates::pool(const std::string& name) const {
  static const Pool kNone;
  const auto found = pools_.find(name);
  return found == pools_.end() ? kNone : *found->second;
}

const ServerStatus* ServerStates::find(const ServerId& id) const {
  const Pool& servers = pool(id.pool);
  const auto found = servers.find(id.server);
  return found == servers.end() ? nullptr : &found->second;
}

}  // namespace yoke::commit
