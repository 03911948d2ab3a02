// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/announcer.h"

#include <algorithm>
#include <utility>

#include "mgmt/pair/daemon/pair_clock.h"

namespace yoke::pair {
namespace {

constexpr std::size_t kAskedAtOnce = 8;
constexpr int kMostInATurn = 64;                 // frames; heartbeats go between
constexpr std::chrono::seconds kAdvertEvery{1};  // what VRRP has where nothing is configured
constexpr int kMostHeard = 64;  // that are none of ours, before others have their turn

constexpr std::size_t kAdvertedV6Most = 90;  // what fits a frame of 1500 octets

// RFC 9568 section 5.2.9 wants one first. Where no VIP is one, it is that of the virtual MAC.
void put_link_local_first(std::vector<net::IpAddress>& addresses, Group vrid) {
  if (addresses.empty()) return;
  const auto found = std::find_if(addresses.begin(), addresses.end(),
                                  [](const auto& address) { return address.is_link_local(); });
  if (found != addresses.end()) {
    std::rotate(addresses.begin(), found, found + 1);
    return;
  }
  const auto mac = virtual_mac(vrid, false).octets;
  addresses.insert(
      addresses.begin(),
      net::IpAddress::v6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, static_cast<std::uint8_t>(mac[0] ^ 2U),
                          mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]}));
}

}  // namespace

Announcer::Announcer(const std::vector<GroupSettings>& groups, std::string interface)
    : socket_(std::move(interface), PacketSocket::Takes::kHolders) {
  for (const GroupSettings& group : groups) {
    GroupVips& vips = groups_.emplace_back();
    vips.vrid = group.vrid;
    vips.virtual_mac = group.virtual_mac;
    vips.priority = group.priority;
    for (const auto& vip : group.vips) {
      vips.places.push_back({vip, 0});
      auto& adverted = vip.is_v4() ? vips.adverted_v4 : vips.adverted_v6;
      adverted.push_back(vip);
    }
    put_link_local_first(vips.adverted_v6, group.vrid);
    vips.adverted_v4.resize(std::min(vips.adverted_v4.size(), kAdvertAddressesMost));
    vips.adverted_v6.resize(std::min(vips.adverted_v6.size(), kAdvertedV6Most));
  }
}

void Announcer::adopt(Announcer& next, MonoTime now) noexcept {
  if (next.socket_.interface() == socket_.interface()) std::swap(socket_, next.socket_);
  next.sources_ = sources_;
  for (std::size_t i = 0; i < next.groups_.size(); ++i) {
    GroupVips& group = next.groups_[i];
    const auto before = std::find_if(groups_.begin(), groups_.end(),
                                     [&](const auto& other) { return other.vrid == group.vrid; });
    if (before == groups_.end()) continue;
    group.held_until = before->held_until;
    group.outranked = before->outranked;
    group.outranked_until = before->outranked_until;
    if (group.places == before->places && group.virtual_mac == before->virtual_mac) {
      // The schedule goes with the places that it points to.
      group.schedule = before->schedule;
      std::swap(group.places, before->places);
      group.advert_at = before->advert_at;
    } else if (before->advert_at) {
      next.start(i, now);
    }
  }
  std::swap(groups_, next.groups_);
  std::swap(socket_, next.socket_);
}

void Announcer::start(std::size_t group, MonoTime now) noexcept {
  groups_[group].schedule.start(groups_[group].places, now);
  groups_[group].advert_at = now;
}

void Announcer::stop(std::size_t group) noexcept {
  groups_[group].schedule.stop();
  groups_[group].advert_at.reset();
}

void Announcer::say_farewell(std::size_t group) noexcept {
  const GroupVips& vips = groups_[group];
  if (vips.advert_at && pair_now() < vips.held_until) send_adverts(vips, kPriorityResigned);
}

void Announcer::send_adverts(const GroupVips& group, std::uint8_t priority) noexcept {
  send_advert(group, sources_.v4, group.adverted_v4, priority);
  send_advert(group, sources_.v6, group.adverted_v6, priority);
}

void Announcer::send_advert(const GroupVips& group, const std::optional<net::IpAddress>& source,
                            const std::vector<net::IpAddress>& addresses,
                            std::uint8_t priority) noexcept {
  if (!source || addresses.empty()) return;
  Advert advert;
  advert.source = *source;
  advert.vrid = group.vrid;
  advert.priority = priority;
  advert.interval = static_cast<std::uint16_t>(kAdvertEvery / std::chrono::milliseconds(10));
  advert.addresses = addresses;
  const std::size_t size = encode(advert, 0, frame_);
  if (size != 0) (void)socket_.send({frame_.data(), size});
}

Link Announcer::link_of(const GroupVips& group, const VipPlace& place) const noexcept {
  return {group.virtual_mac ? virtual_mac(group.vrid, place.address.is_v4()) : socket_.mac(),
          place.vlan};
}

void Announcer::ask(std::size_t group) noexcept {
  GroupVips& vips = groups_[group];
  for (std::size_t i = 0; i < std::min(kAskedAtOnce, vips.places.size()); ++i) {
    const VipPlace& place = vips.places[vips.asked++ % vips.places.size()];
    // From the port's own address: the virtual one is not ours to send from yet.
    const std::size_t size = question({socket_.mac(), place.vlan}, place.address, frame_);
    if (size != 0) (void)socket_.send({frame_.data(), size});
  }
}

void Announcer::go_on(MonoTime now) noexcept {
  int left = kMostInATurn;
  for (GroupVips& group : groups_) {
    if (group.advert_at && now >= *group.advert_at && pair_now() < group.held_until) {
      send_adverts(group, group.priority);
      group.advert_at = now + kAdvertEvery;
    }
    while (left > 0 && pair_now() < group.held_until) {
      const auto item = group.schedule.next(now);
      if (!item) break;
      --left;
      const VipPlace& place = group.places[item->place];
      const Link link = link_of(group, place);
      const std::size_t size = item->is_claim ? pair_frame(link, PairFrameKind::kClaim, {}, frame_)
                                              : announcement(link, place.address, frame_);
      if (size != 0) (void)socket_.send({frame_.data(), size});
    }
  }
}

std::optional<MonoTime> Announcer::due() const noexcept {
  std::optional<MonoTime> due;
  for (const GroupVips& group : groups_) {
    const auto next = group.schedule.due();
    if (next && (!due || *next < *due)) due = next;
    if (group.advert_at && (!due || *group.advert_at < *due)) due = group.advert_at;
  }
  return due;
}

// By RFC 9568 section 6.4.3 the higher priority stays, then the higher address. Adverts of priority
// 0 and our own say nothing.
std::optional<Announcer::Heard> Announcer::weigh(const HeardAdvert& advert, MonoTime now) noexcept {
  const auto at = std::find_if(groups_.begin(), groups_.end(),
                               [&](const auto& group) { return group.vrid == advert.vrid; });
  if (at == groups_.end() || advert.priority == 0 || sources_.has(advert.source)) {
    return std::nullopt;
  }
  const auto& own = advert.source.is_v4() ? sources_.v4 : sources_.v6;
  const bool is_higher = !own || own->octets() < advert.source.octets();
  Heard heard;
  heard.group = static_cast<std::size_t>(at - groups_.begin());
  heard.from_virtual_mac = advert.mac == virtual_mac(advert.vrid, advert.source.is_v4());
  heard.outranks = heard.from_virtual_mac || advert.priority > at->priority ||
                   (advert.priority == at->priority && is_higher);
  if (!heard.outranks) {
    at->outranked = advert.mac;
    at->outranked_until = now + 4 * std::chrono::milliseconds(10) * advert.interval;
  }
  return heard;
}

bool Announcer::would_yield(const Holder& holder, MonoTime now) const noexcept {
  return std::any_of(groups_.begin(), groups_.end(), [&](const GroupVips& group) {
    return holder.mac == group.outranked && now < group.outranked_until &&
           std::any_of(group.places.begin(), group.places.end(),
                       [&](const VipPlace& place) { return place.address == holder.address; });
  });
}

std::optional<Announcer::Heard> Announcer::hear(MonoTime now) noexcept {
  std::array<std::uint8_t, 2048> room{};
  for (int i = 0; i < kMostHeard; ++i) {
    const auto frame = socket_.receive(room);
    if (!frame) return std::nullopt;
    if (const auto advert = parse_advert(*frame)) {
      if (const auto heard = weigh(*advert, now)) return heard;
      continue;
    }
    const auto found = holder(*frame);
    if (!found || found->mac == socket_.mac() || would_yield(*found, now)) continue;
    Heard heard;
    heard.holder = found->address;
    return heard;
  }
  return std::nullopt;
}

}  // namespace yoke::pair
