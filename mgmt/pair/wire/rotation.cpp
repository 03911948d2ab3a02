// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/wire/rotation.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "mgmt/pair/wire/agreement.h"

namespace yoke::pair {
namespace {

template <typename Octets>
void append(std::string& text, const Octets& octets) {
  text.append(octets.begin(), octets.end());
}

// `offered`: the share of who asked. The key before is the salt: whoever lacks either it or one of
// the private keys has nothing.
std::optional<Key> next_key(const Key& before, const Bits256& private_key, const Bits256& others,
                            const RotationNumber& number, const Bits256& offered,
                            const Bits256& accepted) {
  auto secret = shared_secret(private_key, others);
  if (!secret) return std::nullopt;
  std::string label = "yoke pair key rotation 1";
  append(label, number);
  append(label, offered);
  append(label, accepted);
  Key key;
  key.id = static_cast<std::uint8_t>(before.id + 1);  // wraps: at most two are there at once
  hkdf(*secret, before.bytes, label, key.bytes);
  wipe(*secret);
  return key;
}

// That somebody has the key, in a message that no other kind or rotation could have.
Bits256 confirmation_of(const KeyBytes& key, const RotationNumber& number, std::string_view what) {
  std::string label(what);
  append(label, number);
  Bits256 value{};
  hkdf(key, Bits256{}, label, value);
  return value;
}
constexpr std::string_view kAccepts = "yoke rotation accepted 1", kKeeps = "yoke rotation kept 1";

}  // namespace

Rotation::Rotation(Unit unit, const PairKeys& keys, Outlet& outlet)
    : unit_(unit), keys_(keys), outlet_(outlet) {}

Rotation::~Rotation() {
  if (offering_) wipe(offering_->private_key);
  wipe(keys_.current.bytes);
  if (keys_.next) wipe(keys_.next->key.bytes);
}

Rotation::Phase Rotation::phase() const noexcept {
  if (keys_.next) return keys_.next->is_proven ? Phase::kBoth : Phase::kAccepted;
  return offering_ ? Phase::kOffering : Phase::kIdle;
}

KeyProof Rotation::proof_of(const Key& key) noexcept {
  derivation_.set_key(key.bytes);
  return {key.id, derivation_.check_value()};
}

bool Rotation::keep(const PairKeys& keys) {
  is_doubtful_ = !outlet_.store(keys);
  if (!is_doubtful_) keys_ = keys;
  return !is_doubtful_;
}

bool Rotation::begin(const Fresh& fresh, MonoTime now) {
  if (phase() != Phase::kIdle || is_doubtful_) return false;
  offering_ = Offering{fresh.number, fresh.private_key, public_key(fresh.private_key), fresh.now_s,
                       now + kPatience};
  outlet_.tell(News::kBegun);
  say_offer(now);
  return true;
}

void Rotation::hear(const RotationMessage& message, const Fresh& fresh, MonoTime now) {
  switch (message.kind) {
    case RotationKind::kOffer:
      return hear_offer(message, fresh, now);
    case RotationKind::kAccept:
      return hear_accept(message, now);
    case RotationKind::kKept:
      return hear_kept(message, now);
    case RotationKind::kRefuse:
      return hear_refuse(message);
  }
}

void Rotation::tick(bool settled, MonoTime now) {
  const bool again = now >= again_at_;
  if (is_doubtful_ && again) {
    again_at_ = now + kAgain;
    (void)keep(keys_);
  }
  if (offering_ && now >= offering_->until) {
    give_up(is_doubtful_ ? News::kNotStored : News::kNoAnswer);
  }
  if (phase() == Phase::kOffering && again) say_offer(now);
  if (phase() == Phase::kAccepted && again) say_accept(now);
  if (phase() != Phase::kBoth) return both_since_.reset();
  if (!both_since_) both_since_ = now;
  const auto since = now - *both_since_;
  if (again && (since >= kBothMost || (settled && since >= kBothLeast))) {
    again_at_ = now + kAgain;
    finish();
  }
}

void Rotation::finish() {
  if (!keep({keys_.next->key, keys_.next->made_s, std::nullopt})) return;
  both_since_.reset();
  outlet_.use(keys_);
  outlet_.tell(News::kFinished);
}

void Rotation::hear_offer(const RotationMessage& message, const Fresh& fresh, MonoTime now) {
  switch (phase()) {
    case Phase::kAccepted:
      // This one, whose answer was lost, or one before it, that it then says it has given up.
      return say_accept(now);
    case Phase::kBoth:
      return refuse(message.number, RotationRefusal::kUnfinished);
    case Phase::kOffering:
      if (unit_ == Unit::kA) return;  // it will hear of ours, and yield
      break;
    case Phase::kIdle:
      break;
  }
  if (message.base != proof_of(keys_.current)) {
    return refuse(message.number, RotationRefusal::kOtherBase);
  }
  if (offering_) give_up(News::kYielded);
  take_offer(message, fresh, now);
}

void Rotation::take_offer(const RotationMessage& message, const Fresh& fresh, MonoTime now) {
  const Bits256 share = public_key(fresh.private_key);
  const auto key = next_key(keys_.current, fresh.private_key, message.share, message.number,
                            message.share, share);
  if (!key) return refuse(message.number, RotationRefusal::kBadShare);
  PairKeys both = keys_;
  both.next = NextKey{*key, fresh.now_s, message.number, false, share};
  if (!keep(both)) return refuse(message.number, RotationRefusal::kNotStored);
  outlet_.use(keys_);
  outlet_.tell(News::kAsked);
  say_accept(now);
}

void Rotation::hear_accept(const RotationMessage& message, MonoTime now) {
  if (offering_ && offering_->number == message.number) return take_accept(message, now);
  if (phase() == Phase::kBoth && message.key == proof_of(keys_.next->key)) {
    return say_kept(message.number, keys_.next->key.bytes);
  }
  if (message.key == proof_of(keys_.current)) {
    return say_kept(message.number, keys_.current.bytes);
  }
  // Never said of what this unit could still turn out to have stored.
  if (!is_doubtful_) refuse(message.number, RotationRefusal::kUnknown);
}

void Rotation::take_accept(const RotationMessage& message, MonoTime now) {
  const auto key = next_key(keys_.current, offering_->private_key, message.share, message.number,
                            offering_->share, message.share);
  const bool is_right =
      key && message.confirmation == confirmation_of(key->bytes, message.number, kAccepts);
  if (!is_right) {
    if (is_doubtful_) return;
    refuse(message.number, RotationRefusal::kBadShare);
    return give_up(News::kForged);
  }
  PairKeys both = keys_;
  both.next = NextKey{*key, offering_->now_s, message.number, true, offering_->share};
  if (!keep(both)) return;  // the other unit says it again, and so this is tried again
  wipe(offering_->private_key);
  offering_.reset();
  both_since_ = now;
  outlet_.use(keys_);
  outlet_.tell(News::kExchanged);
  say_kept(message.number, key->bytes);
}

void Rotation::hear_kept(const RotationMessage& message, MonoTime now) {
  if (phase() != Phase::kAccepted || keys_.next->rotation != message.number) return;
  const auto right = confirmation_of(keys_.next->key.bytes, message.number, kKeeps);
  if (message.confirmation != right) return;
  PairKeys both = keys_;
  both.next->is_proven = true;
  if (!keep(both)) return;
  both_since_ = now;
  outlet_.tell(News::kExchanged);
}

void Rotation::hear_refuse(const RotationMessage& message) {
  if (offering_ && offering_->number == message.number) {
    if (is_doubtful_) return;
    return give_up(News::kRefused);
  }
  if (phase() != Phase::kAccepted || keys_.next->rotation != message.number) return;
  if (!keep({keys_.current, keys_.made_s, std::nullopt})) return;
  outlet_.use(keys_);
  outlet_.tell(News::kWithdrawn);
}

void Rotation::say_offer(MonoTime now) {
  again_at_ = now + kAgain;
  outlet_.send({.kind = RotationKind::kOffer,
                .number = offering_->number,
                .base = proof_of(keys_.current),
                .share = offering_->share});
}

void Rotation::say_accept(MonoTime now) {
  again_at_ = now + kAgain;
  const NextKey& next = *keys_.next;
  outlet_.send({.kind = RotationKind::kAccept,
                .number = next.rotation,
                .share = next.share,
                .key = proof_of(next.key),
                .confirmation = confirmation_of(next.key.bytes, next.rotation, kAccepts)});
}

void Rotation::say_kept(const RotationNumber& number, const KeyBytes& key) {
  outlet_.send({.kind = RotationKind::kKept,
                .number = number,
                .confirmation = confirmation_of(key, number, kKeeps)});
}

void Rotation::refuse(const RotationNumber& number, RotationRefusal why) {
  outlet_.send(
      {.kind = RotationKind::kRefuse, .number = number, .why = static_cast<std::uint8_t>(why)});
}

void Rotation::give_up(News why) {
  wipe(offering_->private_key);
  offering_.reset();
  outlet_.tell(why);
}

}  // namespace yoke::pair
