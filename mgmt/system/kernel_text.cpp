// SPDX-License-Identifier: Apache-2.0
#include <linux/if_addr.h>
#include <linux/ipv6_route.h>
#include <linux/route.h>

#include <array>
#include <bit>
#include <charconv>
#include <sstream>

#include "mgmt/system/kernel.h"

namespace yoke::system {
namespace {

using Words = std::vector<std::string>;

std::vector<Words> lines_of(std::string_view text) {
  std::vector<Words> lines;
  std::istringstream all{std::string(text)};
  for (std::string line; std::getline(all, line);) {
    std::istringstream one(line);
    Words words;
    for (std::string word; one >> word;) words.push_back(std::move(word));
    lines.push_back(std::move(words));
  }
  return lines;
}

std::optional<std::uint32_t> number(std::string_view text, int base) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// As the kernel prints it: 32 digits.
std::optional<net::IpAddress> ipv6(std::string_view text) {
  std::array<std::uint8_t, 16> octets{};
  if (text.size() != octets.size() * 2) return std::nullopt;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    const auto octet = number(text.substr(i * 2, 2), 16);
    if (!octet) return std::nullopt;
    octets[i] = static_cast<std::uint8_t>(*octet);
  }
  return net::IpAddress::v6(octets);
}

// As the kernel prints it: the word as it lies in memory.
std::optional<net::IpAddress> ipv4(std::string_view text) {
  const auto word = number(text, 16);
  if (!word) return std::nullopt;
  return net::IpAddress::load_v4(&*word);
}

std::optional<net::Prefix> prefix6(std::string_view address, std::string_view length) {
  const auto read = ipv6(address);
  const auto bits = number(length, 16);
  if (!read || !bits || *bits > 128) return std::nullopt;
  return net::Prefix{*read, static_cast<std::uint8_t>(*bits)};
}

constexpr std::uint32_t kNotForPackets = RTF_REJECT;

}  // namespace

std::vector<OwnAddress> read_if_inet6(std::string_view text) {
  std::vector<OwnAddress> found;
  for (const Words& words : lines_of(text)) {
    if (words.size() != 6) continue;
    const auto prefix = prefix6(words[0], words[2]);
    const auto flags = number(words[4], 16);
    if (!prefix || !flags || (*flags & IFA_F_DADFAILED) != 0) continue;
    found.push_back({words[5], *prefix});
  }
  return found;
}

std::vector<KernelRoute> read_route(std::string_view text) {
  std::vector<KernelRoute> found;
  for (const Words& words : lines_of(text)) {
    if (words.size() < 8) continue;
    const auto network = ipv4(words[1]);
    const auto gateway = ipv4(words[2]);
    const auto flags = number(words[3], 16);
    const auto metric = number(words[6], 10);
    const auto mask = number(words[7], 16);
    if (!network || !gateway || !flags || !metric || !mask) continue;  // the titles, say
    if ((*flags & RTF_UP) == 0 || (*flags & kNotForPackets) != 0) continue;
    KernelRoute route{
        {*network, static_cast<std::uint8_t>(std::popcount(*mask))}, {}, words[0], *metric};
    if ((*flags & RTF_GATEWAY) != 0) route.gateway = *gateway;
    found.push_back(std::move(route));
  }
  return found;
}

std::vector<KernelRoute> read_ipv6_route(std::string_view text) {
  std::vector<KernelRoute> found;
  for (const Words& words : lines_of(text)) {
    if (words.size() != 10) continue;
    const auto prefix = prefix6(words[0], words[1]);
    const auto gateway = ipv6(words[4]);
    const auto metric = number(words[5], 16);
    const auto flags = number(words[8], 16);
    if (!prefix || !gateway || !metric || !flags) continue;
    constexpr std::uint32_t kKernelsOwn = RTF_LOCAL | RTF_ANYCAST | RTF_CACHE;
    if ((*flags & RTF_UP) == 0 || (*flags & (kNotForPackets | kKernelsOwn)) != 0) continue;
    if (prefix->address.is_multicast() || words[9] == "lo") continue;
    KernelRoute route{*prefix, {}, words[9], *metric};
    if ((*flags & RTF_GATEWAY) != 0) route.gateway = *gateway;
    found.push_back(std::move(route));
  }
  return found;
}

}  // namespace yoke::system
