// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/connection.h"
#include "cli/line_reader.h"
#include "cli/outcome.h"

// The configuration as text to read, to keep and to feed to `apply`. Threads: owned by one.
namespace yoke::cli {

// show configuration [candidate|REVISION]: set-commands.
[[nodiscard]] Outcome show_configuration(Connection& connection, const Command& command);

// export [set|json [candidate|REVISION] | schema | manual]. Those two come out of this program and
// need no daemon.
[[nodiscard]] Outcome export_configuration(Connection& connection, const Command& command);

}  // namespace yoke::cli
