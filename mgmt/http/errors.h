// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

// Identifiers of what can be wrong with an HTTP server. Threads: constant data, any.
namespace yoke::http {

inline constexpr std::string_view kCannotListen = "E-620";
inline constexpr std::string_view kBadCertificate = "E-621";

}  // namespace yoke::http
