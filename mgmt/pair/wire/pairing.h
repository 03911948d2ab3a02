// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mgmt/pair/messages.h"
#include "mgmt/pair/wire/agreement.h"
#include "mgmt/pair/wire/cipher.h"
#include "mgmt/pair/wire/tlv.h"

// How two fresh units come to have keys in common that nobody between them has.
//
//   initiator -> responder   commit   a hash of its public key and a random number
//   responder -> initiator   offer    its public key and random number
//   initiator -> responder   reveal   what was hashed
//   both                     a code of six digits, made of all that was said, is compared by a
//                            person, who confirms on both
//   each -> other            confirm  a value that only the other end of this very exchange can
//   tell
//   each -> other            kept     another such value: the secrets are on its disk
//
// Who sits between must have fixed both its exchanges before either unit's random number is open to
// it, so its two codes agree once in a million tries; each try takes a person who confirms.
// Messages arrive whole and in order (a stream); anything else ends it for good, with a reason.
// Threads: owned by one.
namespace yoke::pair {

enum class PairingState : std::uint8_t {
  kIdle,         // nothing was said yet
  kExchanging,   // waits for the other unit
  kComparing,    // code() is there; waits for the person
  kAwaitsOther,  // confirmed here, not there yet
  kPaired,       // secrets() are there
  kFailed,       // failure() says why
};

enum class PairingFailure : std::uint8_t {
  kNone,
  kMalformed,        // a message that makes no sense
  kNewerVersion,     // the other unit speaks a version that is not known here
  kWrongOrder,       // a message at a time when it has no meaning
  kBothAsked,        // pairing was requested on both units
  kReflected,        // what this unit said came back
  kBadCommitment,    // what was revealed is not what was committed to
  kWeakKey,          // a public key by which somebody would choose the secret
  kBadConfirmation,  // the other end does not have the same secret
  kRejectedHere,     // the person said that the codes differ, or gave up
  kRejectedThere,    // the other unit ended it
  kBusyThere,        // the other unit has to do with another try
};
// "bad-commitment".
[[nodiscard]] std::string_view to_string(PairingFailure failure) noexcept;

class Pairing {
 public:
  // What must be drawn at random, anew for each try.
  struct Random {
    Bits256 private_key{};
    std::array<std::uint8_t, 16> number{};
  };
  struct Secrets {
    KeyBytes pair_key{};   // of sealed frames, as key 1
    Unit unit = Unit::kA;  // this one's: the initiator is A
    std::string other;     // the other's name
  };
  using Message = std::vector<std::uint8_t>;

  static constexpr std::size_t kNameMost = 63;
  static constexpr std::size_t kMessageMost = 1024;

  // `name`: this unit's, 1 to kNameMost printable characters without spaces.
  Pairing(const Random& random, std::string name);
  Pairing(const Pairing&) = delete;
  Pairing& operator=(const Pairing&) = delete;
  ~Pairing();

  // The person asked for it here. Returns what to send; empty where it has begun already.
  [[nodiscard]] Message begin();
  // What came, one whole message (message_size()). Returns what to send, or empty.
  [[nodiscard]] Message receive(Bytes message);
  // The person says that both units show this code, or that they do not. Returns what to send;
  // empty where there is nothing to confirm.
  [[nodiscard]] Message confirm();
  [[nodiscard]] Message reject();
  // In kPaired alone: the secrets are on this unit's disk. Returns what to send.
  [[nodiscard]] Message kept() const;
  // The secrets are on the other unit's disk, too. While this is not known, the other unit may have
  // none: no exchange can have both know at once.
  [[nodiscard]] bool other_has_kept() const noexcept { return other_kept_; }
  // What to tell one who comes while there is another.
  [[nodiscard]] static Message busy();

  [[nodiscard]] PairingState state() const noexcept { return state_; }
  [[nodiscard]] PairingFailure failure() const noexcept { return failure_; }
  [[nodiscard]] bool is_initiator() const noexcept { return initiator_; }
  // "042137", from kComparing on.
  [[nodiscard]] const std::string& code() const noexcept { return code_; }
  // As the other unit says; not to be trusted before kPaired.
  [[nodiscard]] const std::string& other() const noexcept { return secrets_.other; }
  // In kPaired alone.
  [[nodiscard]] const Secrets* secrets() const noexcept {
    return state_ == PairingState::kPaired ? &secrets_ : nullptr;
  }

  // How many octets the message at the beginning of a stream has; nothing while too few have come
  // to tell. More than kMessageMost is none of ours, as is what does not begin like one.
  [[nodiscard]] static std::optional<std::size_t> message_size(Bytes stream) noexcept;

 private:
  struct Body;
  [[nodiscard]] Message take(std::uint8_t type, const Body& body, Bytes message);
  [[nodiscard]] Message take_commit(const Body& body, Bytes message);
  [[nodiscard]] Message take_offer(const Body& body, Bytes message);
  [[nodiscard]] Message take_reveal(const Body& body, Bytes message);
  [[nodiscard]] Message take_confirm(const Body& body);
  [[nodiscard]] Message take_kept(const Body& body) noexcept;
  // Both have said all: the code and the secrets.
  [[nodiscard]] bool agree(const Bits256& others_key);
  [[nodiscard]] Message fail(PairingFailure reason);
  void end(PairingFailure reason) noexcept;
  void add_to_transcript(Bytes message);
  [[nodiscard]] Bits256 commitment(const Bits256& key, Bytes number) const;

  Random random_;
  Bits256 public_key_;
  std::string name_;
  PairingState state_ = PairingState::kIdle;
  PairingFailure failure_ = PairingFailure::kNone;
  bool initiator_ = false, other_confirmed_ = false, other_kept_ = false;
  std::optional<Bits256> commitment_;  // the other's
  Message transcript_;
  std::string code_;
  Secrets secrets_;
  Bits256 own_confirmation_{}, others_confirmation_{}, own_kept_{}, others_kept_{};
};

}  // namespace yoke::pair
