// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "hal/base/result.h"

// Bytes as configuration holds them: \r \n \t \\ and \x00 stand for one byte each, everything else
// for itself. Pure; threads: any.
namespace yoke::model {

// E-102, with the column of the escape that is none.
[[nodiscard]] Result<std::string> parse_bytes(std::string_view text);

}  // namespace yoke::model
