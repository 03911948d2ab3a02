// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "hal/base/clock.h"
#include "mgmt/replication/replicator.h"
#include "mgmt/replication/state.h"

// The rules that no committed revision is lost by, each on its own and under a name. There is one
// set, kRules; that they are a value lets tests/sim break one at a time and show that each is
// needed. Pure. Threads: any.
namespace yoke::replication {

struct View {
  const Setup& setup;
  const State& state;
  MonoTime now;
};

struct Rules {
  // -- of the writer
  // The commit may be made: it is the writer, and based on the newest.
  Reason (*why_not_commit)(const View&, const Revision&);
  // The standby has it: it is committed here, and said to be replicated.
  bool (*is_accepted)(const View&, const Accepted&);
  // It is made without the standby.
  bool (*goes_alone)(const View&);
  // The standby's commit of that number has not been taken yet: it is to be made.
  bool (*takes_carried)(const View&, std::uint64_t number);

  // -- of the standby
  // Nothing against it; else what.
  std::optional<Objection> (*objection)(const View&, const Proposal&);
  // It follows what is here.
  bool (*fits)(const View&, const Revision&);
  // The tentative revision becomes the newest: its writer is gone or has committed it.
  bool (*keeps_tentative)(const View&);
  // Its writer says that it has given it up.
  bool (*drops_tentative)(const View&);
  // Nobody will say any more what became of the commit that was carried.
  bool (*gives_up_carrying)(const View&);

  // -- of both
  // That revision is a part of what is here.
  bool (*contains)(const View&, const Position&);
  // Neither contains the other, and this unit's gives way.
  bool (*gives_way)(const View&, const Position& peer);
  // What is here and not in the snapshot is put aside under a name.
  bool (*keeps_branch)(const View&, std::uint64_t common);
  // The letter is for this process, from the peer's living one.
  bool (*is_for_us)(const View&, const Letter&);
  // The answer is to what was asked last, and nothing has changed since.
  bool (*is_awaited)(const View&, std::uint64_t number);
};

extern const Rules kRules;

[[nodiscard]] bool peer_is_there(const View& view) noexcept;
// The peer has something that this unit has not, as far as it says.
[[nodiscard]] bool peer_is_ahead(const View& view) noexcept;

}  // namespace yoke::replication
