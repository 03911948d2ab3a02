// SPDX-License-Identifier: Apache-2.0
#include "cli/origin.h"

#include <algorithm>
#include <string_view>

namespace yoke::cli {
namespace {

constexpr std::size_t kBytesMax = 60;  // of the 64 that the protocol takes

bool is_shown(std::string_view text) {
  return !text.empty() && text.size() <= kBytesMax &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

std::string origin(const std::string& ssh_connection, const std::string& terminal) {
  const std::string client = ssh_connection.substr(0, ssh_connection.find(' '));
  if (is_shown(client)) return client + " ssh";
  constexpr std::string_view kDevices = "/dev/";
  const auto name = terminal.starts_with(kDevices) ? terminal.substr(kDevices.size()) : terminal;
  return is_shown(name) ? name : std::string();
}

}  // namespace yoke::cli
