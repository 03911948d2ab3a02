// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "mgmt/pair/wire/frame.h"
#include "mgmt/pair/wire/tlv.h"

struct evp_cipher_ctx_st;

// The cryptography of sealed frames, with contexts made once: nothing here allocates after
// construction.
//
// AES-256-GCM: each processor that DPDK runs on has instructions for it, which makes it the faster
// of the two candidates (ChaCha20-Poly1305 is for those without) and constant in time; flow records
// go through it at the rate of the link. GCM fails badly where a nonce repeats under one key, so no
// nonce is drawn: each boot of each unit has a key of its own, derived from the pair's key and its
// 96 random bits (the derivation of RFC 8452 section 4), and a nonce is stream, channel and
// counter.
// Threads: owned by one.
namespace yoke::pair {

using KeyBytes = std::array<std::uint8_t, kKeySize>;

// Overwrites it, also where a compiler sees that nobody reads it again.
void wipe(std::span<std::uint8_t> bytes) noexcept;

struct FreeCipherContext {
  void operator()(evp_cipher_ctx_st* context) const noexcept;
};
using CipherContext = std::unique_ptr<evp_cipher_ctx_st, FreeCipherContext>;

// AES-256 on single blocks under a key that never seals anything itself.
class Derivation {
 public:
  Derivation();
  void set_key(const KeyBytes& key) noexcept;
  [[nodiscard]] KeyBytes boot_key(const Boot& boot) noexcept;
  // 64 bits that only who has the key can tell.
  [[nodiscard]] net::Be64 check_value() noexcept;
  // The n-th of a row of 128 bits that nobody can tell who has not the key.
  [[nodiscard]] std::array<std::uint8_t, 16> block(std::uint32_t n) noexcept;

 private:
  [[nodiscard]] std::array<std::uint8_t, 16> encrypt(
      const std::array<std::uint8_t, 16>& block) noexcept;
  CipherContext context_;
};

// Seals under the key of one boot.
class FrameSealer {
 public:
  FrameSealer();
  void set_key(const KeyBytes& key) noexcept;
  // Writes body.size() octets and the tag to `out`; false: nothing of it may be sent.
  [[nodiscard]] bool seal(const FrameHeader& header, Bytes body, std::uint8_t* out) noexcept;

 private:
  CipherContext context_;
};

// Opens what was sealed under the key of one boot.
class FrameOpener {
 public:
  FrameOpener();
  void set_key(const KeyBytes& key) noexcept;
  // `sealed`: body and tag. Writes the body to `out`; false: not authentic, `out` holds nothing.
  [[nodiscard]] bool open(const FrameHeader& header, Bytes sealed, std::uint8_t* out) noexcept;

 private:
  CipherContext context_;
};

}  // namespace yoke::pair
