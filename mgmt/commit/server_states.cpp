// SPDX-License-Identifier: Apache-2.0
#include "mgmt/commit/server_states.h"

#include <string_view>
#include <utility>

#include "mgmt/model/schema.h"

namespace yoke::commit {
namespace {

ServerStatus carried_over(const ServerStatus* known, bool checked, bool enabled, MonoTime now) {
  if (known == nullptr) return {Verdict::kUnknown, checked, enabled, now};
  ServerStatus status = *known;
  status.checked = checked;
  status.enabled = enabled;
  if (checked && !known->checked) status.verdict = Verdict::kUp;
  if (status.published() != known->published()) status.since = now;
  return status;
}

}  // namespace

api::ServerState ServerStatus::published() const noexcept {
  if (!enabled) return api::ServerState::kDraining;
  const bool up = !checked || verdict == Verdict::kUp;
  return up ? api::ServerState::kUp : api::ServerState::kDown;
}

ServerStates ServerStates::following(const model::Config& config, MonoTime now) const {
  ServerStates next;
  next.version_ = version_ + 1;
  // A pool that got another name has the servers it had.
  std::map<net::Endpoint, const ServerStatus*> renamed;
  std::string_view pool_before;
  bool gone = false;
  for (const auto& [id, status] : servers_) {
    if (std::exchange(pool_before, id.pool) != id.pool) {
      gone = config.find({{"pool", id.pool}}) == nullptr;
    }
    if (gone && status.checked) renamed[id.server] = &status;
  }
  const model::Field& enabled_field = *model::find_field(*model::find_type("server"), "enabled");
  for (const auto& pool : config.keys("pool")) {
    const model::Path path{{"pool", pool}};
    const bool checked = !config.children("check", path).empty();
    for (const model::Config::Child& child : config.children("server", path)) {
      const auto endpoint = net::Endpoint::parse(child.key);
      if (!endpoint) continue;  // the schema lets nothing else be a server's key
      const ServerId id{pool, *endpoint};
      const bool enabled = model::value_in(child.fields, enabled_field) != "no";
      const ServerStatus* known = find(id);
      const auto before = renamed.find(id.server);
      if (known == nullptr && checked && before != renamed.end()) known = before->second;
      next.servers_.emplace_hint(next.servers_.end(), id,
                                 carried_over(known, checked, enabled, now));
    }
  }
  return next;
}

void ServerStates::adopt(const std::vector<api::ServerStateChange>& running, MonoTime now) {
  for (const auto& told : running) {
    // Draining was the operator's wish and says nothing of the server's health.
    if (told.state == api::ServerState::kDraining) continue;
    const auto known = servers_.find({told.pool, told.server});
    if (known == servers_.end() || known->second.verdict != Verdict::kUnknown) continue;
    (void)report(known->first, told.state == api::ServerState::kUp ? Verdict::kUp : Verdict::kDown,
                 now);
  }
}

bool ServerStates::report(const ServerId& id, Verdict verdict, MonoTime now) {
  const auto found = servers_.find(id);
  if (found == servers_.end()) return false;  // its result came after it left the configuration
  ServerStatus& status = found->second;
  const auto before = status.published();
  const bool learned = status.verdict == Verdict::kUnknown && verdict != Verdict::kUnknown;
  if (std::exchange(status.verdict, verdict) != verdict) ++version_;
  const bool changed = status.published() != before;
  if (changed || learned) status.since = now;
  return changed;
}

std::vector<api::ServerStateChange> ServerStates::differences(
    const std::vector<api::ServerStateChange>& running) const {
  std::map<ServerId, api::ServerState> told;
  for (const auto& server : running) told[{server.pool, server.server}] = server.state;
  std::vector<api::ServerStateChange> changes;
  for (const auto& [id, status] : servers_) {
    const auto known = told.find(id);
    if (known == told.end() || known->second != status.published()) {
      changes.push_back({id.pool, id.server, status.published()});
    }
  }
  return changes;
}

const ServerStatus* ServerStates::find(const ServerId& id) const {
  const auto found = servers_.find(id);
  return found == servers_.end() ? nullptr : &found->second;
}

}  // namespace yoke::commit
