// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/wire/message_codec.h"

#include <algorithm>
#include <type_traits>
#include <utility>
#include <variant>

namespace yoke::pair {
namespace {

// A number that is given is never given to anything else.
enum Field : std::uint16_t {
  kGroup = 1,
  kEpoch = 2,
  kRole = 3,
  kSeq = 4,
  kStamp = 5,
  kHeard = 6,
  kRank = 7,
  kFlowLag = 8,
  kVersions = 9,
  kReason = 10,
  kHolds = 11,
  kFlowSeq = 12,
  kClaimed = 13,
  kTimers = 14,
  kOthersAgo = 15,
};
constexpr std::size_t kFields = 16;

struct WireRank {
  std::uint8_t flags, health, priority;
  net::Be64 epoch, revision, hash;
};
static_assert(sizeof(WireRank) == 27);
constexpr std::uint8_t kEligible = 1, kReady = 2;

struct WireVersions {
  net::Be16 min, max;
};
struct Versions {
  std::uint16_t& min;
  std::uint16_t& max;
};
struct WireTimers {
  net::Be32 pace, lease, dead;
};
struct TimersTold {
  std::uint32_t& pace;
  std::uint32_t& lease;
  std::uint32_t& dead;
};
using Heard = std::array<std::uint64_t, kChannels>;

// What each message consists of, once for both directions. `each` is a FieldWriter or FieldReader;
// the group is first and must be there.
void fields(auto& each, Heartbeat& m) {
  each(kRole, m.role);
  each(kEpoch, m.epoch);
  each(kSeq, m.seq);
  each(kStamp, m.sent);
  each(kHeard, m.heard);
  each(kRank, m.rank);
  each(kFlowLag, m.flow_lag);
  each(kVersions, Versions{m.version_min, m.version_max});
  each(kTimers, TimersTold{m.pace, m.lease, m.dead});
  each(kOthersAgo, m.others_ago);
}
void fields(auto& each, Ack& m) {
  each(kEpoch, m.epoch);
  each(kStamp, m.echo);
}
void fields(auto& each, Resign& m) {
  each(kEpoch, m.epoch);
  each(kReason, m.reason);
}
void fields(auto& each, Probe& m) {
  each(kHolds, m.holds);
  each(kEpoch, m.epoch);
  each(kRank, m.rank);
}
void fields(auto& each, ProbeReply& m) { each(kEpoch, m.epoch); }
void fields(auto& each, HandoffPrepare& m) { each(kEpoch, m.epoch); }
void fields(auto& each, HandoffReady& m) {
  each(kEpoch, m.epoch);
  each(kStamp, m.stamp);
}
void fields(auto& each, HandoffGo& m) {
  each(kEpoch, m.epoch);
  each(kStamp, m.echo);
  each(kFlowSeq, m.flow_seq);
}
void fields(auto& each, HandoffDone& m) {
  each(kEpoch, m.epoch);
  each(kClaimed, m.claimed);
}
void fields(auto& each, HandoffAbort& m) {
  each(kEpoch, m.epoch);
  each(kReason, m.reason);
}

class FieldWriter {
 public:
  explicit FieldWriter(std::span<std::uint8_t> room) noexcept : tlvs_(room) {}

  void operator()(Field field, std::uint8_t value) noexcept { tlvs_.add_value(field, value); }
  void operator()(Field field, bool value) noexcept {
    tlvs_.add_value(field, static_cast<std::uint8_t>(value ? 1 : 0));
  }
  void operator()(Field field, Role value) noexcept {
    tlvs_.add_value(field, static_cast<std::uint8_t>(value));
  }
  void operator()(Field field, std::uint32_t value) noexcept {
    tlvs_.add_value(field, net::Be32::from_host(value));
  }
  void operator()(Field field, std::uint64_t value) noexcept {
    tlvs_.add_value(field, net::Be64::from_host(value));
  }
  void operator()(Field field, Stamp value) noexcept {
    (*this)(field, static_cast<std::uint64_t>(value));
  }
  void operator()(Field field, const Heard& value) noexcept {
    std::array<net::Be64, kChannels> wire{};
    std::transform(value.begin(), value.end(), wire.begin(), net::Be64::from_host);
    tlvs_.add_value(field, wire);
  }
  void operator()(Field field, const Rank& value) noexcept {
    const auto flags =
        static_cast<std::uint8_t>((value.eligible ? kEligible : 0) | (value.ready ? kReady : 0));
    tlvs_.add_value(field, WireRank{flags, value.health, value.priority,
                                    net::Be64::from_host(value.config.epoch),
                                    net::Be64::from_host(value.config.revision),
                                    net::Be64::from_host(value.config.hash)});
  }
  void operator()(Field field, const Versions& value) noexcept {
    tlvs_.add_value(field,
                    WireVersions{net::Be16::from_host(value.min), net::Be16::from_host(value.max)});
  }
  void operator()(Field field, const TimersTold& value) noexcept {
    tlvs_.add_value(field,
                    WireTimers{net::Be32::from_host(value.pace), net::Be32::from_host(value.lease),
                               net::Be32::from_host(value.dead)});
  }

  [[nodiscard]] const TlvWriter& written() const noexcept { return tlvs_; }

 private:
  TlvWriter tlvs_;
};

// Each call sets its target where the field is there; good() tells whether all were understood.
class FieldReader {
 public:
  explicit FieldReader(Bytes message) noexcept {
    TlvReader reader(message);
    while (const auto tlv = reader.next()) {
      if (tlv->type < kFields) found_[tlv->type] = *tlv;
    }
    good_ = !reader.malformed();
  }

  [[nodiscard]] bool has(Field field) const noexcept { return found_[field].has_value(); }
  [[nodiscard]] bool good() const noexcept { return good_; }

  void operator()(Field field, std::uint8_t& value) noexcept {
    read<std::uint8_t>(field, [&](std::uint8_t wire) { value = wire; });
  }
  void operator()(Field field, bool& value) noexcept {
    read<std::uint8_t>(field, [&](std::uint8_t wire) { value = wire != 0; });
  }
  void operator()(Field field, Role& value) noexcept {
    read<std::uint8_t>(field, [&](std::uint8_t wire) {
      good_ = good_ && wire < kRoles;
      value = static_cast<Role>(wire);
    });
  }
  void operator()(Field field, std::uint32_t& value) noexcept {
    read<net::Be32>(field, [&](net::Be32 wire) { value = wire.host(); });
  }
  void operator()(Field field, std::uint64_t& value) noexcept {
    read<net::Be64>(field, [&](net::Be64 wire) { value = wire.host(); });
  }
  void operator()(Field field, Stamp& value) noexcept {
    read<net::Be64>(field, [&](net::Be64 wire) {
      value = static_cast<Stamp>(static_cast<std::int64_t>(wire.host()));
    });
  }
  // As many channels as the sender has.
  void operator()(Field field, Heard& value) noexcept {
    if (!has(field)) return;
    const Bytes wire = found_[field]->value;
    const std::size_t channels = std::min(kChannels, wire.size() / sizeof(net::Be64));
    for (std::size_t i = 0; i < channels; ++i) {
      value[i] = net::load<net::Be64>(wire.data() + i * sizeof(net::Be64)).host();
    }
  }
  void operator()(Field field, Rank& value) noexcept {
    read<WireRank>(field, [&](const WireRank& wire) {
      value = {(wire.flags & kEligible) != 0,
               (wire.flags & kReady) != 0,
               wire.health,
               wire.priority,
               {wire.epoch.host(), wire.revision.host(), wire.hash.host()}};
    });
  }
  void operator()(Field field, Versions value) noexcept {
    read<WireVersions>(field, [&](const WireVersions& wire) {
      value.min = wire.min.host();
      value.max = wire.max.host();
    });
  }
  void operator()(Field field, TimersTold value) noexcept {
    read<WireTimers>(field, [&](const WireTimers& wire) {
      value.pace = wire.pace.host();
      value.lease = wire.lease.host();
      value.dead = wire.dead.host();
    });
  }

 private:
  template <typename Wire>
  void read(Field field, const auto& take) noexcept {
    if (!has(field)) return;
    if (const auto wire = found_[field]->as<Wire>()) {
      take(*wire);
    } else {
      good_ = false;
    }
  }
  std::array<std::optional<Tlv>, kFields> found_;
  bool good_ = true;
};

constexpr std::size_t kTypes = std::variant_size_v<Message>;

template <std::size_t kIndex>
std::optional<Message> read_as(FieldReader& reader) noexcept {
  std::variant_alternative_t<kIndex, Message> message;
  reader(kGroup, message.group);
  fields(reader, message);
  if (!reader.good() || !reader.has(kGroup)) return std::nullopt;
  return message;
}

template <std::size_t... kIndices>
std::optional<Message> read_type(std::size_t index, FieldReader& reader,
                                 std::index_sequence<kIndices...> /*all*/) noexcept {
  using Read = std::optional<Message> (*)(FieldReader&) noexcept;
  constexpr Read kReads[] = {read_as<kIndices>...};
  return kReads[index](reader);
}

}  // namespace

bool MessageWriter::add(const Message& message) noexcept {
  if (room_.size() - size_ < sizeof(TlvHeader)) return false;
  std::uint8_t* at = room_.data() + size_;
  FieldWriter writer(room_.subspan(size_ + sizeof(TlvHeader)));
  // Fields are described on what can be written to; the writer takes them by value.
  Message copy = message;
  std::visit(
      [&](auto& m) {
        writer(kGroup, m.group);
        fields(writer, m);
      },
      copy);
  const TlvWriter& written = writer.written();
  if (!written.complete() || written.size() > 0xffff) return false;
  net::store(at, TlvHeader{net::Be16::from_host(static_cast<std::uint16_t>(message.index() + 1)),
                           net::Be16::from_host(static_cast<std::uint16_t>(written.size()))});
  size_ += sizeof(TlvHeader) + written.size();
  return true;
}

std::optional<Message> MessageReader::next() noexcept {
  while (const auto tlv = left_.next()) {
    if (tlv->type == 0 || tlv->type > kTypes) {
      ++unknown_;
      continue;
    }
    FieldReader reader(tlv->value);
    auto message =
        read_type(tlv->type - std::size_t{1}, reader, std::make_index_sequence<kTypes>());
    if (message) return message;
    ++refused_;
  }
  return std::nullopt;
}

}  // namespace yoke::pair
