// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/announcer.h"

#include <algorithm>
#include <utility>

#include "mgmt/pair/daemon/pair_clock.h"
#include "mgmt/pair/wire/advert.h"

namespace yoke::pair {
namespace {

constexpr std::size_t kAskedAtOnce = 8;
constexpr int kMostInATurn = 64;                 // frames; heartbeats go between
constexpr std::chrono::seconds kAdvertEvery{1};  // what VRRP has where nothing is configured
constexpr int kMostHeard = 64;  // that are none of ours, before others have their turn

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
      if (vip.is_v4() && vips.adverted.size() < kAdvertAddressesMost) vips.adverted.push_back(vip);
    }
  }
}

void Announcer::start(std::size_t group, MonoTime now) noexcept {
  groups_[group].schedule.start(groups_[group].places, now);
  if (!groups_[group].adverted.empty()) groups_[group].advert_at = now;
}

// No advert of priority 0 behind it: the lease is gone by now, and with it the right to the virtual
// MAC.
void Announcer::stop(std::size_t group) noexcept {
  groups_[group].schedule.stop();
  groups_[group].advert_at.reset();
}

void Announcer::send_advert(const GroupVips& group) noexcept {
  if (!source_) return;
  Advert advert;
  advert.source = *source_;
  advert.vrid = group.vrid;
  advert.priority = group.priority;
  advert.interval = static_cast<std::uint16_t>(kAdvertEvery / std::chrono::milliseconds(10));
  advert.addresses = group.adverted;
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
      send_advert(group);
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

std::optional<net::IpAddress> Announcer::hear() noexcept {
  std::array<std::uint8_t, 256> room{};
  for (int i = 0; i < kMostHeard; ++i) {
    const auto frame = socket_.receive(room);
    if (!frame) return std::nullopt;
    const auto found = holder(*frame);
    if (found && found->mac != socket_.mac()) return found->address;
  }
  return std::nullopt;
}

}  // namespace yoke::pair
