// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hal/base/result.h"
#include "mgmt/model/records.h"
#include "mgmt/store/database.h"

// Records between a configuration and its tables, exactly as they are held: what a release later
// makes of a value (another default, another spelling) does not change what was committed.
// Threads: as the database.
namespace yoke::store {

using Records = model::Records;

[[nodiscard]] Result<Records> load_records(Database& database);
// Writes what differs, within the caller's transaction. A row that is not as `before` says is
// E-504: somebody has changed the tables behind our back.
[[nodiscard]] Status save_records(Database& database, const Records& before, const Records& after);

}  // namespace yoke::store
