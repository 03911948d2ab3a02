// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/packet_socket.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/pkt_sched.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

#include "mgmt/pair/daemon/flow_pump.h"
#include "mgmt/pair/wire/vip_frames.h"

namespace yoke::pair {
namespace {

constexpr int kReceiveBuffer = 1 << 20;
constexpr int kFlowReceiveBuffer = 4 << 20;
// So much of flow sync may wait in the kernel before a heartbeat, where its queue knows no classes:
// 2 ms of a link of 1 Gbit/s.
constexpr int kFlowSendBuffer = 128 << 10;

constexpr int kVrrp = 112;

// ARP; ICMPv6 of type 136 right behind the IPv6 header; VRRP in IPv4 and IPv6.
constexpr std::array kHolderFilter{
    sock_filter{BPF_LD | BPF_H | BPF_ABS, 0, 0, 12},
    sock_filter{BPF_JMP | BPF_JEQ | BPF_K, 9, 0, ETHERTYPE_ARP},
    sock_filter{BPF_JMP | BPF_JEQ | BPF_K, 1, 0, ETHERTYPE_IP},
    sock_filter{BPF_JMP | BPF_JEQ | BPF_K, 2, 8, ETHERTYPE_IPV6},
    sock_filter{BPF_LD | BPF_B | BPF_ABS, 0, 0, 14 + 9},
    sock_filter{BPF_JMP | BPF_JEQ | BPF_K, 5, 6, kVrrp},
    sock_filter{BPF_LD | BPF_B | BPF_ABS, 0, 0, 14 + 6},
    sock_filter{BPF_JMP | BPF_JEQ | BPF_K, 3, 0, kVrrp},
    sock_filter{BPF_JMP | BPF_JEQ | BPF_K, 0, 3, 58},
    sock_filter{BPF_LD | BPF_B | BPF_ABS, 0, 0, 14 + 40},
    sock_filter{BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 136},
    sock_filter{BPF_RET | BPF_K, 0, 0, 0xffff},
    sock_filter{BPF_RET | BPF_K, 0, 0, 0},
};

// All but our own EtherTypes; of a frame no more than its addresses.
constexpr std::array kAnyoneFilter{
    sock_filter{BPF_LD | BPF_H | BPF_ABS, 0, 0, 12},
    sock_filter{BPF_JMP | BPF_JEQ | BPF_K, 2, 0, kPairEtherType},
    sock_filter{BPF_JMP | BPF_JEQ | BPF_K, 1, 0, FlowPump::kEtherType},
    sock_filter{BPF_RET | BPF_K, 0, 0, 14},
    sock_filter{BPF_RET | BPF_K, 0, 0, 0},
};
// One that is there is enough; the others are dropped before they cost anything.
constexpr int kAnyoneReceiveBuffer = 8 << 10;

// VRRP's groups, which an interface may not let in unasked.
void join_adverts(int fd, int index) noexcept {
  constexpr std::array<std::array<std::uint8_t, 6>, 2> kGroups{
      {{0x01, 0x00, 0x5e, 0x00, 0x00, 0x12}, {0x33, 0x33, 0x00, 0x00, 0x00, 0x12}}};
  for (const auto& group : kGroups) {
    packet_mreq request{};
    request.mr_ifindex = index;
    request.mr_type = PACKET_MR_MULTICAST;
    request.mr_alen = 6;
    std::memcpy(request.mr_address, group.data(), group.size());
    (void)::setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof request);
  }
}

std::uint16_t protocol_of(PacketSocket::Takes takes) noexcept {
  if (takes == PacketSocket::Takes::kPairFrames) return kPairEtherType;
  return takes == PacketSocket::Takes::kFlowFrames ? FlowPump::kEtherType : ETH_P_ALL;
}

// Queues have classes: heartbeats go before whatever else leaves by the interface, flow sync after.
void size_buffers(int fd, PacketSocket::Takes takes) noexcept {
  const bool is_bulk = takes == PacketSocket::Takes::kFlowFrames;
  const int priority = is_bulk ? TC_PRIO_BULK : TC_PRIO_CONTROL;
  (void)::setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &priority, sizeof priority);
  if (takes == PacketSocket::Takes::kAnyone) {
    (void)::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kAnyoneReceiveBuffer,
                       sizeof kAnyoneReceiveBuffer);
    return;
  }
  if (!is_bulk) {
    (void)::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof kReceiveBuffer);
    return;
  }
  (void)::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kFlowSendBuffer, sizeof kFlowSendBuffer);
  if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kFlowReceiveBuffer,
                   sizeof kFlowReceiveBuffer) != 0) {
    (void)::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kFlowReceiveBuffer, sizeof kFlowReceiveBuffer);
  }
}

template <std::size_t kSize>
bool attach_filter(int fd, std::array<sock_filter, kSize> filter) noexcept {
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  return ::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

}  // namespace

// Of what the kernel can be asked only what it answers without its lock of all interfaces (rtnl),
// which others hold for long.
void PacketSocket::keep() noexcept {
  if (!questions_) {
    questions_ = FileDescriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  }
  ifreq about{};
  interface_.copy(about.ifr_name, IFNAMSIZ - 1);
  const bool is_there = ::ioctl(questions_.get(), SIOCGIFINDEX, &about) == 0;
  const int index = is_there ? about.ifr_ifindex : 0;
  if (takes_ != Takes::kNothing && (index != index_ || (is_there && !fd_))) {
    fd_.reset();
    index_ = 0;
    if (is_there) open(index);
  }
  has_link_ = is_there && ::ioctl(questions_.get(), SIOCGIFFLAGS, &about) == 0 &&
              (about.ifr_flags & IFF_UP) != 0 && (about.ifr_flags & IFF_RUNNING) != 0;
  // An interface's address may be changed under it.
  if (is_there && ::ioctl(questions_.get(), SIOCGIFHWADDR, &about) == 0) {
    std::memcpy(mac_.octets.data(), about.ifr_hwaddr.sa_data, mac_.octets.size());
  }
}

void PacketSocket::open(int index) noexcept {
  // Bound before it has a protocol, and filtered before that: no frame of another kind or interface
  // is ever in its queue.
  FileDescriptor fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return;
  if (takes_ == Takes::kHolders && !attach_filter(fd.get(), kHolderFilter)) return;
  if (takes_ == Takes::kAnyone && !attach_filter(fd.get(), kAnyoneFilter)) return;
  const int yes = 1;
  (void)::setsockopt(fd.get(), SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes);
  size_buffers(fd.get(), takes_);
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(protocol_of(takes_));
  address.sll_ifindex = index;
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return;
  if (takes_ == Takes::kHolders) join_adverts(fd.get(), index);
  fd_ = std::move(fd);
  index_ = index;
}

std::optional<Bytes> PacketSocket::receive(std::span<std::uint8_t> room) noexcept {
  // One error may be pending, of an interface that went down; frames are behind it.
  for (int attempt = 0; fd_ && attempt < 2; ++attempt) {
    const ssize_t n = ::recv(fd_.get(), room.data(), room.size(), MSG_DONTWAIT);
    if (n < 0) continue;
    ++counts_.received;
    return Bytes(room.data(), static_cast<std::size_t>(n));
  }
  return std::nullopt;
}

bool PacketSocket::send(Bytes frame) noexcept {
  const bool sent = fd_ && ::send(fd_.get(), frame.data(), frame.size(), MSG_DONTWAIT) ==
                               static_cast<ssize_t>(frame.size());
  ++(sent ? counts_.sent : counts_.not_sent);
  return sent;
}

}  // namespace yoke::pair
