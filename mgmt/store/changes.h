// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "mgmt/store/records.h"

// What leads from one set of records to another, as text of this folder's own: [[path, fields or
// null where it is not there]...], exactly as they are held. Threads: any.
namespace yoke::store {

[[nodiscard]] std::string changes_text(const Records& from, const Records& to);
// False where the text is none of these; then some may have been made.
[[nodiscard]] bool apply_changes(const std::string& text, Records& records);

}  // namespace yoke::store
