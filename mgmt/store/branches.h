// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "hal/base/result.h"
#include "mgmt/store/database.h"
#include "mgmt/store/records.h"

// Histories that had to give way to the peer's, each under a name and as it was, beside the one
// that runs. Threads: as the database.
namespace yoke::store {

struct Branch {
  std::string name;                          // "revision-20-of-epoch-6", or with a number behind it
  std::chrono::system_clock::time_point at;  // it was put aside
  std::uint64_t revision = 0;                // its newest
  std::uint64_t common = 0;                  // the one before its oldest: in the history still
};

inline constexpr std::size_t kBranchesKept = 16;

// Newest first.
[[nodiscard]] Result<std::vector<Branch>> branches(Database& database);
// What the newest revision of one held. E-404, E-504.
[[nodiscard]] Result<Records> records_of_branch(Database& database, const std::string& name);

// E-404. Within the caller's transaction.
[[nodiscard]] Status drop_branch(Database& database, const std::string& name);

// The revisions beyond `common` go from the history; as a branch named after `newest` where
// `as_branch`. `held` is what the newest holds. Whatever comes next follows `common` without a way
// back from it. Within the caller's transaction.
struct Parting {
  std::uint64_t newest = 0;
  std::uint64_t epoch = 0;  // of it
  std::uint64_t common = 0;
  bool as_branch = true;
  std::chrono::system_clock::time_point at = {};
};
[[nodiscard]] Status part_with(Database& database, const Parting& parting, const Records& held);

}  // namespace yoke::store
