// SPDX-License-Identifier: Apache-2.0
#include "mgmt/peer/companion.h"

#include <charconv>
#include <optional>

#include "mgmt/model/pair_rules.h"

namespace yoke::peer {
namespace {

using Json = nlohmann::json;

// A key may be another after the units were paired anew.
constexpr unsigned kLooksBetweenKeys = 10;

std::optional<pair::KeyBytes> key_in(const std::string& digits) {
  pair::KeyBytes key{};
  if (digits.size() != 2 * key.size()) return std::nullopt;
  for (std::size_t i = 0; i < key.size(); ++i) {
    const char* const at = digits.data() + 2 * i;
    if (std::from_chars(at, at + 2, key[i], 16).ptr != at + 2) return std::nullopt;
  }
  return key;
}

std::optional<Letters::Way> way_in(const Json& answer, const std::string& interface) {
  if (!answer.is_object()) return std::nullopt;
  const auto key = answer.find("key"), id = answer.find("id"), unit = answer.find("unit");
  const bool whole = key != answer.end() && key->is_string() && id != answer.end() &&
                     id->is_number_unsigned() && *id <= 255 && unit != answer.end() &&
                     (*unit == "a" || *unit == "b");
  const auto bytes = whole ? key_in(key->get<std::string>()) : std::nullopt;
  if (!bytes) return std::nullopt;
  return Letters::Way{interface, *unit == "a" ? pair::Unit::kA : pair::Unit::kB,
                      pair::Key{id->get<std::uint8_t>(), *bytes}};
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
