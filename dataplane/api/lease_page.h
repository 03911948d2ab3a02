// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string_view>

#include "dataplane/limits.h"

// The lease page, run/yoke/lease: memory that yoke-pair alone writes and the data plane reads. Of
// each group of VIPs a line says until when this unit may answer for it. What is not there, not of
// this boot, or not what it should be says: not at all.
//
// How a line is read without locks. Whether a group may be served hangs on two words: whose the
// line is, and until when. The second is one 64-bit word, so that a renewal is one store and no
// reader sees half of it; a writer stopped in the middle of anything leaves the lease that was
// granted, or none. (A sequence lock would leave the readers without a lease that holds, for as
// long as the writer sleeps between its two steps.) A line is given to another group only after the
// expiry was set to 0, and the reader looks at the owner before and behind the expiry, so that no
// group is served under another's. The epoch changes behind an expiry of 0 as well, so that no
// expiry is ever seen with an epoch that it was not granted in (read()).
//
// Host byte order: it never leaves the machine. Threads: any reads; one of one process writes.
namespace yoke::api {

// The clock of leases goes on while the machine is suspended, which CLOCK_MONOTONIC does not: a
// unit that wakes must find its lease gone. (A host that pauses a virtual machine may stop this one
// all the same: README.md.) Otherwise it is the same clock: nobody sets it, and it is read without
// a system call (vDSO). The cycle counter would be read faster (some 20 ns a burst), and would have
// to be trusted to run alike on every core and through live migration.
struct LeaseClock {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = std::chrono::nanoseconds;
  using time_point = std::chrono::time_point<LeaseClock>;
  [[nodiscard]] static time_point now() noexcept {
    timespec t{};
    (void)::clock_gettime(CLOCK_BOOTTIME, &t);
    return time_point(std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec));
  }
};
using LeaseTime = LeaseClock::time_point;

// No profile's lease is as long. What claims to hold for longer was not granted in this boot, or is
// no expiry at all.
inline constexpr std::chrono::nanoseconds kLeaseMost = std::chrono::seconds(5);

// Which group a line is for; never 0. FNV-1a of its name, which is empty for the VIPs that are in
// no group.
[[nodiscard]] constexpr std::uint64_t group_identity(std::string_view name) noexcept {
  std::uint64_t value = 0xcbf29ce484222325;
  for (const char c : name) value = (value ^ static_cast<std::uint8_t>(c)) * 0x100000001b3;
  return value == 0 ? 1 : value;
}

struct alignas(64) LeaseLine {
  std::atomic<std::uint64_t> owner{0};   // group_identity(); 0: nobody's
  std::atomic<std::uint64_t> expiry{0};  // ns of LeaseClock: from then on it is over; 0: none
  std::atomic<std::uint64_t> epoch{0};   // of the election that it was granted in; for people
  // Of a group that was handed over, both 0 otherwise and in version 1: until when what a worker
  // has decided under the lease may still leave, though the lease itself is over; and until when
  // frames for it are the other unit's, to be sent on to it.
  std::atomic<std::uint64_t> drained{0}, redirected{0};
  std::array<std::uint64_t, 3> spare{};  // 0; of later versions

  // For how much longer `group` may be served; 0: not at all.
  [[nodiscard]] std::chrono::nanoseconds remaining(std::uint64_t group,
                                                   LeaseTime now) const noexcept {
    constexpr std::chrono::nanoseconds kNone{0};
    if (owner.load(std::memory_order_acquire) != group) return kNone;
    const auto end = expiry.load(std::memory_order_acquire);
    if (owner.load(std::memory_order_relaxed) != group) return kNone;
    return until(end, now);
  }
  [[nodiscard]] static std::chrono::nanoseconds until(std::uint64_t end, LeaseTime now) noexcept {
    // Where it is over the difference is negative, and without a sign enormous.
    const std::uint64_t rest = end - static_cast<std::uint64_t>(now.time_since_epoch().count());
    if (rest > static_cast<std::uint64_t>(kLeaseMost.count())) return std::chrono::nanoseconds(0);
    return std::chrono::nanoseconds(static_cast<std::int64_t>(rest));
  }
  // As remaining(), with what else people ask. `epoch` is that which `remaining` was granted in.
  struct State {
    std::chrono::nanoseconds remaining{0};
    std::uint64_t epoch = 0;
    bool is_granted = false;  // there is an expiry, past or not
  };
  [[nodiscard]] State read(std::uint64_t group, LeaseTime now) const noexcept {
    if (owner.load(std::memory_order_acquire) != group) return {};
    const auto before = epoch.load(std::memory_order_acquire);
    const auto end = expiry.load(std::memory_order_acquire);
    const auto after = epoch.load(std::memory_order_acquire);
    if (owner.load(std::memory_order_relaxed) != group) return {};
    if (before != after) return {.epoch = after};
    return {until(end, now), before, end != 0};
  }
  // Whether what was decided while it might be served may leave at `now`.
  [[nodiscard]] bool drains(std::uint64_t group, LeaseTime now) const noexcept {
    return of(group, drained, now);
  }
  // Whether it was handed over, and frames for it are to be sent on to the other unit.
  [[nodiscard]] bool redirects(std::uint64_t group, LeaseTime now) const noexcept {
    return of(group, redirected, now);
  }
  // Whether `group` may be served at `now`.
  [[nodiscard]] bool holds(std::uint64_t group, LeaseTime now) const noexcept {
    return remaining(group, now).count() > 0;
  }

 private:
  [[nodiscard]] bool of(std::uint64_t group, const std::atomic<std::uint64_t>& end,
                        LeaseTime now) const noexcept {
    if (owner.load(std::memory_order_acquire) != group) return false;
    const auto until_when = end.load(std::memory_order_acquire);
    if (owner.load(std::memory_order_relaxed) != group) return false;
    return until(until_when, now).count() > 0;
  }
};

struct LeaseHeader {
  static constexpr std::array<char, 8> kMagic{'Y', 'O', 'K', 'E', 'L', 'E', 'A', 'S'};
  // Raised with every change. A reader takes any page whose `oldest` is not newer than it.
  static constexpr std::uint32_t kVersion = 2;
  static constexpr std::uint32_t kOldest = 1;  // what readers of this version can make sense of it

  std::array<char, 8> magic{};
  std::uint32_t version = 0;
  std::uint32_t oldest = 0;     // the least version that a reader must be of
  std::array<char, 36> boot{};  // /proc/sys/kernel/random/boot_id
  std::array<std::uint8_t, 4> spare{};
  // Grows whenever a lease is taken back, behind that. Whoever has read it here and then finds no
  // lease knows that it is this end of it that he has seen (seen_page.h). 0: of version 1.
  std::atomic<std::uint64_t> revocations{0};
};

struct LeasePage {
  LeaseHeader header;
  std::array<LeaseLine, limits::kGroups> lines;

  // Whether it was made in the boot of this id, for readers of this version.
  [[nodiscard]] bool is_of(std::string_view boot) const noexcept {
    return header.magic == LeaseHeader::kMagic && header.oldest <= LeaseHeader::kVersion &&
           header.version >= header.oldest && header.version != 0 &&
           boot == std::string_view(header.boot.data(), header.boot.size());
  }
  // The line that is this group's, if one is; of 0, one that is nobody's.
  [[nodiscard]] std::optional<std::uint8_t> find(std::uint64_t group) const noexcept {
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (lines[i].owner.load(std::memory_order_acquire) == group) {
        return static_cast<std::uint8_t>(i);
      }
    }
    return std::nullopt;
  }
};
static_assert(sizeof(LeaseHeader) == 64 && sizeof(LeaseLine) == 64 && sizeof(LeasePage) == 4096);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

}  // namespace yoke::api
