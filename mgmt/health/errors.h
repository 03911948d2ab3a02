// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

// The errors of this folder; mgmt/model/errors.h says what each means. Threads: constant data, any.
namespace yoke::health {

inline constexpr std::string_view kTooManyProbes = "E-421";

}  // namespace yoke::health
