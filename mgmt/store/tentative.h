// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "hal/base/result.h"
#include "mgmt/replication/messages.h"
#include "mgmt/store/database.h"

// A revision that the peer proposes: on the disk, and not committed. There is one at most.
// Threads: values, any; functions as the database.
namespace yoke::store {

struct Proposed {
  replication::Revision revision;
  std::uint64_t boot = 0;  // of who proposes it
  std::uint64_t attempt = 0;

  friend bool operator==(const Proposed&, const Proposed&) = default;
};

// E-504 where it is damaged.
[[nodiscard]] Result<std::optional<Proposed>> load_proposed(Database& database);
// Replaces it, within the transaction that is open.
[[nodiscard]] Status save_proposed(Database& database, const std::optional<Proposed>& proposed);

}  // namespace yoke::store
