// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>

// Reading what yoke-pair answers, whatever it holds: what is missing or of another kind is as if it
// were not there. Threads: any.
namespace yoke::pair {

// What `object` holds under `key`; null where it is no object, or has none.
[[nodiscard]] nlohmann::json part_in(const nlohmann::json& object, const char* key);
[[nodiscard]] std::string text_in(const nlohmann::json& object, const char* key);
[[nodiscard]] std::optional<std::uint64_t> number_in(const nlohmann::json& object, const char* key);
// Empty where there is none.
[[nodiscard]] nlohmann::json list_in(const nlohmann::json& object, const char* key);
// Two hexadecimal digits an octet, and nothing else; false: they are not that.
[[nodiscard]] bool read_octets(const std::string& digits, std::span<std::uint8_t> octets);

}  // namespace yoke::pair
