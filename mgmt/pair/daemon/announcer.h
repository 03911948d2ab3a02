// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "hal/base/clock.h"
#include "mgmt/pair/daemon/packet_socket.h"
#include "mgmt/pair/daemon/settings.h"
#include "mgmt/pair/wire/announce_schedule.h"
#include "mgmt/pair/wire/vip_frames.h"

namespace yoke::pair {

// What this unit says and asks about its VIPs on their own network: claim frames, gratuitous ARP,
// unsolicited neighbour advertisements, VRRP adverts (of IPv4), probes; and who else answers.
// Through the kernel's twin of the data port: what is sent into a twin leaves by the port. Nothing
// allocates after construction. Threads: owned by one.
class Announcer {
 public:
  Announcer(const std::vector<GroupSettings>& groups, std::string interface);

  void keep() noexcept { socket_.keep(); }
  // The group is ours, at `now`.
  void start(std::size_t group, MonoTime now) noexcept;
  void stop(std::size_t group) noexcept;
  void again(std::size_t group, MonoTime now) noexcept { (void)groups_[group].schedule.again(now); }
  // What adverts come from: the port's own IPv4 address. Without one there are none.
  void set_source(const std::optional<net::IpAddress>& ipv4) noexcept { source_ = ipv4; }
  // Until when the lease is; nothing is said beyond it, however late this thread is.
  void hold(std::size_t group, MonoTime until) noexcept { groups_[group].held_until = until; }
  // Asks whether somebody has VIPs of the group: a few at a time, in turn.
  void ask(std::size_t group) noexcept;
  // Sends what is due, and no more than a bounded number of frames.
  void go_on(MonoTime now) noexcept;
  [[nodiscard]] std::optional<MonoTime> due() const noexcept;

  // Another host says that it has this address, or nothing more for now.
  [[nodiscard]] std::optional<net::IpAddress> hear() noexcept;
  [[nodiscard]] const PacketSocket& socket() const noexcept { return socket_; }

 private:
  struct GroupVips {
    Group vrid = 0;
    bool virtual_mac = false;
    std::vector<VipPlace> places;
    std::vector<net::IpAddress> adverted;  // of IPv4, as many as an advert holds
    std::uint8_t priority = 0;
    AnnounceSchedule schedule{};
    std::optional<MonoTime> advert_at{};  // while the group is ours
    MonoTime held_until{};
    std::size_t asked = 0;
  };
  void send_advert(const GroupVips& group) noexcept;
  [[nodiscard]] Link link_of(const GroupVips& group, const VipPlace& place) const noexcept;

  PacketSocket socket_;
  std::optional<net::IpAddress> source_;
  std::vector<GroupVips> groups_;
  std::array<std::uint8_t, 2048> frame_{};
};

}  // namespace yoke::pair
