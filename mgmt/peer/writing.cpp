// SPDX-License-Identifier: Apache-2.0
#include "mgmt/peer/writing.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "mgmt/pair/client/answer.h"

namespace yoke::peer {
namespace {

using Json = nlohmann::json;
using pair::number_in;
using pair::part_in;
using pair::text_in;

// What is older is no word of now.
constexpr std::chrono::microseconds kHeardLately = std::chrono::seconds(2);

bool holds(std::string_view role) {
  constexpr std::array<std::string_view, 3> kHolding{"ACTIVE", "ALONE", "HANDOFF_OUT"};
  return std::ranges::find(kHolding, role) != kHolding.end();
}

Json leading_group(const Json& status) {
  const Json groups = part_in(status, "groups");
  Json leading;
  std::optional<std::uint64_t> lowest;
  if (!groups.is_array()) return leading;
  for (const Json& group : groups) {
    const auto vrid = number_in(group, "vrid");
    if (!vrid || (lowest && *lowest <= *vrid)) continue;
    lowest = vrid;
    leading = group;
  }
  return leading;
}

}  // namespace

Election election_in(const Json& status) {
  Election found{.unit = text_in(status, "unit")};
  const Json group = leading_group(status);
  found.holds = holds(text_in(group, "role"));
  found.epoch = number_in(group, "epoch").value_or(0);
  const Json peer = part_in(group, "peer");
  const auto heard = number_in(peer, "heard_ago_us");
  found.peer_holds = holds(text_in(peer, "role")) && heard &&
                     *heard < static_cast<std::uint64_t>(kHeardLately.count());
  return found;
}

bool may_write(const Knowledge& known) noexcept {
  if (known.election.holds) return true;
  if (known.election.peer_holds || (known.peer_is_there && known.peer_writes)) return false;
  return !known.peer_is_there || known.election.unit != "b";
}

replication::Epoch epoch_of(const Knowledge& known) noexcept {
  const bool contradicted = known.peer_is_there && known.peer_writes;
  const auto least = contradicted ? known.newest : std::max(known.newest, known.highest);
  return std::max<replication::Epoch>({known.election.epoch, least, 1});
}

}  // namespace yoke::peer
