// SPDX-License-Identifier: Apache-2.0
#include "mgmt/peer/companion.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "mgmt/model/pair_rules.h"
#include "mgmt/pair/client/answer.h"

namespace yoke::peer {
namespace {

using Json = nlohmann::json;

// A key may be another after the units were paired anew.
constexpr unsigned kLooksBetweenKeys = 10;

std::optional<pair::Key> key_in(const Json& answer) {
  const auto id = pair::number_in(answer, "id");
  pair::KeyBytes key{};
  if (!id || *id > 255 || !pair::read_octets(pair::text_in(answer, "key"), key)) {
    return std::nullopt;
  }
  return pair::Key{static_cast<std::uint8_t>(*id), key};
}

std::optional<Letters::Way> way_in(const Json& answer, const std::string& interface) {
  const std::string unit = pair::text_in(answer, "unit");
  const auto key = key_in(answer);
  if ((unit != "a" && unit != "b") || !key) return std::nullopt;
  Letters::Way way{interface, unit == "a" ? pair::Unit::kA : pair::Unit::kB, *key};
  if (const auto next = answer.find("next"); next != answer.end()) {
    way.newer = key_in(*next);
    way.has_peer_newer = next->is_object() && next->value("proven", Json(false)) == true;
  }
  return way;
}

}  // namespace

Companion::Companion(sd_event* loop, const Surroundings& around)
    : pair_(around.pair),
      letters_(loop, [this](const auto& letter) { replica_.hear(letter); }),
      replica_(loop, {.store = around.store,
                      .committer = around.committer,
                      .send = [this](const auto& letter) { letters_.send(letter); },
                      .look =
                          [this] {
                            const auto status = pair_.status();
                            replica_.elect(status ? election_in(*status) : Election());
                          },
                      .record = around.record,
                      .changed = around.changed,
                      .later = around.later,
                      .aside = around.aside,
                      .make_carried = around.make_carried}),
      changed_(around.changed) {
  around.committer.use_peer(replica_);
  pair_.on_look([this](const Json& status) { take(status); });
}

void Companion::follow(const model::Config& config) {
  interface_ =
      model::is_pair(config) ? config.value(model::only("ha"), "interface") : std::string();
  has_key_ = false;
  if (interface_.empty()) letters_.use(std::nullopt);
  replica_.follow(config);
}

void Companion::take(const Json& status) {
  replica_.elect(election_in(status));
  const bool bothered = letters_.is_bothered();
  if (bothered != std::exchange(is_bothered_, bothered)) changed_();
  if (interface_.empty() || !status.is_object()) return;
  // While it is replaced both units' letters are to hear of it before the one before is gone.
  const std::string rotation = pair::text_in(status, "rotation");
  const bool other = rotation != std::exchange(rotation_, rotation);
  if (!has_key_ || other || ++looks_ >= kLooksBetweenKeys) learn_key();
}

void Companion::learn_key() {
  looks_ = 0;
  const auto answer = pair_.configuration_key();
  const auto way = answer ? way_in(*answer, interface_) : std::nullopt;
  has_key_ = way.has_value();
  if (way) letters_.use(way);
}

std::vector<alarms::Condition> Companion::conditions() const {
  auto found = replica_.conditions();
  if (is_bothered_) {
    found.push_back({events::Kind::kPairFault,
                     "letters-refused",
                     "many letters to this unit's configuration are not the peer's: somebody else "
                     "sends to UDP port 8471 on the dedicated link; they change nothing. See who "
                     "is on that link",
                     {{"FAULT", "letters-refused"}}});
  }
  return found;
}

Json Companion::rows() const {
  Json rows = replica_.rows();
  if (!rows.empty()) rows.front().update(letters_.counts());
  return rows;
}

}  // namespace yoke::peer
