// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/wire/key_ring.h"

#include <utility>

namespace yoke::pair {

KeyRing::KeyRing(const Boot& own, const Key& key) : own_(own) { put(0, key); }

KeyRing::~KeyRing() {
  for (Slot& slot : slots_) wipe(slot.key.bytes);
}

void KeyRing::put(std::size_t at, const Key& key) noexcept {
  Slot& slot = slots_[at];
  slot.key = key;
  slot.used_by_peer = false;
  derivation_.set_key(key.bytes);
  KeyBytes boot_key = derivation_.boot_key(own_);
  slot.own.set_key(boot_key);
  if (peer_) {
    boot_key = derivation_.boot_key(*peer_);
    slot.peer.set_key(boot_key);
  }
  wipe(boot_key);
}

bool KeyRing::add(const Key& key) {
  if (exchanging() || has(key.id)) return false;
  put(1, key);
  count_ = 2;
  newest_shown_ = false;
  return true;
}

void KeyRing::keep_first() noexcept {
  wipe(slots_[1].key.bytes);
  count_ = 1;
}

bool KeyRing::drop_older() {
  if (!exchanging() || sealing_slot() == 0) return false;
  retire_older();
  return true;
}

void KeyRing::retire_older() noexcept {
  std::swap(slots_[0], slots_[1]);
  keep_first();
}

bool KeyRing::follow(const Key& current, const std::optional<Key>& newer) {
  const bool begins = slots_[0].key == current;
  if (newer) {
    if (!begins) return false;
    return exchanging() ? newest().key == *newer : add(*newer);
  }
  if (!exchanging()) return begins;
  if (newest().key == current) {
    retire_older();
    return true;
  }
  if (begins) keep_first();
  return begins;
}

KeyProof KeyRing::proof() noexcept {
  derivation_.set_key(newest().key.bytes);
  return {newest().key.id, derivation_.check_value()};
}

void KeyRing::learn(const KeyProof& peers) noexcept {
  if (exchanging() && peers == proof()) newest_shown_ = true;
}

void KeyRing::learn_shown(std::uint8_t id) noexcept {
  if (exchanging() && newest().key.id == id) newest_shown_ = true;
}

void KeyRing::learn_used(std::uint8_t id) noexcept {
  learn_shown(id);
  if (Slot* slot = find(id)) slot->used_by_peer = true;
}

void KeyRing::set_peer(const Boot& boot) noexcept {
  peer_ = boot;
  for (std::size_t i = 0; i < count_; ++i) {
    derivation_.set_key(slots_[i].key.bytes);
    KeyBytes boot_key = derivation_.boot_key(boot);
    slots_[i].peer.set_key(boot_key);
    wipe(boot_key);
  }
}

const KeyRing::Slot* KeyRing::find(std::uint8_t id) const noexcept {
  for (std::size_t i = 0; i < count_; ++i) {
    if (slots_[i].key.id == id) return &slots_[i];
  }
  return nullptr;
}
KeyRing::Slot* KeyRing::find(std::uint8_t id) noexcept {
  return const_cast<Slot*>(std::as_const(*this).find(id));
}

bool KeyRing::seal(const FrameHeader& header, Bytes body, std::uint8_t* out) noexcept {
  return slots_[sealing_slot()].own.seal(header, body, out);
}

bool KeyRing::open(const FrameHeader& header, Bytes sealed, bool is_peer,
                   std::uint8_t* out) noexcept {
  Slot* slot = find(header.key);
  if (slot == nullptr) return false;
  if (is_peer) return slot->peer.open(header, sealed, out);
  derivation_.set_key(slot->key.bytes);
  KeyBytes boot_key = derivation_.boot_key(header.boot);
  stranger_.set_key(boot_key);
  wipe(boot_key);
  return stranger_.open(header, sealed, out);
}

}  // namespace yoke::pair
