// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/wire/advert.h"

#include <algorithm>
#include <cstring>

#include "dataplane/net/checksum.h"

namespace yoke::pair {
namespace {

constexpr std::uint8_t kProtocol = 112, kTtl = 255, kVersion3Advert = 0x31;
constexpr std::uint8_t kService = 0xc0;  // internetwork control
constexpr std::uint16_t kDoNotFragment = 0x4000, kIntervalMost = 0x0fff;
constexpr net::IpAddress kGroup4 = net::IpAddress::v4(224, 0, 0, 18);
constexpr net::IpAddress kGroup6 =
    net::IpAddress::v6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x12});
constexpr net::MacAddress kGroup4Mac{{0x01, 0x00, 0x5e, 0x00, 0x00, 0x12}};

// RFC 9568 section 5.1; addresses follow.
struct Message {
  std::uint8_t version_type, vrid, priority, count;
  net::Be16 interval;  // the low 12 bits
  net::Be16 checksum;
};
static_assert(sizeof(Message) == 8);

net::Be16 checksum_of(Bytes message, const net::IpAddress& source, bool with_pseudo_header) {
  const net::IpAddress& group = source.is_v4() ? kGroup4 : kGroup6;
  net::PartialSum sum;
  if (with_pseudo_header) {
    sum.add(source).add(group).add(net::Be16::from_host(kProtocol));
    sum.add(net::Be16::from_host(static_cast<std::uint16_t>(message.size())));
  }
  return sum.add(message).checksum();
}

bool is_valid(const Advert& advert) noexcept {
  const bool is_v4 = advert.source.is_v4();
  return advert.vrid != 0 && advert.interval != 0 && advert.interval <= kIntervalMost &&
         !advert.addresses.empty() && advert.addresses.size() <= kAdvertAddressesMost &&
         std::all_of(advert.addresses.begin(), advert.addresses.end(),
                     [is_v4](const net::IpAddress& a) { return a.is_v4() == is_v4; });
}

void put_ipv4(std::uint8_t* at, const net::IpAddress& source, std::size_t message) noexcept {
  net::Ipv4Header ip{};
  ip.version_length = 0x45;
  ip.service = kService;
  ip.total_length = net::Be16::from_host(static_cast<std::uint16_t>(sizeof ip + message));
  ip.fragment = net::Be16::from_host(kDoNotFragment);
  ip.ttl = kTtl;
  ip.protocol = kProtocol;
  std::memcpy(ip.source.data(), source.v4_octets(), ip.source.size());
  std::memcpy(ip.destination.data(), kGroup4.v4_octets(), ip.destination.size());
  net::store(at, ip);
  ip.checksum = net::PartialSum().add({at, sizeof ip}).checksum();
  net::store(at, ip);
}

void put_ipv6(std::uint8_t* at, const net::IpAddress& source, std::size_t message) noexcept {
  net::Ipv6Header ip{};
  ip.version_class_label = net::Be32::from_host(6U << 28 | std::uint32_t{kService} << 20);
  ip.payload_length = net::Be16::from_host(static_cast<std::uint16_t>(message));
  ip.next_header = kProtocol;
  ip.hop_limit = kTtl;
  ip.source = source.octets();
  ip.destination = kGroup6.octets();
  net::store(at, ip);
}

// What an IP header says, and what it carries.
struct Datagram {
  net::IpAddress source, destination;
  std::uint8_t ttl = 0, protocol = 0;
  Bytes payload;
};
using Read = tl::expected<Datagram, AdvertRefusal>;

Read read_ipv4(Bytes packet) noexcept {
  if (packet.size() < sizeof(net::Ipv4Header)) return tl::unexpected(AdvertRefusal::kTruncated);
  const auto ip = net::load<net::Ipv4Header>(packet.data());
  const std::size_t header = (ip.version_length & 0x0fU) * std::size_t{4};
  const std::size_t total = ip.total_length.host();
  if (ip.version_length >> 4 != 4 || header < sizeof ip || total < header) {
    return tl::unexpected(AdvertRefusal::kBadIpHeader);
  }
  if (ip.protocol != kProtocol) return tl::unexpected(AdvertRefusal::kNotVrrp);
  if (packet.size() < total) return tl::unexpected(AdvertRefusal::kTruncated);
  const bool is_fragment = (ip.fragment.host() & ~kDoNotFragment) != 0;
  if (is_fragment || net::PartialSum().add(packet.first(header)).folded() != 0xffff) {
    return tl::unexpected(AdvertRefusal::kBadIpHeader);
  }
  return Datagram{net::IpAddress::load_v4(ip.source.data()),
                  net::IpAddress::load_v4(ip.destination.data()), ip.ttl, ip.protocol,
                  packet.subspan(header, total - header)};
}

Read read_ipv6(Bytes packet) noexcept {
  if (packet.size() < sizeof(net::Ipv6Header)) return tl::unexpected(AdvertRefusal::kTruncated);
  const auto ip = net::load<net::Ipv6Header>(packet.data());
  if (ip.version_class_label.host() >> 28 != 6) {
    return tl::unexpected(AdvertRefusal::kBadIpHeader);
  }
  if (ip.next_header != kProtocol) return tl::unexpected(AdvertRefusal::kNotVrrp);
  const std::size_t length = ip.payload_length.host();
  if (packet.size() - sizeof ip < length) return tl::unexpected(AdvertRefusal::kTruncated);
  return Datagram{net::IpAddress::load_v6(ip.source.data()),
                  net::IpAddress::load_v6(ip.destination.data()), ip.hop_limit, ip.next_header,
                  packet.subspan(sizeof ip, length)};
}

bool is_possible_source(const net::IpAddress& source, bool is_v4) noexcept {
  if (source.is_multicast() || source.is_unspecified() || source.is_loopback()) return false;
  return is_v4 || (!source.is_v4() && source.is_link_local());
}

// Which of the two readings the checksum holds for.
tl::expected<AdvertSum, AdvertRefusal> verify(const Datagram& datagram) noexcept {
  const auto holds = [&](bool with_pseudo_header) {
    return checksum_of(datagram.payload, datagram.source, with_pseudo_header).raw() == 0;
  };
  if (holds(true)) return AdvertSum::kWithPseudoHeader;
  if (datagram.source.is_v4() && holds(false)) return AdvertSum::kMessage;
  return tl::unexpected(AdvertRefusal::kBadChecksum);
}

// RFC 9568 section 7.1, each "MUST verify" in turn; what it says of the VRID's own settings is the
// caller's.
tl::expected<HeardAdvert, AdvertRefusal> read_message(const Datagram& datagram,
                                                      bool is_v4) noexcept {
  const auto refuse = [](AdvertRefusal reason) { return tl::unexpected(reason); };
  if (datagram.ttl != kTtl) return refuse(AdvertRefusal::kBadTtl);
  if (datagram.destination != (is_v4 ? kGroup4 : kGroup6)) {
    return refuse(AdvertRefusal::kBadDestination);
  }
  if (!is_possible_source(datagram.source, is_v4)) return refuse(AdvertRefusal::kBadSource);
  if (datagram.payload.size() < sizeof(Message)) return refuse(AdvertRefusal::kTruncated);
  const auto message = net::load<Message>(datagram.payload.data());
  const unsigned version = message.version_type >> 4U;
  if (version == 2) return refuse(AdvertRefusal::kOldVersion);
  if (version != 3) return refuse(AdvertRefusal::kBadVersion);
  if (message.version_type != kVersion3Advert) return refuse(AdvertRefusal::kBadType);
  if (message.vrid == 0) return refuse(AdvertRefusal::kBadVrid);
  const std::size_t needed = sizeof message + message.count * (is_v4 ? std::size_t{4} : 16);
  if (message.count == 0 || datagram.payload.size() != needed) {
    return refuse(AdvertRefusal::kBadLength);
  }
  const auto sum = verify(datagram);
  if (!sum) return refuse(sum.error());
  HeardAdvert heard;
  heard.source = datagram.source;
  heard.vrid = message.vrid;
  heard.priority = message.priority;
  heard.interval = message.interval.host() & kIntervalMost;
  heard.sum = *sum;
  heard.address_count = message.count;
  heard.addresses = datagram.payload.data() + sizeof message;
  if (heard.interval == 0) return refuse(AdvertRefusal::kBadInterval);
  return heard;
}

}  // namespace

std::size_t encode(const Advert& advert, std::uint16_t vlan,
                   std::span<std::uint8_t> frame) noexcept {
  if (!is_valid(advert)) return 0;
  const bool is_v4 = advert.source.is_v4();
  const std::size_t width = is_v4 ? 4 : 16;
  const std::size_t message_size = sizeof(Message) + advert.addresses.size() * width;
  const Link link{virtual_mac(advert.vrid, is_v4), vlan};
  const std::size_t ip_at = header_size(link);
  const std::size_t message_at =
      ip_at + (is_v4 ? sizeof(net::Ipv4Header) : sizeof(net::Ipv6Header));
  const std::size_t size = message_at + message_size;
  if (frame.size() < std::max(size, kFrameLeast)) return 0;

  std::uint8_t* at = frame.data() + message_at;
  Message message{kVersion3Advert,
                  advert.vrid,
                  advert.priority,
                  static_cast<std::uint8_t>(advert.addresses.size()),
                  net::Be16::from_host(advert.interval),
                  net::Be16{}};
  for (std::size_t i = 0; i < advert.addresses.size(); ++i) {
    const net::IpAddress& address = advert.addresses[i];
    std::memcpy(at + sizeof message + i * width,
                is_v4 ? address.v4_octets() : address.octets().data(), width);
  }
  net::store(at, message);
  const bool with_pseudo_header = !is_v4 || advert.sum == AdvertSum::kWithPseudoHeader;
  message.checksum = checksum_of({at, message_size}, advert.source, with_pseudo_header);
  net::store(at, message);
  if (is_v4) {
    put_ipv4(frame.data() + ip_at, advert.source, message_size);
    put_header(frame.data(), link, kGroup4Mac, static_cast<std::uint16_t>(net::EtherType::kIpv4));
  } else {
    put_ipv6(frame.data() + ip_at, advert.source, message_size);
    put_header(frame.data(), link, group_mac(kGroup6),
               static_cast<std::uint16_t>(net::EtherType::kIpv6));
  }
  return padded(frame.data(), size);
}

std::string_view to_string(AdvertRefusal reason) noexcept {
  constexpr std::array<std::string_view, kAdvertRefusals> kNames{
      "not-vrrp",     "truncated",   "bad-ip-header", "bad-ttl",  "bad-destination",
      "bad-source",   "old-version", "bad-version",   "bad-type", "bad-vrid",
      "bad-interval", "bad-length",  "bad-checksum"};
  return kNames[static_cast<std::size_t>(reason)];
}

tl::expected<HeardAdvert, AdvertRefusal> parse_advert(Bytes frame) noexcept {
  const auto ethernet = read_ethernet(frame);
  if (!ethernet) return tl::unexpected(AdvertRefusal::kTruncated);
  const bool is_v4 = ethernet->type == static_cast<std::uint16_t>(net::EtherType::kIpv4);
  const bool is_v6 = ethernet->type == static_cast<std::uint16_t>(net::EtherType::kIpv6);
  if (!is_v4 && !is_v6) return tl::unexpected(AdvertRefusal::kNotVrrp);
  const Read datagram = is_v4 ? read_ipv4(ethernet->payload) : read_ipv6(ethernet->payload);
  if (!datagram) return tl::unexpected(datagram.error());
  auto heard = read_message(*datagram, is_v4);
  if (heard) {
    heard->mac = ethernet->source;
    heard->vlan = ethernet->vlan;
  }
  return heard;
}

}  // namespace yoke::pair
