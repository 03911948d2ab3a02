// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dataplane/limits.h"

// The pulse page, run/yoke/pulse: memory that the data plane alone writes and yoke-pair reads. Each
// worker counts its rounds there, asleep or not (an idle one looks every 10 ms), so that whoever
// looks twice sees whether it runs: a process that is stopped, or a worker that is caught in a
// loop, still has its sockets, and the kernel takes what is written to them.
//
// Host byte order: it never leaves the machine. Threads: any reads; a line is one worker's, the
// header that of who starts them.
namespace yoke::api {

struct alignas(64) PulseLine {
  std::atomic<std::uint64_t> rounds{0};
  std::array<std::uint64_t, 7> spare{};  // 0; of later versions
};

struct PulseHeader {
  static constexpr std::array<char, 8> kMagic{'Y', 'O', 'K', 'E', 'P', 'U', 'L', 'S'};
  // As LeaseHeader has it.
  static constexpr std::uint32_t kVersion = 1;

  std::array<char, 8> magic{};
  std::uint32_t version = 0;
  std::uint32_t oldest = 0;
  std::array<char, 36> boot{};            // /proc/sys/kernel/random/boot_id
  std::atomic<std::uint32_t> workers{0};  // whose lines count; 0: none runs yet, or any more
  std::array<std::uint8_t, 8> spare{};
};

struct PulsePage {
  // Of the 64 that a page holds the header takes one. More workers than that say nothing.
  static constexpr std::size_t kLines = 63;

  PulseHeader header;
  std::array<PulseLine, kLines> lines;

  [[nodiscard]] bool is_of(std::string_view boot_id) const noexcept {
    return header.magic == PulseHeader::kMagic && header.oldest <= PulseHeader::kVersion &&
           header.version >= header.oldest && header.version != 0 &&
           boot_id == std::string_view(header.boot.data(), header.boot.size());
  }
};
static_assert(sizeof(PulseHeader) == 64 && sizeof(PulseLine) == 64 && sizeof(PulsePage) == 4096);
static_assert(limits::kWorkers <= PulsePage::kLines + 1);

}  // namespace yoke::api
