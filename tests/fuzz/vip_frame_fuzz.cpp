// SPDX-License-Identifier: Apache-2.0
// Frames that anybody on a VIP's VLAN may send: VRRP adverts, ARP and neighbour discovery, frames
// of our own EtherType. With the first octet odd the checksums of an advert are made right first.
#include <cstdlib>
#include <vector>

#include "dataplane/net/checksum.h"
#include "mgmt/pair/wire/advert.h"
#include "mgmt/pair/wire/vip_frames.h"

namespace yoke::pair {
namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

// As an IPv4 advert of 20 octets of header would have them.
void mend(std::vector<std::uint8_t>& frame) {
  constexpr std::size_t kIp = 14, kMessage = 34;
  if (frame.size() < kMessage + 8) return;
  frame[kIp + 10] = frame[kIp + 11] = frame[kMessage + 6] = frame[kMessage + 7] = 0;
  net::store(frame.data() + kIp + 10, net::PartialSum().add({&frame[kIp], 20}).checksum());
  const std::size_t length = frame.size() - kMessage;
  net::store(frame.data() + kMessage + 6,
             net::PartialSum().add({&frame[kMessage], length}).checksum());
}

// What was read makes an advert that is read alike.
void read_advert(Bytes frame) {
  const auto heard = parse_advert(frame);
  if (!heard) {
    must(!to_string(heard.error()).empty());
    return;
  }
  std::vector<net::IpAddress> addresses;
  for (std::size_t i = 0; i < heard->address_count; ++i) addresses.push_back(heard->address(i));
  for (const net::IpAddress& address : addresses) {
    if (address.is_v4() != heard->source.is_v4()) return;  // a mapped one in an IPv6 advert
  }
  std::vector<std::uint8_t> room(9000);
  const Advert advert{heard->source,   heard->vrid, heard->priority,
                      heard->interval, addresses,   heard->sum};
  const std::size_t size = encode(advert, heard->vlan, room);
  must(size > 0);
  const auto again = parse_advert({room.data(), size});
  must(again && again->vrid == heard->vrid && again->priority == heard->priority &&
       again->address_count == heard->address_count && again->vlan == heard->vlan);
}

void read_others(Bytes frame) {
  std::vector<std::uint8_t> room(std::max<std::size_t>(2 * frame.size(), 200));
  if (const auto found = holder(frame)) {
    const std::size_t size = announcement({found->mac, found->vlan}, found->address, room);
    must(holder({room.data(), size}) == found);
  }
  if (const auto ours = parse_pair_frame(frame)) {
    const std::size_t size = pair_frame(ours->link, ours->kind, ours->payload, room);
    const auto again = parse_pair_frame({room.data(), size});
    must(again && std::equal(again->payload.begin(), again->payload.end(), ours->payload.begin(),
                             ours->payload.end()));
  }
}

}  // namespace
}  // namespace yoke::pair

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::vector<std::uint8_t> frame(data + 1, data + size);
  if ((data[0] & 1) != 0) yoke::pair::mend(frame);
  yoke::pair::read_advert(frame);
  yoke::pair::read_others(frame);
  return 0;
}
