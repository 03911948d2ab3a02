// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "mgmt/pair/wire/cipher.h"

// The keys of one session: one, or two while they are being exchanged. What the peer seals is
// opened with either. What this unit seals is under the older until the peer has shown that it has
// the newer, so that at no moment a frame is sent that the other cannot read. Threads: owned by
// one.
namespace yoke::pair {

// A key that pairing or a rotation has made, by the number both units give it. Numbers wrap: at
// most two are there at once.
struct Key {
  std::uint8_t id = 0;
  KeyBytes bytes{};
  friend bool operator==(const Key&, const Key&) = default;
};

// What a unit says of its newest key: the number, and a value that only a holder can tell.
struct KeyProof {
  std::uint8_t id = 0;
  net::Be64 check;
  friend bool operator==(const KeyProof&, const KeyProof&) = default;
};

class KeyRing {
 public:
  KeyRing(const Boot& own, const Key& key);
  KeyRing(const KeyRing&) = delete;
  KeyRing& operator=(const KeyRing&) = delete;
  ~KeyRing();

  // A newer key. False: two are there already, or one of this number.
  [[nodiscard]] bool add(const Key& key);
  // Lets go of the older key. False where there is but one, or this unit still seals with it.
  [[nodiscard]] bool drop_older();
  // These keys and no others: the newer is added; where there is none any more the older is let go
  // of, or the newer that came to nothing, whatever the peer has shown in this session. False: the
  // ring has others, and it takes another session.
  [[nodiscard]] bool follow(const Key& current, const std::optional<Key>& newer);
  // Both units seal with the newest: an older one is of no more use.
  [[nodiscard]] bool settled() const noexcept { return !exchanging() || newest().used_by_peer; }
  [[nodiscard]] bool awaits_peer() const noexcept { return exchanging() && !newest_shown_; }

  [[nodiscard]] bool has(std::uint8_t id) const noexcept { return find(id) != nullptr; }
  [[nodiscard]] std::uint8_t sealing() const noexcept { return slots_[sealing_slot()].key.id; }
  [[nodiscard]] KeyProof proof() noexcept;
  // The peer has said what its newest key is.
  void learn(const KeyProof& peers) noexcept;
  // An authentic frame of the peer, of whatever age: it has that key.
  void learn_shown(std::uint8_t id) noexcept;
  // One of now: it seals with that key.
  void learn_used(std::uint8_t id) noexcept;

  // The peer's boot whose frames open() opens from now on.
  void set_peer(const Boot& boot) noexcept;
  // `header.key` must be sealing().
  [[nodiscard]] bool seal(const FrameHeader& header, Bytes body, std::uint8_t* out) noexcept;
  // `header.key` must be there. `is_peer`: of the boot that was set; any other costs a key's setup.
  [[nodiscard]] bool open(const FrameHeader& header, Bytes sealed, bool is_peer,
                          std::uint8_t* out) noexcept;

 private:
  struct Slot {
    Key key;
    FrameSealer own;
    FrameOpener peer;
    bool used_by_peer = false;
  };
  [[nodiscard]] bool exchanging() const noexcept { return count_ == 2; }
  [[nodiscard]] const Slot& newest() const noexcept { return slots_[count_ - 1]; }
  [[nodiscard]] std::size_t sealing_slot() const noexcept {
    return exchanging() && newest_shown_ ? 1 : 0;
  }
  [[nodiscard]] const Slot* find(std::uint8_t id) const noexcept;
  [[nodiscard]] Slot* find(std::uint8_t id) noexcept;
  void put(std::size_t slot, const Key& key) noexcept;
  void retire_older() noexcept;
  void keep_first() noexcept;

  Boot own_;
  std::optional<Boot> peer_;
  std::array<Slot, 2> slots_;  // the older first
  std::size_t count_ = 1;
  bool newest_shown_ = false;
  Derivation derivation_;
  FrameOpener stranger_;
};

}  // namespace yoke::pair
