// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/wire/hello.h"

#include <algorithm>

namespace yoke::pair {
namespace {

enum Type : std::uint16_t { kChallenge = 1, kEcho = 2, kSent = 3, kNewestKey = 4 };

struct WireProof {
  std::uint8_t id;
  net::Be64 check;
};
static_assert(sizeof(WireProof) == 9);
using WireCounters = std::array<net::Be64, kFrameChannels>;

}  // namespace

std::size_t encode(const Hello& hello, std::span<std::uint8_t> room) noexcept {
  TlvWriter writer(room);
  if (hello.challenge) writer.add(kChallenge, *hello.challenge);
  for (std::size_t i = 0; i < hello.echo_count; ++i) writer.add(kEcho, hello.echoes[i]);
  WireCounters sent{};
  for (std::size_t i = 0; i < kFrameChannels; ++i) sent[i] = net::Be64::from_host(hello.sent[i]);
  writer.add_value(kSent, sent);
  if (hello.newest_key) {
    writer.add_value(kNewestKey, WireProof{hello.newest_key->id, hello.newest_key->check});
  }
  return writer.complete() ? writer.size() : 0;
}

std::optional<Hello> decode_hello(Bytes body) noexcept {
  Hello hello;
  TlvReader reader(body);
  while (const auto tlv = reader.next()) {
    if (tlv->type == kChallenge) {
      hello.challenge = tlv->as<Challenge>();
      if (!hello.challenge) return std::nullopt;
    } else if (tlv->type == kEcho) {
      const auto echo = tlv->as<Challenge>();
      if (!echo) return std::nullopt;
      if (hello.echo_count < Hello::kEchoesMost) hello.echoes[hello.echo_count++] = *echo;
    } else if (tlv->type == kSent) {
      // As many channels as the sender has.
      const std::size_t channels = std::min(kFrameChannels, tlv->value.size() / sizeof(net::Be64));
      for (std::size_t i = 0; i < channels; ++i) {
        hello.sent[i] = net::load<net::Be64>(tlv->value.data() + i * sizeof(net::Be64)).host();
      }
    } else if (tlv->type == kNewestKey) {
      const auto proof = tlv->as<WireProof>();
      if (!proof) return std::nullopt;
      hello.newest_key = KeyProof{proof->id, proof->check};
    }
  }
  if (reader.malformed()) return std::nullopt;
  return hello;
}

}  // namespace yoke::pair
