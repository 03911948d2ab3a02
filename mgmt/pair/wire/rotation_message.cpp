// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/wire/rotation_message.h"

namespace yoke::pair {
namespace {

enum Type : std::uint16_t {
  kKind = 1,
  kNumber = 2,
  kBase = 3,
  kShare = 4,
  kKey = 5,
  kConfirmation = 6,
  kWhy = 7
};

struct WireProof {
  std::uint8_t id;
  net::Be64 check;
};
static_assert(sizeof(WireProof) == 9);

struct Found {
  bool kind = false, number = false, base = false, share = false, key = false, confirmation = false;
};

template <typename Value>
bool take(const Tlv& tlv, Value& value, bool& found) noexcept {
  const auto read = tlv.as<Value>();
  if (!read) return false;
  value = *read;
  found = true;
  return true;
}

bool take_proof(const Tlv& tlv, KeyProof& proof, bool& found) noexcept {
  WireProof read{};
  if (!take(tlv, read, found)) return false;
  proof = {read.id, read.check};
  return true;
}

// Types that are not known are stepped over.
bool take_one(const Tlv& tlv, RotationMessage& message, Found& found) noexcept {
  bool any = false;
  switch (tlv.type) {
    case kKind: {
      std::uint8_t kind = 0;
      if (!take(tlv, kind, found.kind)) return false;
      message.kind = static_cast<RotationKind>(kind);
      return true;
    }
    case kNumber:
      return take(tlv, message.number, found.number);
    case kBase:
      return take_proof(tlv, message.base, found.base);
    case kShare:
      return take(tlv, message.share, found.share);
    case kKey:
      return take_proof(tlv, message.key, found.key);
    case kConfirmation:
      return take(tlv, message.confirmation, found.confirmation);
    case kWhy:
      return take(tlv, message.why, any);
    default:
      return true;
  }
}

bool is_whole(const RotationMessage& message, const Found& found) noexcept {
  if (!found.kind || !found.number) return false;
  switch (message.kind) {
    case RotationKind::kOffer:
      return found.base && found.share;
    case RotationKind::kAccept:
      return found.share && found.key && found.confirmation;
    case RotationKind::kKept:
      return found.confirmation;
    case RotationKind::kRefuse:
      return true;
  }
  return false;
}

}  // namespace

std::size_t encode(const RotationMessage& message, std::span<std::uint8_t> room) noexcept {
  TlvWriter writer(room);
  writer.add_value(kKind, static_cast<std::uint8_t>(message.kind));
  writer.add(kNumber, message.number);
  const bool offers = message.kind == RotationKind::kOffer;
  const bool accepts = message.kind == RotationKind::kAccept;
  if (offers) writer.add_value(kBase, WireProof{message.base.id, message.base.check});
  if (offers || accepts) writer.add(kShare, message.share);
  if (accepts) writer.add_value(kKey, WireProof{message.key.id, message.key.check});
  if (accepts || message.kind == RotationKind::kKept) {
    writer.add(kConfirmation, message.confirmation);
  }
  if (message.kind == RotationKind::kRefuse) writer.add_value(kWhy, message.why);
  return writer.complete() ? writer.size() : 0;
}

std::optional<RotationMessage> decode_rotation(Bytes body) noexcept {
  RotationMessage message;
  Found found;
  TlvReader reader(body);
  while (const auto tlv = reader.next()) {
    if (!take_one(*tlv, message, found)) return std::nullopt;
  }
  if (reader.malformed() || !is_whole(message, found)) return std::nullopt;
  return message;
}

}  // namespace yoke::pair
