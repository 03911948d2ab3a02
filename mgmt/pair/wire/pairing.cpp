// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/wire/pairing.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace yoke::pair {
namespace {

constexpr std::uint32_t kMagic = 0x594b5052;  // "YKPR"
constexpr std::uint8_t kVersion = 1;
constexpr std::uint64_t kCodes = 1'000'000;

enum Type : std::uint8_t {
  kCommit = 1,
  kOffer = 2,
  kReveal = 3,
  kConfirm = 4,
  kAbort = 5,
  kKept = 6
};
enum Field : std::uint16_t {
  kName = 1,
  kCommitment = 2,
  kPublicKey = 3,
  kNumber = 4,
  kProof = 5,
  kReason = 6
};

using Number = std::array<std::uint8_t, 16>;

struct Header {
  net::Be32 magic;
  std::uint8_t version, type;
  net::Be16 length;  // of what follows
};
static_assert(sizeof(Header) == 8);

Bytes bytes_of(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// A message of fields, which are put in by `fill`.
template <typename Fill>
Pairing::Message message_of(Type type, const Fill& fill) {
  Pairing::Message message(Pairing::kMessageMost);
  TlvWriter writer({message.data() + sizeof(Header), message.size() - sizeof(Header)});
  fill(writer);
  message.resize(sizeof(Header) + writer.size());
  net::store(message.data(),
             Header{net::Be32::from_host(kMagic), kVersion, type,
                    net::Be16::from_host(static_cast<std::uint16_t>(writer.size()))});
  return message;
}

// It goes to a terminal before anybody is trusted.
bool is_name(Bytes text) noexcept {
  return !text.empty() && text.size() <= Pairing::kNameMost &&
         std::all_of(text.begin(), text.end(), [](std::uint8_t c) { return c > 0x20 && c < 0x7f; });
}

bool equal(const Bits256& a, const Bits256& b) noexcept {
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned>(a[i] ^ b[i]);
  return difference == 0;
}

}  // namespace

// All that any message may have.
struct Pairing::Body {
  std::string name;
  std::optional<Bits256> commitment, key, proof;
  std::optional<Number> number;
  std::optional<std::uint8_t> reason;

  [[nodiscard]] static std::optional<Body> read(Bytes bytes) {
    Body body;
    TlvReader reader(bytes);
    while (const auto tlv = reader.next()) {
      bool good = true;
      switch (tlv->type) {
        case kName:
          good = is_name(tlv->value);
          body.name.assign(tlv->value.begin(), tlv->value.end());
          break;
        case kCommitment:
          good = (body.commitment = tlv->as<Bits256>()).has_value();
          break;
        case kPublicKey:
          good = (body.key = tlv->as<Bits256>()).has_value();
          break;
        case kNumber:
          good = (body.number = tlv->as<Number>()).has_value();
          break;
        case kProof:
          good = (body.proof = tlv->as<Bits256>()).has_value();
          break;
        case kReason:
          good = (body.reason = tlv->as<std::uint8_t>()).has_value();
          break;
        default:
          break;  // the next release's
      }
      if (!good) return std::nullopt;
    }
    if (reader.malformed()) return std::nullopt;
    return body;
  }
};

std::string_view to_string(PairingFailure failure) noexcept {
  constexpr std::array<std::string_view, 12> kNames{
      "none",           "malformed",      "newer-version", "wrong-order",      "both-asked",
      "reflected",      "bad-commitment", "weak-key",      "bad-confirmation", "rejected-here",
      "rejected-there", "busy-there"};
  return kNames[static_cast<std::size_t>(failure)];
}

Pairing::Pairing(const Random& random, std::string name)
    : random_(random), public_key_(public_key(random.private_key)), name_(std::move(name)) {}

Pairing::~Pairing() { end(PairingFailure::kNone); }

std::optional<std::size_t> Pairing::message_size(Bytes stream) noexcept {
  if (stream.size() < sizeof(Header)) return std::nullopt;
  const auto header = net::load<Header>(stream.data());
  if (header.magic.host() != kMagic) return kMessageMost + 1;
  return sizeof(Header) + header.length.host();
}

Bits256 Pairing::commitment(const Bits256& key, Bytes number) const {
  constexpr std::string_view kLabel = "yoke pairing commitment 1";
  Message all(kLabel.begin(), kLabel.end());
  all.insert(all.end(), key.begin(), key.end());
  all.insert(all.end(), number.begin(), number.end());
  return sha256(all);
}

void Pairing::add_to_transcript(Bytes message) {
  // Each message has its length in itself, so what is joined can be taken apart in one way only.
  transcript_.insert(transcript_.end(), message.begin(), message.end());
}

Pairing::Message Pairing::begin() {
  if (state_ != PairingState::kIdle) return {};
  initiator_ = true;
  state_ = PairingState::kExchanging;
  Message message = message_of(kCommit, [&](TlvWriter& writer) {
    writer.add(kName, bytes_of(name_));
    writer.add(kCommitment, commitment(public_key_, random_.number));
  });
  add_to_transcript(message);
  return message;
}

Pairing::Message Pairing::receive(Bytes message) {
  if (state_ == PairingState::kFailed) return {};
  if (message.size() < sizeof(Header)) return fail(PairingFailure::kMalformed);
  const auto header = net::load<Header>(message.data());
  if (header.magic.host() != kMagic || header.version == 0 || message.size() > kMessageMost ||
      message.size() != sizeof header + header.length.host()) {
    return fail(PairingFailure::kMalformed);
  }
  if (header.version > kVersion) return fail(PairingFailure::kNewerVersion);
  const auto body = Body::read(message.subspan(sizeof header));
  if (!body) return fail(PairingFailure::kMalformed);
  return take(header.type, *body, message);
}

Pairing::Message Pairing::take(std::uint8_t type, const Body& body, Bytes message) {
  const bool waits = state_ == PairingState::kExchanging;
  switch (type) {
    case kCommit:
      if (initiator_ && waits) return fail(PairingFailure::kBothAsked);
      if (state_ == PairingState::kIdle) return take_commit(body, message);
      break;
    case kOffer:
      if (initiator_ && waits) return take_offer(body, message);
      break;
    case kReveal:
      if (!initiator_ && waits) return take_reveal(body, message);
      break;
    case kConfirm:
      if (state_ == PairingState::kComparing || state_ == PairingState::kAwaitsOther) {
        return take_confirm(body);
      }
      break;
    case kAbort:
      // One who is paired is told nothing any more.
      if (state_ != PairingState::kPaired) {
        const bool is_busy = body.reason == static_cast<std::uint8_t>(PairingFailure::kBusyThere);
        end(is_busy ? PairingFailure::kBusyThere : PairingFailure::kRejectedThere);
      }
      return {};
    case kKept:
      if (state_ == PairingState::kPaired) return take_kept(body);
      break;
    default:
      break;
  }
  return fail(PairingFailure::kWrongOrder);
}

Pairing::Message Pairing::take_commit(const Body& body, Bytes message) {
  if (!body.commitment || body.name.empty()) return fail(PairingFailure::kMalformed);
  commitment_ = body.commitment;
  secrets_.other = body.name;
  state_ = PairingState::kExchanging;
  add_to_transcript(message);
  Message offer = message_of(kOffer, [&](TlvWriter& writer) {
    writer.add(kName, bytes_of(name_));
    writer.add(kPublicKey, public_key_);
    writer.add(kNumber, random_.number);
  });
  add_to_transcript(offer);
  return offer;
}

Pairing::Message Pairing::take_offer(const Body& body, Bytes message) {
  if (!body.key || !body.number || body.name.empty()) return fail(PairingFailure::kMalformed);
  secrets_.other = body.name;
  add_to_transcript(message);
  Message reveal = message_of(kReveal, [&](TlvWriter& writer) {
    writer.add(kPublicKey, public_key_);
    writer.add(kNumber, random_.number);
  });
  add_to_transcript(reveal);
  if (!agree(*body.key)) return fail(failure_);
  return reveal;
}

Pairing::Message Pairing::take_reveal(const Body& body, Bytes message) {
  if (!body.key || !body.number) return fail(PairingFailure::kMalformed);
  if (!commitment_ || !equal(commitment(*body.key, *body.number), *commitment_)) {
    return fail(PairingFailure::kBadCommitment);
  }
  add_to_transcript(message);
  if (!agree(*body.key)) return fail(failure_);
  return {};
}

bool Pairing::agree(const Bits256& others_key) {
  if (others_key == public_key_) {
    failure_ = PairingFailure::kReflected;
    return false;
  }
  auto secret = shared_secret(random_.private_key, others_key);
  if (!secret) {
    failure_ = PairingFailure::kWeakKey;
    return false;
  }
  const Bits256 salt = sha256(transcript_);
  std::array<std::uint8_t, 8> code{};
  hkdf(*secret, salt, "yoke pairing code 1", code);
  hkdf(*secret, salt, "yoke pair key 1", secrets_.pair_key);
  Bits256 of_initiator{}, of_responder{};
  hkdf(*secret, salt, "yoke pairing initiator 1", of_initiator);
  hkdf(*secret, salt, "yoke pairing responder 1", of_responder);
  own_confirmation_ = initiator_ ? of_initiator : of_responder;
  others_confirmation_ = initiator_ ? of_responder : of_initiator;
  hkdf(*secret, salt, "yoke pairing initiator kept 1", initiator_ ? own_kept_ : others_kept_);
  hkdf(*secret, salt, "yoke pairing responder kept 1", initiator_ ? others_kept_ : own_kept_);
  wipe(*secret);
  secrets_.unit = initiator_ ? Unit::kA : Unit::kB;
  code_ = fmt::format("{:06}", net::load<net::Be64>(code.data()).host() % kCodes);
  state_ = PairingState::kComparing;
  return true;
}

Pairing::Message Pairing::take_confirm(const Body& body) {
  if (!body.proof) return fail(PairingFailure::kMalformed);
  if (!equal(*body.proof, others_confirmation_)) return fail(PairingFailure::kBadConfirmation);
  other_confirmed_ = true;
  if (state_ == PairingState::kAwaitsOther) state_ = PairingState::kPaired;
  return {};
}

// One who is paired stays so: what proves nothing is as if it had not come.
Pairing::Message Pairing::take_kept(const Body& body) noexcept {
  other_kept_ = other_kept_ || (body.proof && equal(*body.proof, others_kept_));
  return {};
}

Pairing::Message Pairing::kept() const {
  if (state_ != PairingState::kPaired) return {};
  return message_of(kKept, [&](TlvWriter& writer) { writer.add(kProof, own_kept_); });
}

Pairing::Message Pairing::busy() {
  return message_of(kAbort, [&](TlvWriter& writer) {
    writer.add_value(kReason, static_cast<std::uint8_t>(PairingFailure::kBusyThere));
  });
}

Pairing::Message Pairing::confirm() {
  if (state_ != PairingState::kComparing) return {};
  state_ = other_confirmed_ ? PairingState::kPaired : PairingState::kAwaitsOther;
  return message_of(kConfirm, [&](TlvWriter& writer) { writer.add(kProof, own_confirmation_); });
}

Pairing::Message Pairing::reject() {
  if (state_ == PairingState::kPaired || state_ == PairingState::kFailed) return {};
  return fail(PairingFailure::kRejectedHere);
}

Pairing::Message Pairing::fail(PairingFailure reason) {
  // One who is paired stays so, whatever comes after.
  if (state_ == PairingState::kPaired) return {};
  end(reason);
  return message_of(kAbort, [&](TlvWriter& writer) {
    writer.add_value(kReason, static_cast<std::uint8_t>(reason));
  });
}

void Pairing::end(PairingFailure reason) noexcept {
  state_ = PairingState::kFailed;
  failure_ = reason;
  wipe(random_.private_key);
  wipe(secrets_.pair_key);
  wipe(own_confirmation_);
  wipe(others_confirmation_);
  wipe(own_kept_);
  wipe(others_kept_);
}

}  // namespace yoke::pair
