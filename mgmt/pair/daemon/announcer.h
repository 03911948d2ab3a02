// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "hal/base/clock.h"
#include "mgmt/pair/daemon/packet_socket.h"
#include "mgmt/pair/daemon/settings.h"
#include "mgmt/pair/wire/advert.h"
#include "mgmt/pair/wire/announce_schedule.h"
#include "mgmt/pair/wire/vip_frames.h"

namespace yoke::pair {

// What adverts come from: addresses of the port. A family without one has no adverts.
struct AdvertSources {
  std::optional<net::IpAddress> v4, v6;  // link-local

  [[nodiscard]] bool has(const net::IpAddress& address) const noexcept {
    return v4 == address || v6 == address;
  }
};

// What this unit says and asks about its VIPs on their own network: claim frames, gratuitous ARP,
// unsolicited neighbour advertisements, VRRP adverts, probes; and who else answers or adverts.
// Through the kernel's twin of the data port: what is sent into a twin leaves by the port. Nothing
// allocates after construction. Threads: owned by one.
class Announcer {
 public:
  Announcer(const std::vector<GroupSettings>& groups, std::string interface);

  void keep() noexcept { socket_.keep(); }
  // Says from now on what `next` has to say, and goes on with what it was at; `next` gets the rest.
  void adopt(Announcer& next, MonoTime now) noexcept;
  // The group is ours, at `now`.
  void start(std::size_t group, MonoTime now) noexcept;
  void stop(std::size_t group) noexcept;
  void again(std::size_t group, MonoTime now) noexcept { (void)groups_[group].schedule.again(now); }
  void set_sources(const AdvertSources& sources) noexcept { sources_ = sources; }
  // Until when the lease is; nothing is said beyond it, however late this thread is.
  void hold(std::size_t group, MonoTime until) noexcept { groups_[group].held_until = until; }
  // Adverts of priority 0, by which others take over at once: said while the lease lasts, as the
  // virtual MAC is not ours to send from behind it.
  void say_farewell(std::size_t group) noexcept;
  // Asks whether somebody has VIPs of the group: a few at a time, in turn.
  void ask(std::size_t group) noexcept;
  // Sends what is due, and no more than a bounded number of frames.
  void go_on(MonoTime now) noexcept;
  [[nodiscard]] std::optional<MonoTime> due() const noexcept;

  struct Heard {
    // Another host says that it has this address. One whose adverts we outrank yields once we
    // claim, so its answers are not told.
    std::optional<net::IpAddress> holder;
    // Or somebody sends VRRP adverts for the group.
    std::size_t group = 0;
    bool from_virtual_mac = false;  // as the peer does, and some others
    bool outranks = false;          // by VRRP's rules he does not yield to us
  };
  // Or nothing more for now.
  [[nodiscard]] std::optional<Heard> hear(MonoTime now) noexcept;
  [[nodiscard]] const PacketSocket& socket() const noexcept { return socket_; }

 private:
  struct GroupVips {
    Group vrid = 0;
    bool virtual_mac = false;
    std::vector<VipPlace> places;
    // By family, as many as an advert holds; of IPv6 a link-local one is the first.
    std::vector<net::IpAddress> adverted_v4, adverted_v6;
    std::uint8_t priority = 0;
    AnnounceSchedule schedule{};
    std::optional<MonoTime> advert_at{};  // while the group is ours
    MonoTime held_until{};
    std::size_t asked = 0;
    net::MacAddress outranked;  // of somebody who sends adverts and would yield to us
    MonoTime outranked_until{};
  };
  void send_adverts(const GroupVips& group, std::uint8_t priority) noexcept;
  void send_advert(const GroupVips& group, const std::optional<net::IpAddress>& source,
                   const std::vector<net::IpAddress>& addresses, std::uint8_t priority) noexcept;
  [[nodiscard]] Link link_of(const GroupVips& group, const VipPlace& place) const noexcept;
  [[nodiscard]] std::optional<Heard> weigh(const HeardAdvert& advert, MonoTime now) noexcept;
  [[nodiscard]] bool would_yield(const Holder& holder, MonoTime now) const noexcept;

  PacketSocket socket_;
  AdvertSources sources_;
  std::vector<GroupVips> groups_;
  std::array<std::uint8_t, 2048> frame_{};
};

}  // namespace yoke::pair
