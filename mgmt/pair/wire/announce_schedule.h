// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "dataplane/net/address.h"
#include "hal/base/clock.h"

// When a unit that has taken a group says so: a claim frame on each VLAN, then an announcement of
// each VIP, all of it three times (at once, after 100 ms, after 1 s), and again every minute. Never
// faster than the rate, so that 1,000 VIPs neither overrun a switch's processor nor their own port.
// A generator: the caller asks what to send now and when to ask again. Threads: owned by one.
namespace yoke::pair {

// A VIP and the VLAN it is on; rows of one VLAN are to stand together.
struct VipPlace {
  net::IpAddress address;
  std::uint16_t vlan = 0;
  friend bool operator==(const VipPlace&, const VipPlace&) = default;
};

class AnnounceSchedule {
 public:
  struct Pace {
    std::chrono::nanoseconds interval = std::chrono::microseconds(50);  // 20,000 frames a second
    unsigned burst = 32;  // at least 1: that may go at once, where the caller was late
  };
  static constexpr std::array<std::chrono::milliseconds, 3> kRounds{
      std::chrono::milliseconds(0), std::chrono::milliseconds(100),
      std::chrono::milliseconds(1000)};
  static constexpr std::chrono::seconds kRefresh{60};
  // Between two calls of again() that do something: three a second.
  static constexpr std::chrono::milliseconds kAgainLeast{333};

  explicit AnnounceSchedule(Pace pace) : pace_(pace) {}
  AnnounceSchedule() : AnnounceSchedule(Pace{}) {}

  // The group was claimed at `now`. `places` must outlive stop() or the next start().
  void start(std::span<const VipPlace> places, MonoTime now) noexcept;
  // The group is another's.
  void stop() noexcept { places_ = {}; }
  // Somebody still sends for it: one more round, unless that was done just now.
  bool again(MonoTime now) noexcept;

  struct Item {
    std::size_t place = 0;  // index into `places`
    bool is_claim = false;  // of its VLAN; else of the VIP
    friend bool operator==(const Item&, const Item&) = default;
  };
  // What to send at `now`, or nothing yet.
  [[nodiscard]] std::optional<Item> next(MonoTime now) noexcept;
  // When next() has something again; nothing while stopped.
  [[nodiscard]] std::optional<MonoTime> due() const noexcept;

 private:
  // Claims first, then VIPs; position_ counts through places twice.
  void settle() noexcept;
  void begin_round(MonoTime at) noexcept;
  [[nodiscard]] bool starts_vlan(std::size_t place) const noexcept {
    return place == 0 || places_[place].vlan != places_[place - 1].vlan;
  }
  [[nodiscard]] MonoTime earliest() const noexcept;

  Pace pace_;
  std::span<const VipPlace> places_;
  MonoTime claimed_{}, round_at_{}, again_at_{};
  MonoTime paced_{};  // when the frames so far would all have gone at the rate
  std::size_t round_ = 0, position_ = 0;
};

}  // namespace yoke::pair
