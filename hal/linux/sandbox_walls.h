// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>

#include "hal/linux/sandbox.h"

// A part of yoke-sandbox: the namespaces that a program runs in, and what it sees of files in
// them. Threads: the one there is.
namespace yoke::hal::sandbox {

enum class Walls : std::uint8_t { kNone, kNamespaces, kNamespacesAndUsers };

// New namespaces of processes, mounts and IPC, for what this process starts from now on; in a user
// namespace of its own where it is not root. kNone with errno where neither is to be had.
[[nodiscard]] Walls build_walls();

// In a new user namespace: everybody is who he was, and makes no further ones.
void map_users(uid_t uid, gid_t gid);

// What could not be done.
struct Obstacle {
  Step step = Step::kProgram;
  int error = 0;  // errno; 0: nothing
};

// In new namespaces, by their first process: no file can be changed, other processes are not seen,
// /tmp and the folders are empty, but for the one that `program` lies in.
[[nodiscard]] Obstacle hide_files(std::span<char* const> folders, const char* program);

}  // namespace yoke::hal::sandbox
