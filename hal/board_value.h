// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/net/address.h"
#include "hal/base/number.h"

// What the values of a board file say. Threads: pure.
namespace yoke::hal {

// What was expected of a value that does not say it; nothing where all is well.
using Problem = std::optional<std::string>;

// A name of letters, digits, '-', '_' and '.', as a host or an interface may have.
[[nodiscard]] bool is_name(std::string_view text, std::size_t longest);

[[nodiscard]] Problem read_cores(const std::string& text, std::vector<unsigned>& to);
[[nodiscard]] Problem read_addresses(const std::string& text, std::vector<net::Prefix>& to);
[[nodiscard]] Problem read_gateways(const std::string& text, std::vector<net::IpAddress>& to);

template <std::unsigned_integral T>
[[nodiscard]] Problem read_number(const std::string& text, T least, T most, T& to) {
  const auto number = parse_decimal(text);
  if (!number || *number < least || *number > most) {
    return fmt::format("expected a number from {} to {}", least, most);
  }
  to = static_cast<T>(*number);
  return std::nullopt;
}

template <typename T>
[[nodiscard]] Problem read_word(const std::string& text,
                                std::initializer_list<std::pair<std::string_view, T>> words,
                                T& to) {
  std::string expected;
  for (const auto& [word, value] : words) {
    if (text == word) {
      to = value;
      return std::nullopt;
    }
    expected += fmt::format("{}{}", expected.empty() ? "" : ", ", word);
  }
  return "expected one of " + expected;
}

}  // namespace yoke::hal
