// SPDX-License-Identifier: Apache-2.0
#include "mgmt/replication/rules.h"

#include <algorithm>

namespace yoke::replication {
namespace {

const Position& peer_tip(const View& view) { return view.state.peer.hello->tip; }

Reason why_not_commit(const View& view, const Revision& revision) {
  const State& state = view.state;
  if (!state.writer || revision.position.epoch < state.epoch) return Reason::kNotWriter;
  if (state.own) return Reason::kUnderWay;
  if (state.busy || state.tentative || peer_is_ahead(view)) return Reason::kCatchingUp;
  // Epochs never go down along a history: what is newer is told by them.
  if (revision.position.epoch < state.tip().epoch) return Reason::kNotWriter;
  return revision.parent == state.tip() ? Reason::kNone : Reason::kOutdated;
}

bool is_accepted(const View& view, const Accepted& accepted) {
  const auto& own = view.state.own;
  return own && own->attempt == accepted.attempt && own->revision.position.hash == accepted.hash;
}

bool goes_alone(const View& view) {
  return view.setup.alone == Alone::kAccept &&
         (!peer_is_there(view) || view.now >= view.state.own->deadline);
}

std::optional<Objection> objection(const View& view, const Proposal& proposal) {
  if (proposal.epoch < view.state.epoch) return Objection::kStaleEpoch;
  if (view.state.peer.hello->schema != view.setup.schema) return Objection::kSchema;
  if (!view.setup.rules->fits(view, proposal.revision)) return Objection::kBehind;
  return std::nullopt;
}

bool fits(const View& view, const Revision& revision) {
  return revision.parent == view.state.tip() &&
         revision.position.revision == revision.parent.revision + 1;
}

// Nobody but its writer can have told a user that it is committed, and that one has it then. As
// long as it is not known what became of it, to keep it is the safe way.
bool keeps_tentative(const View& view) {
  const State& state = view.state;
  const Tentative& held = *state.tentative;
  const Hash& hash = held.revision.position.hash;
  if (state.writer || state.confirmed == hash) return true;
  if (!peer_is_there(view)) return false;
  const Hello& peer = *state.peer.hello;
  if (peer.tip.hash == hash) return true;
  if (peer.tip.revision >= held.revision.position.revision) return false;  // it comes, or another
  return held.boot != state.peer.boot;
}

bool drops_tentative(const View& view) {
  const State& state = view.state;
  const Tentative& held = *state.tentative;
  return peer_is_there(view) && held.boot == state.peer.boot &&
         held.attempt < state.peer.hello->floor &&
         peer_tip(view).revision < held.revision.position.revision;
}

bool takes_carried(const View& view, std::uint64_t number) {
  return number > view.state.peer.carried;
}

// What was sent to a process that is gone may have been made by it.
bool gives_up_carrying(const View& view) {
  const Carrying& carrying = *view.state.carrying;
  return carrying.boot != view.state.peer.boot || view.now >= carrying.deadline ||
         view.now - view.state.peer.heard_at >= view.setup.timers.carry_silence;
}

bool contains(const View& view, const Position& position) {
  if (position.revision == 0) return true;
  const auto& chain = view.state.chain;
  const auto found = std::lower_bound(
      chain.begin(), chain.end(), position.revision,
      [](const Position& at, std::uint64_t revision) { return at.revision < revision; });
  return found != chain.end() && *found == position;
}

bool gives_way(const View& view, const Position& peer) { return outweighs(peer, view.state.tip()); }

bool keeps_branch(const View& view, std::uint64_t common) {
  return view.state.tip().revision > common;
}

bool is_for_us(const View& view, const Letter& letter) {
  return letter.to == view.state.boot && letter.from == view.state.peer.boot;
}

bool is_awaited(const View& view, std::uint64_t number) {
  const auto& fetch = view.state.fetch;
  return fetch && fetch->number == number && fetch->from == view.state.tip();
}

}  // namespace

bool peer_is_there(const View& view) noexcept {
  return view.state.peer.hello && view.now - view.state.peer.heard_at < view.setup.timers.silent;
}

bool peer_is_ahead(const View& view) noexcept {
  return peer_is_there(view) && !view.setup.rules->contains(view, peer_tip(view));
}

const Rules kRules{
    .why_not_commit = why_not_commit,
    .is_accepted = is_accepted,
    .goes_alone = goes_alone,
    .takes_carried = takes_carried,
    .objection = objection,
    .fits = fits,
    .keeps_tentative = keeps_tentative,
    .drops_tentative = drops_tentative,
    .gives_up_carrying = gives_up_carrying,
    .contains = contains,
    .gives_way = gives_way,
    .keeps_branch = keeps_branch,
    .is_for_us = is_for_us,
    .is_awaited = is_awaited,
};

}  // namespace yoke::replication
