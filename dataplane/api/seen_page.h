// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dataplane/api/lease_page.h"
#include "dataplane/limits.h"

// What the data plane has seen of the lease page, run/yoke/lease-seen: memory that it alone writes,
// a line for each thread that sends frames under a lease (its workers), and yoke-pair reads. So a
// lease that was taken back is known to be over, instead of being waited for.
//
// A line says how many revocations its thread had read of between two of its rounds, where nothing
// that it has decided waits to be sent: what follows is decided under what the lease page says
// since. Frames that wait for another thread are held against the page by that one, before they
// leave. Or it says since when the thread sleeps, and then it sends nothing before it has looked:
// who sleeps says so behind all that he has sent; who wakes says so, fences, and looks; who takes a
// lease back fences (LeaseWriter) and reads here. One of both sees what the other did.
//
// A page that is missing, old or another's says nothing, and who reads it waits as if there were
// none. Host byte order. Threads: a line is written by its own thread, read by any.
namespace yoke::api {

struct alignas(64) SeenLine {
  std::atomic<std::uint64_t> revocations{0};   // LeaseHeader::revocations, as it was last read
  std::atomic<std::uint64_t> asleep_since{0};  // ns of LeaseClock; 0: it is awake
  std::array<std::uint64_t, 6> spare{};        // 0; of later versions

  // Between two rounds: costs a store where something was taken back, else none.
  void note(std::uint64_t now) noexcept {
    if (revocations.load(std::memory_order_relaxed) == now) return;
    revocations.store(now, std::memory_order_release);
  }
  void fall_asleep(LeaseTime now) noexcept {
    asleep_since.store(static_cast<std::uint64_t>(now.time_since_epoch().count()),
                       std::memory_order_release);
  }
  void wake_up() noexcept {
    asleep_since.store(0, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
};

struct SeenHeader {
  static constexpr std::array<char, 8> kMagic{'Y', 'O', 'K', 'E', 'S', 'E', 'E', 'N'};
  static constexpr std::uint32_t kVersion = 1;

  std::array<char, 8> magic{};
  std::uint32_t version = 0;
  std::uint32_t oldest = 0;     // the least version that a reader must be of
  std::array<char, 36> boot{};  // /proc/sys/kernel/random/boot_id
  std::uint32_t threads = 0;    // lines in use
  std::array<std::uint8_t, 8> spare{};
};

struct SeenPage {
  // Nobody sleeps for as long: who says so is no more.
  static constexpr std::chrono::seconds kSleepMost{1};
  static constexpr std::size_t kLines = 127;
  static_assert(kLines >= limits::kWorkers);

  SeenHeader header;
  std::array<SeenLine, kLines> lines;

  // Whether it was made in the boot of this id, for readers of this version.
  [[nodiscard]] bool is_of(std::string_view boot) const noexcept {
    return header.magic == SeenHeader::kMagic && header.oldest <= SeenHeader::kVersion &&
           header.version >= header.oldest && header.version != 0 && header.threads > 0 &&
           boot == std::string_view(header.boot.data(), header.boot.size());
  }
  // Whether every thread has seen so many revocations, or sleeps. `page` is that of `boot`.
  [[nodiscard]] bool have_all_seen(std::uint64_t revocations, LeaseTime now) const noexcept {
    const std::size_t threads = header.threads;
    if (threads == 0 || threads > kLines) return false;
    return std::all_of(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(threads),
                       [&](const SeenLine& line) { return has_seen(line, revocations, now); });
  }
  // Makes it anew, for so many threads, none of which has seen anything. By who alone writes it.
  void make_anew(std::string_view boot, std::size_t threads) noexcept {
    header.magic = {};
    for (SeenLine& line : lines) {
      line.revocations.store(0, std::memory_order_release);
      line.asleep_since.store(0, std::memory_order_release);
      line.spare = {};
    }
    header.version = header.oldest = SeenHeader::kVersion;
    header.boot = {};
    std::copy_n(boot.data(), std::min(boot.size(), header.boot.size()), header.boot.begin());
    header.threads = static_cast<std::uint32_t>(std::min(threads, kLines));
    header.spare = {};
    std::atomic_thread_fence(std::memory_order_release);
    header.magic = SeenHeader::kMagic;  // last: until then it is no page
  }

 private:
  [[nodiscard]] static bool has_seen(const SeenLine& line, std::uint64_t revocations,
                                     LeaseTime now) noexcept {
    const std::uint64_t since = line.asleep_since.load(std::memory_order_acquire);
    const auto slept = static_cast<std::uint64_t>(now.time_since_epoch().count()) - since;
    constexpr std::chrono::nanoseconds kMost = kSleepMost;
    if (since != 0 && slept < static_cast<std::uint64_t>(kMost.count())) return true;
    return line.revocations.load(std::memory_order_acquire) >= revocations;
  }
};
static_assert(sizeof(SeenHeader) == 64 && sizeof(SeenLine) == 64 && sizeof(SeenPage) == 8192);

}  // namespace yoke::api
