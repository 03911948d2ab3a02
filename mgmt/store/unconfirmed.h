// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "hal/base/result.h"

// A commit that is undone unless somebody confirms it in time. It is stored with the commit, in one
// transaction, so that neither a crash nor a power cut turns it into one that stays.
// Threads: values, any.
namespace yoke::store {

// When time is up. Within the boot that set it, its boot clock alone decides; the wall clock, which
// may be wrong or set back, is all there is to go by in a later one.
struct Deadline {
  std::string boot;                      // id of the boot that set it
  std::chrono::milliseconds boot_until;  // on CLOCK_BOOTTIME of that boot
  std::chrono::system_clock::time_point set_at;
  std::chrono::system_clock::time_point until;
  friend bool operator==(const Deadline&, const Deadline&) = default;
};

struct Unconfirmed {
  std::uint64_t revision = 0;
  std::uint64_t back_to = 0;  // the revision that was running before it
  Deadline deadline;
  friend bool operator==(const Unconfirmed&, const Unconfirmed&) = default;
};

class Database;

// The one there is, if any.
[[nodiscard]] Result<std::optional<Unconfirmed>> load_unconfirmed(Database& database);
// Replaces it, within the transaction that is open.
[[nodiscard]] Status save_unconfirmed(Database& database,
                                      const std::optional<Unconfirmed>& unconfirmed);

}  // namespace yoke::store
