// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "hal/base/clock.h"
#include "mgmt/pair/messages.h"
#include "mgmt/pair/wire/pair_keys.h"

namespace yoke::pair {

// Two units that are paired agree on another key while they go on: PURE, no socket, file or clock.
//
//   asks                                  is asked
//   Offer (share) ->
//                                         makes the key, stores both, opens with both
//                 <- Accept (share, proof)
//   makes the key, stores both,
//   opens with both, Kept (proof) ->
//
// The key: HKDF of what X25519 makes of both shares, salted with the key before. So who learns a
// key later learns none before or after it, and who could break X25519 has not gained anything.
//
// Why there is no moment at which they cannot talk: who is asked has the new key on its disk before
// it says so, and gives it up only when told that this rotation is not known to who asked (Refuse),
// who then never stores it. Who asked stores it only once the other has it. Each lets go of the old
// key only once the other is known to have the new one on its disk. Each session seals with the new
// one only after the peer's has shown to have it (key_ring.h). Whoever starts anew goes on from
// what is on its disk: everything is said again until it is answered, and saying it twice changes
// nothing. Of two that ask at once, unit a's counts.
//
// Messages come sealed under one of the keys, once and from a process of the peer that lives
// (session.h). Threads: owned by one.
class Rotation {
 public:
  // What is waited for an answer to an offer before it is given up; between two of the same.
  static constexpr std::chrono::milliseconds kPatience{10'000}, kAgain{250};
  // For how long both keys are opened at least, so that every process of both units has heard of
  // the new one; and at most, though the peer was not heard to seal with it.
  static constexpr std::chrono::seconds kBothLeast{15}, kBothMost{600};

  // Drawn for each step that may need it; used once.
  struct Fresh {
    Bits256 private_key{};
    RotationNumber number{};
    std::int64_t now_s = 0;  // the unit's clock, for people
  };
  enum class News : std::uint8_t {
    kBegun,      // asked for here
    kAsked,      // asked for by the other unit; this one has the new key
    kExchanged,  // both units have it on their disks
    kFinished,   // the old one is gone
    kNoAnswer,   // given up, and all is as before: so for all that follow
    kRefused,    // by the other unit
    kForged,     // the other unit's share or proof is wrong
    kNotStored,  // it cannot be stored here
    kYielded,    // the other unit has asked at the same moment: its rotation goes on
    kWithdrawn,  // asked for by the other unit, which has given it up
  };
  enum class Phase : std::uint8_t {
    kIdle,
    kOffering,  // asked, and not answered
    kAccepted,  // has both; it is not known whether the other has
    kBoth,      // both have both
  };

  class Outlet {
   public:
    Outlet() = default;
    Outlet(const Outlet&) = delete;
    Outlet& operator=(const Outlet&) = delete;
    virtual ~Outlet() = default;
    // Durably, before it returns. False: it may be there or not.
    [[nodiscard]] virtual bool store(const PairKeys& keys) = 0;
    virtual void send(const RotationMessage& message) = 0;
    // All sessions are to have these (KeyRing::follow()).
    virtual void use(const PairKeys& keys) = 0;
    virtual void tell(News news) = 0;
  };

  // As on the disk; sessions are to have been started with these. `outlet` outlives it.
  Rotation(Unit unit, const PairKeys& keys, Outlet& outlet);
  Rotation(const Rotation&) = delete;
  Rotation& operator=(const Rotation&) = delete;
  ~Rotation();

  // False: one is going on.
  [[nodiscard]] bool begin(const Fresh& fresh, MonoTime now);
  void hear(const RotationMessage& message, const Fresh& fresh, MonoTime now);
  // A few times a second. `settled`: the peer was heard to seal with the newest key.
  void tick(bool settled, MonoTime now);

  [[nodiscard]] Phase phase() const noexcept;
  [[nodiscard]] const PairKeys& keys() const noexcept { return keys_; }

 private:
  struct Offering {
    RotationNumber number{};
    Bits256 private_key{}, share{};
    std::int64_t now_s = 0;
    MonoTime until;
  };

  void hear_offer(const RotationMessage& message, const Fresh& fresh, MonoTime now);
  void hear_accept(const RotationMessage& message, MonoTime now);
  void hear_kept(const RotationMessage& message, MonoTime now);
  void hear_refuse(const RotationMessage& message);
  void take_offer(const RotationMessage& message, const Fresh& fresh, MonoTime now);
  void take_accept(const RotationMessage& message, MonoTime now);
  void finish();
  void say_offer(MonoTime now);
  void say_accept(MonoTime now);
  void say_kept(const RotationNumber& number, const KeyBytes& key);
  void refuse(const RotationNumber& number, RotationRefusal why);
  void give_up(News why);
  [[nodiscard]] bool keep(const PairKeys& keys);

  [[nodiscard]] KeyProof proof_of(const Key& key) noexcept;

  Unit unit_;
  Derivation derivation_;
  PairKeys keys_;
  Outlet& outlet_;
  std::optional<Offering> offering_;
  MonoTime again_at_{};
  std::optional<MonoTime> both_since_;
  // A write has failed that may be on the disk all the same: no word is given until that is sure.
  bool is_doubtful_ = false;
};

}  // namespace yoke::pair
