// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

// Letters of ASCII, as names of the network compare. Threads: any.
namespace yoke::health {

[[nodiscard]] inline std::string lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::for_each(out, [](char& c) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  });
  return out;
}

// What a server says is wrong, as model::shown() has it, but long enough for whole sentences with
// the names of accounts and hosts in them.
[[nodiscard]] inline std::string quoted(std::string_view words) {
  constexpr std::size_t kLongest = 160;
  std::string safe(words.substr(0, kLongest));
  for (char& c : safe) {
    if (c < ' ' || c > '~') c = '?';
  }
  return "'" + safe + (words.size() > kLongest ? "...'" : "'");
}

}  // namespace yoke::health
