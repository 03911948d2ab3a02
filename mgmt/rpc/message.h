// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "hal/base/result.h"

// JSON-RPC 2.0 messages as lines (mgmt/README.md). Whatever bytes come in, what goes out is a value
// or an Error. Threads: pure, any.
namespace yoke::rpc {

// Longest line in either direction, without its newline: a configuration of 1,000 VIPs and 16,000
// servers is about 1 MiB.
inline constexpr std::size_t kLineBytesMax = std::size_t{16} << 20;

struct Request {
  nlohmann::json id;  // number, string, or null
  std::string method;
  nlohmann::json params;  // an object
};

// E-610 not JSON, E-611 not a request. Nesting beyond 64 is refused before anything is built.
[[nodiscard]] Result<Request> parse_request(std::string_view line);

// Lines without their newline.
[[nodiscard]] std::string request_line(std::uint64_t id, const std::string& method,
                                       const nlohmann::json& params);
[[nodiscard]] std::string result_line(const nlohmann::json& id, nlohmann::json result);
// `data` is an object; `id` of the error is added to it.
[[nodiscard]] std::string error_line(const nlohmann::json& id, const Error& error,
                                     nlohmann::json data = nlohmann::json::object());

// The answer in `line`: its result, or its error with `data` beside it.
struct Answer {
  nlohmann::json id;
  Result<nlohmann::json> result;
  nlohmann::json error_data = nlohmann::json::object();
};
// E-605 where `line` is no answer.
[[nodiscard]] Result<Answer> parse_answer(std::string_view line);

}  // namespace yoke::rpc
