// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "mgmt/model/schema.h"

namespace yoke::peer {

// Of a release's kinds of records, their fields and the words that these take: units that have the
// same understand each other's changes. PURE. Threads: any.
[[nodiscard]] std::uint64_t schema_mark(std::span<const model::RecordType> types);

}  // namespace yoke::peer
