// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "mgmt/store/records.h"

// 16 hexadecimal digits over what is stored; they find damage, not forgery. Threads: any.
namespace yoke::store {

// Over every path and field.
[[nodiscard]] std::string digest(const Records& records);
[[nodiscard]] std::string digest(std::string_view text);

}  // namespace yoke::store
