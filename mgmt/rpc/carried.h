// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "mgmt/rpc/unit.h"

namespace yoke::rpc {

// Makes what somebody has typed on the other unit (Session::carry there), edits of the revision
// `base`, which both have had. What comes back is a line of the protocol: the answer that he would
// have got here. Waits as a commit does. Threads: as Session.
[[nodiscard]] std::string answer_carried(Unit& unit, std::uint64_t base,
                                         const std::string& request);

}  // namespace yoke::rpc
