// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace yoke::peer {

// Of this release's kinds of records and their fields: units that have the same understand each
// other's changes. PURE. Threads: any.
[[nodiscard]] std::uint64_t schema_mark();

}  // namespace yoke::peer
