// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/client/answer.h"

#include <charconv>

namespace yoke::pair {

using nlohmann::json;

json part_in(const json& object, const char* key) {
  const auto at = object.is_object() ? object.find(key) : object.end();
  return at != object.end() ? *at : json();
}

std::string text_in(const json& object, const char* key) {
  const json found = part_in(object, key);
  return found.is_string() ? found.get<std::string>() : std::string();
}

std::optional<std::uint64_t> number_in(const json& object, const char* key) {
  const json found = part_in(object, key);
  return found.is_number_unsigned() ? std::optional(found.get<std::uint64_t>()) : std::nullopt;
}

json list_in(const json& object, const char* key) {
  json found = part_in(object, key);
  return found.is_array() ? found : json::array();
}

bool read_octets(const std::string& digits, std::span<std::uint8_t> octets) {
  if (digits.size() != 2 * octets.size()) return false;
  const char* at = digits.data();
  for (std::uint8_t& octet : octets) {
    if (std::from_chars(at, at + 2, octet, 16).ptr != at + 2) return false;
    at += 2;
  }
  return true;
}

}  // namespace yoke::pair
