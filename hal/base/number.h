// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace yoke {

// The whole of `text` as a decimal number without sign, space or leading zero ("0" itself aside),
// or nothing. Leading zeros are refused because readers disagree on what they mean. Threads: any.
[[nodiscard]] std::optional<std::uint64_t> parse_decimal(std::string_view text) noexcept;

}  // namespace yoke
