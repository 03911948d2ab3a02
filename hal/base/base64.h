// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

// Base64 (RFC 4648, section 4): bytes as text, for messages that hold text alone. Threads: any.
namespace yoke {

[[nodiscard]] std::string to_base64(std::string_view bytes);
// Nothing where `text` is not exactly what to_base64() gives.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace yoke
