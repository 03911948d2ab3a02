// SPDX-License-Identifier: Apache-2.0
#include "mgmt/peer/companion.h"

#include <cstdint>
#include <optional>

#include "mgmt/model/pair_rules.h"
#include "mgmt/pair/client/answer.h"

namespace yoke::peer {
namespace {

using Json = nlohmann::json;

// A key may be another after the units were paired anew.
constexpr unsigned kLooksBetweenKeys = 10;

std::optional<Letters::Way> way_in(const Json& answer, const std::string& interface) {
  const std::string unit = pair::text_in(answer, "unit");
  const auto id = pair::number_in(answer, "id");
  pair::KeyBytes key{};
  const bool whole = (unit == "a" || unit == "b") && id && *id <= 255 &&
                     pair::read_octets(pair::text_in(answer, "key"), key);
  if (!whole) return std::nullopt;
  return Letters::Way{interface, unit == "a" ? pair::Unit::kA : pair::Unit::kB,
                      pair::Key{static_cast<std::uint8_t>(*id), key}};
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
                      .aside = around.aside}) {
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
  if (interface_.empty() || !status.is_object()) return;
  if (!has_key_ || ++looks_ >= kLooksBetweenKeys) learn_key();
}

void Companion::learn_key() {
  looks_ = 0;
  const auto answer = pair_.configuration_key();
  const auto way = answer ? way_in(*answer, interface_) : std::nullopt;
  has_key_ = way.has_value();
  if (way) letters_.use(way);
}

Json Companion::rows() const {
  Json rows = replica_.rows();
  if (!rows.empty()) rows.front().update(letters_.counts());
  return rows;
}

}  // namespace yoke::peer
