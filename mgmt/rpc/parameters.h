// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

#include "hal/base/result.h"
#include "mgmt/events/choice.h"

// Reading a request's parameters, whatever they hold. Threads: any.
namespace yoke::rpc {

[[nodiscard]] tl::unexpected<Error> bad_parameters(std::string what);  // E-402
// What `params` holds under `key`, or null.
[[nodiscard]] nlohmann::json member(const nlohmann::json& params, const char* key);
// The same where it is text; "" where it is left out. E-402 for anything else, or if it is longer.
[[nodiscard]] Result<std::string> text_in(const nlohmann::json& params, const char* key,
                                          std::size_t bytes_max = 1000);
[[nodiscard]] Result<bool> flag_in(const nlohmann::json& params, const char* key);
// "event", "level" and "since_ms" (how long ago), each of which may be left out. E-404 for an event
// that there is not.
[[nodiscard]] Result<events::Choice> choice_in(const nlohmann::json& params);

}  // namespace yoke::rpc
