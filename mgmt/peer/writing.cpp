// SPDX-License-Identifier: Apache-2.0
#include "mgmt/peer/writing.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace yoke::peer {
namespace {

using Json = nlohmann::json;

// What is older is no word of now.
constexpr std::chrono::microseconds kHeardLately = std::chrono::seconds(2);

Json member(const Json& object, const char* key) {
  const auto at = object.is_object() ? object.find(key) : object.end();
  return at != object.end() ? *at : Json();
}

std::string text_in(const Json& object, const char* key) {
  const Json found = member(object, key);
  return found.is_string() ? found.get<std::string>() : std::string();
}

std::optional<std::uint64_t> number_in(const Json& object, const char* key) {
  const Json found = member(object, key);
  return found.is_number_unsigned() ? std::optional(found.get<std::uint64_t>()) : std::nullopt;
}

bool holds(std::string_view role) {
  constexpr std::array<std::string_view, 3> kHolding{"ACTIVE", "ALONE", "HANDOFF_OUT"};
  return std::ranges::find(kHolding, role) != kHolding.end();
}

Json leading_group(const Json& status) {
  const Json groups = member(status, "groups");
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
  const Json peer = member(group, "peer");
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
