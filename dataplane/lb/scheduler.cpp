// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/scheduler.h"

namespace yoke::lb {
namespace {

using Member = Maglev::Member;

// How often another second is drawn that was the first already: in a pool of one server it always
// is.
constexpr int kDraws = 4;

struct Pair {
  const Member *first, *second;
  std::uint32_t lot;  // from the same key, and independent of both
};

Pair draw(const Maglev& maglev, std::uint32_t hash) noexcept {
  Pair pair{&maglev.pick(hash), nullptr, 0};
  std::uint64_t state = hash;
  for (int i = 0; i < kDraws && (i == 0 || pair.second == pair.first); ++i) {
    state = HashKey::mix(state + 1);
    pair.second = &maglev.pick(static_cast<std::uint32_t>(state >> 32));
  }
  pair.lot = static_cast<std::uint32_t>(HashKey::mix(state) >> 32);
  return pair;
}

}  // namespace

Scheduler::Scheduler()
    : shares_(limits::kPools),
      turns_(limits::kPools),
      given_(limits::kServers),
      loads_(limits::kServers) {}

Scheduler::Choice Scheduler::choose(const Snapshot& snapshot, const Service& service,
                                    const Newcomer& newcomer) noexcept {
  const std::uint16_t stays = implied(snapshot, service, newcomer);
  const auto chosen = [stays](const Member& member) {
    return Choice{member.server, member.server != stays};
  };
  if (!newcomer.begins) return {stays, false};
  switch (service.scheduling) {
    case Scheduling::kMaglev:
      if (service.method == Method::kDsr) break;
      return chosen(within_share(service, newcomer.hash));
    case Scheduling::kRoundRobin:
      return chosen(next_in_turn(service));
    case Scheduling::kLeastConnections:
      return chosen(least_loaded(service, snapshot.servers, newcomer.hash));
    case Scheduling::kResponseTime:
      return chosen(quicker(service, snapshot.servers, newcomer.hash));
    case Scheduling::kSourceHash:
      break;
  }
  return {stays, false};
}

std::uint16_t Scheduler::implied(const Snapshot& snapshot, const Service& service,
                                 const Newcomer& newcomer) noexcept {
  if (service.scheduling != Scheduling::kSourceHash) {
    return service.maglev->pick(newcomer.hash).server;
  }
  const HashKey& key = snapshot.hash_key;
  const std::uint64_t hash = HashKey::mix(hash_address(key, newcomer.client, 0) ^ key.lane(6));
  return service.maglev->pick(static_cast<std::uint32_t>(hash >> 32)).server;
}

void Scheduler::opened(std::uint16_t server, std::uint16_t incarnation) noexcept {
  Load& load = loads_[server];
  if (load.incarnation != incarnation) load = {0, incarnation};
  ++load.open;
}

void Scheduler::closed(std::uint16_t server, std::uint16_t incarnation) noexcept {
  Load& load = loads_[server];
  if (load.incarnation == incarnation && load.open != 0) --load.open;
}

void Scheduler::start_over(Share& share, const Maglev& maglev) noexcept {
  share = {maglev.digest(), 0};
  for (const auto& member : maglev.members()) given_[member.server] = 0;
}

const Member& Scheduler::within_share(const Service& service, std::uint32_t hash) noexcept {
  const Maglev& maglev = *service.maglev;
  const Member* chosen = &maglev.pick(hash);
  Share& share = shares_[service.pool];
  if (share.table != maglev.digest()) start_over(share, maglev);
  const std::int64_t total_weight = maglev.total_weight();
  if (lead(*chosen, share, total_weight) >= kSlack * total_weight) {
    const auto& second = maglev.pick(static_cast<std::uint32_t>(HashKey::mix(hash)));
    if (lead(second, share, total_weight) < lead(*chosen, share, total_weight)) chosen = &second;
  }
  ++given_[chosen->server];
  ++share.flows;
  return *chosen;
}

// Round after round, in each those of its weight or more, who are the first of by_weight(): one
// step a flow, however many servers there are.
const Member& Scheduler::next_in_turn(const Service& service) noexcept {
  const Maglev& maglev = *service.maglev;
  const auto order = maglev.by_weight();
  const auto weight = [&](std::size_t i) { return maglev.members()[order[i]].weight; };
  Turn& turn = turns_[service.pool];
  if (turn.table != maglev.digest()) turn = {maglev.digest(), 0, 1};
  if (turn.next >= order.size() || weight(turn.next) < turn.round) {
    turn.next = 0;
    if (++turn.round > weight(0)) turn.round = 1;
  }
  return maglev.members()[order[turn.next++]];
}

// Whoever cannot be reached takes no flow and so never has any: it would always be the least.
bool Scheduler::is_less_loaded(const Member& a, const Member& b, const Servers& servers,
                               Method method) const noexcept {
  const bool reaches_a = is_reachable(servers[a.server], method);
  if (reaches_a != is_reachable(servers[b.server], method)) return reaches_a;
  const std::uint64_t of_a = open(a.server, servers[a.server].incarnation);
  const std::uint64_t of_b = open(b.server, servers[b.server].incarnation);
  return of_a * b.weight < of_b * a.weight;
}

// Of equals, the one that the table would have taken: an idle pool is spread by weight.
const Member& Scheduler::least_loaded(const Service& service, const Servers& servers,
                                      std::uint32_t hash) const noexcept {
  const Maglev& maglev = *service.maglev;
  const auto less = [&](const Member& a, const Member& b) {
    return is_less_loaded(a, b, servers, service.method);
  };
  const auto members = maglev.members();
  if (members.size() > kWholeLook) {
    const Pair pair = draw(maglev, hash);
    return less(*pair.second, *pair.first) ? *pair.second : *pair.first;
  }
  const Member* best = &maglev.pick(hash);
  for (const Member& member : members) {
    if (less(member, *best)) best = &member;
  }
  return *best;
}

const Member& Scheduler::quicker(const Service& service, const Servers& servers,
                                 std::uint32_t hash) const noexcept {
  const Pair pair = draw(*service.maglev, hash);
  const bool reaches_first = is_reachable(servers[pair.first->server], service.method);
  if (reaches_first != is_reachable(servers[pair.second->server], service.method)) {
    return reaches_first ? *pair.first : *pair.second;
  }
  // Times the weight of the other: without division.
  const auto cost = [&](const Member& of, const Member& other) {
    const Server& server = servers[of.server];
    const std::uint64_t load = std::uint64_t{open(of.server, server.incarnation)} + of.weight;
    return Product{server.response_us} * load * other.weight;
  };
  const Product first = cost(*pair.first, *pair.second);
  const Product second = cost(*pair.second, *pair.first);
  const bool passes = Product{pair.lot} * first >= (second << 32);
  return passes ? *pair.second : *pair.first;
}

}  // namespace yoke::lb
