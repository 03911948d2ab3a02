// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "hal/base/result.h"

// The JSON-RPC 2.0 envelope around a message, one line each, for both ends of the socket.
// Threads: any.
namespace yoke::api {

struct Request {
  nlohmann::json id;  // sent back as it came; null where it could not be read
  std::string method;
  nlohmann::json params;
};

// One line, newline included.
[[nodiscard]] std::string encode_request(std::uint64_t id, std::string_view method,
                                         nlohmann::json params);
[[nodiscard]] std::string encode_result(const nlohmann::json& id, nlohmann::json result);
[[nodiscard]] std::string encode_error(const nlohmann::json& id, const Error& error);

// A line without its newline. `params` left out reads as {}.
[[nodiscard]] Result<Request> decode_request(std::string_view line);

// The result in the answer to request `id`, the Error that the other side sent, or what is strange
// about the answer (kStrangeAnswer).
[[nodiscard]] Result<nlohmann::json> decode_response(std::string_view line, std::uint64_t id);

}  // namespace yoke::api
