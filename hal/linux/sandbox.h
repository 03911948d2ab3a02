// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

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
  kWalled,            // 1: see ProgramPlan::walls
  kProcessorSeconds,  // of each process
  kMemoryBytes,
  kFileBytes,
  kProcesses,
  kFiles,
  kLimits,  // how many there are
};

// What could not be done, where a program was not started.
enum class Step : std::uint32_t {
  kProgram,  // to execute it, or to prepare for that
  kNamespaces,
  kReadOnly,
  kProcesses,
  kFolders,
  kTemporary,
  kAccount,
  kCapabilities,
  kLimits,
  kFilter,
};
// In words, behind "the sandbox cannot". Of the first there are none: that is the program's fault.
inline constexpr std::array<std::string_view, 10> kStepWords{
    "",
    "make namespaces",
    "make files read-only",
    "hide other processes",
    "hide folders of the unit",
    "make an own /tmp",
    "become a user without rights",
    "give capabilities away",
    "set limits",
    "filter system calls",
};

struct Report {
  enum class How : std::uint32_t { kExited, kSignalled, kNotStarted };
  How how = How::kExited;
  std::int32_t number = 0;
  Step step = Step::kProgram;  // of kNotStarted
};

}  // namespace yoke::hal::sandbox
