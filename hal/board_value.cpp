// SPDX-License-Identifier: Apache-2.0
#include "hal/board_value.h"

#include <algorithm>

namespace yoke::hal {
namespace {

constexpr unsigned kCoreMax = 1023;
constexpr std::size_t kCoresMax = 64;  // as many workers as the data plane has

std::vector<std::string> list_of(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const auto comma = text.find(',');
    std::string part(text.substr(0, comma));
    part.erase(0, std::min(part.find_first_not_of(" \t"), part.size()));
    part.erase(part.find_last_not_of(" \t") + 1);
    parts.push_back(std::move(part));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

bool is_of_one_host(const net::IpAddress& address) {
  return !address.is_unspecified() && !address.is_multicast() && !address.is_loopback();
}

// Of a network with room for more than two; in one without, both addresses are hosts' (RFC 3021,
// RFC 6164).
bool is_network_itself(const net::Prefix& prefix) {
  return prefix.mapped_length() < 127 && prefix.network() == prefix.address;
}

Problem check_address(const net::Prefix& prefix, bool has_length) {
  const std::string address = prefix.address.to_string();
  if (!has_length) {
    return fmt::format("{} lacks the length of its network, as in {}/{}", address, address,
                       prefix.address.is_v4() ? 24 : 64);
  }
  if (!is_of_one_host(prefix.address)) return address + " cannot be an address of a port";
  if (prefix.length == 0) return prefix.to_string() + ": expected a network smaller than all";
  if (is_network_itself(prefix)) {
    return prefix.to_string() + " is the network itself; expected an address in it";
  }
  return std::nullopt;
}

}  // namespace

bool is_name(std::string_view text, std::size_t longest) {
  return !text.empty() && text.size() <= longest && text != "." && text != ".." &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == '.';
         });
}

Problem read_cores(const std::string& text, std::vector<unsigned>& to) {
  if (text == "any") return std::nullopt;
  for (const std::string& part : list_of(text)) {
    unsigned core = 0;
    if (read_number(part, 0u, kCoreMax, core)) {
      return fmt::format("expected `any` or numbers up to {}, parted by commas", kCoreMax);
    }
    if (std::ranges::find(to, core) != to.end()) return fmt::format("core {} is given twice", core);
    if (to.size() == kCoresMax) return fmt::format("expected at most {} cores", kCoresMax);
    to.push_back(core);
  }
  return std::nullopt;
}

Problem read_addresses(const std::string& text, std::vector<net::Prefix>& to) {
  for (const std::string& part : list_of(text)) {
    const auto prefix = net::Prefix::parse(part);
    if (!prefix) return prefix.error().text;
    if (auto problem = check_address(*prefix, part.find('/') != std::string::npos)) return problem;
    to.push_back(*prefix);
  }
  return std::nullopt;
}

Problem read_gateways(const std::string& text, std::vector<net::IpAddress>& to) {
  for (const std::string& part : list_of(text)) {
    const auto address = net::IpAddress::parse(part);
    if (!address) return address.error().text;
    if (!is_of_one_host(*address)) return part + " cannot be a gateway";
    for (const net::IpAddress& other : to) {
      if (other.is_v4() != address->is_v4()) continue;
      return fmt::format("expected at most one {} gateway", other.is_v4() ? "IPv4" : "IPv6");
    }
    to.push_back(*address);
  }
  return std::nullopt;
}

}  // namespace yoke::hal
