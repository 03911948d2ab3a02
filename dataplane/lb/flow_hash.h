// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "dataplane/net/address.h"
#include "dataplane/net/order.h"

// The keyed hash of a packet's tuple. The key is secret and the same on both units of a pair, so
// that nobody outside can aim packets at one bucket or one server, and both units choose alike.
//
// Each lane is a 64 x 64 -> 128 bit product folded by exclusive or, both factors whitened by key
// material first (the construction of wyhash). It is a table hash, not a MAC. Threads: pure.
namespace yoke::lb {

// What tells one flow's packets from another's, in the direction they travel.
struct FlowTuple {
  net::IpAddress source, destination;
  net::Be16 source_port, destination_port;
  net::Protocol protocol = net::Protocol::kTcp;
  friend bool operator==(const FlowTuple&, const FlowTuple&) = default;
};

class HashKey {
 public:
  HashKey() : HashKey(std::array<std::uint8_t, 16>{}) {}
  explicit HashKey(const std::array<std::uint8_t, 16>& secret) noexcept {
    std::uint64_t seed[2];
    std::memcpy(seed, secret.data(), sizeof seed);
    for (std::size_t i = 0; i < lanes_.size(); ++i) lanes_[i] = mix(seed[i & 1] += kGolden) | 1;
  }
  [[nodiscard]] std::uint64_t lane(std::size_t i) const noexcept { return lanes_[i]; }
  friend bool operator==(const HashKey&, const HashKey&) = default;

  // splitmix64's finaliser: a bijection of 64 bits that leaves no pattern.
  [[nodiscard]] static constexpr std::uint64_t mix(std::uint64_t z) noexcept {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }

 private:
  static constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15U;
  std::array<std::uint64_t, 8> lanes_{};
};

__extension__ using Product = unsigned __int128;  // what the two compilers have; ISO has none

[[nodiscard]] inline std::uint64_t fold_product(std::uint64_t a, std::uint64_t b) noexcept {
  const Product product = static_cast<Product>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

[[nodiscard]] inline std::uint64_t hash_address(const HashKey& key, const net::IpAddress& address,
                                                std::size_t lane) noexcept {
  std::uint64_t words[2];
  std::memcpy(words, address.octets().data(), sizeof words);
  return fold_product(words[0] ^ key.lane(lane), words[1] ^ key.lane(lane + 1));
}

// 64 bits; the flow table uses the low half, server choice the high half.
[[nodiscard]] inline std::uint64_t flow_hash(const HashKey& key, const FlowTuple& tuple) noexcept {
  const std::uint64_t ports = std::uint64_t{tuple.source_port.raw()} |
                              std::uint64_t{tuple.destination_port.raw()} << 16 |
                              std::uint64_t{static_cast<std::uint8_t>(tuple.protocol)} << 32;
  const std::uint64_t addresses =
      hash_address(key, tuple.source, 0) ^ hash_address(key, tuple.destination, 2);
  return fold_product(addresses ^ key.lane(4), ports ^ key.lane(5)) ^ HashKey::mix(addresses);
}

// Of a server, where there is no tuple of its own (dsr).
[[nodiscard]] inline std::uint32_t endpoint_hash(const HashKey& key, const net::IpAddress& address,
                                                 net::Be16 port) noexcept {
  return static_cast<std::uint32_t>(HashKey::mix(hash_address(key, address, 2) ^ port.raw()));
}

}  // namespace yoke::lb
