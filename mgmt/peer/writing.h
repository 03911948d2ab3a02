// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "mgmt/replication/position.h"

// Which of the two units commits, by what yoke-pair says of the election. PURE. Threads: any.
namespace yoke::peer {

// Of the group of the lowest virtual router: its holder writes.
struct Election {
  std::string unit = {};         // "a", "b"; empty: yoke-pair has not said so
  bool holds = false;            // this unit
  replication::Epoch epoch = 0;  // of its claim
  bool peer_holds = false;       // the other one, as it says, and was heard saying lately
  friend bool operator==(const Election&, const Election&) = default;
};

// From what yoke-pair's `status` answers; of anything else, nobody.
[[nodiscard]] Election election_in(const nlohmann::json& status);

// What is known of who writes.
struct Knowledge {
  Election election;
  bool peer_is_there = false;      // letters of it come
  bool peer_writes = false;        // as its letters say
  replication::Epoch newest = 0;   // of the newest revision here
  replication::Epoch highest = 0;  // that was seen of anybody
};

// A commit may be made here: this unit is elected, or nobody is and it would be mended by none
// else. Of two that hear each other and neither is elected it is the unit a.
[[nodiscard]] bool may_write(const Knowledge& known) noexcept;
// The claim under which. Where nobody contradicts it is never lower than any that was seen, as the
// numbers of a virtual router begin anew where it is another.
[[nodiscard]] replication::Epoch epoch_of(const Knowledge& known) noexcept;

}  // namespace yoke::peer
