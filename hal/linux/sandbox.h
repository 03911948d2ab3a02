// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

// What Program and yoke-sandbox, which it runs in its own place, agree upon. The sandbox's words
// are
//   yoke-sandbox LIMIT... FOLDERS FOLDER... PROGRAM ARGUMENT...
// each LIMIT a number in the order of Limit, FOLDERS how many of them follow. Standard input and
// outputs and the environment are the program's. Threads: constant data, any.
namespace yoke::hal::sandbox {

// Its end of a pair of SOCK_SEQPACKET sockets: a Report goes out by it, and once the other end is
// closed everything is killed.
inline constexpr int kLifeline = 3;
// What the program may read besides its standard input; open where it is given anything.
inline constexpr int kAttachment = 4;

enum Limit : std::uint8_t {  // NOLINT: indexes
  kUid,
  kGid,
  kReadOnly,          // 1: see ProgramPlan
  kProcessorSeconds,  // of each process
  kMemoryBytes,
  kFileBytes,
  kProcesses,
  kFiles,
  kLimits,  // how many there are
};

struct Report {
  enum class How : std::uint32_t { kExited, kSignalled, kNotStarted };
  How how = How::kExited;
  std::int32_t number = 0;
};

}  // namespace yoke::hal::sandbox
