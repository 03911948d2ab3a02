// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <memory>
#include <string>

#include "hal/base/result.h"
#include "hal/linux/line_server.h"
#include "mgmt/rpc/unit.h"

namespace yoke::rpc {

// Listens at `path` and gives each client a Session; E-606. `unit` outlives it. Threads: the
// loop's.
[[nodiscard]] Result<std::unique_ptr<hal::LineServer>> serve(sd_event* event,
                                                             const std::string& path, Unit& unit);

}  // namespace yoke::rpc
