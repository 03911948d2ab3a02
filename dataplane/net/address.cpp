// SPDX-License-Identifier: Apache-2.0
#include "dataplane/net/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include "hal/base/number.h"

namespace yoke::net {
namespace {

constexpr std::string_view kBadAddress = "E-103";
constexpr std::string_view kBadEndpoint = "E-104";
constexpr std::string_view kBadPrefix = "E-105";

// Says which octet is wrong, since that is what a person at 3 a.m. has mistyped.
std::string why_not_v4(std::string_view text) {
  std::string_view rest = text;
  int octets = 0;
  while (true) {
    const auto dot = rest.find('.');
    const std::string_view octet = rest.substr(0, dot);
    const auto value = parse_decimal(octet);
    if (!value) return fmt::format("'{}' is not a number from 0 to 255", octet);
    if (*value > 255) return fmt::format("{} is above 255", *value);
    ++octets;
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  return fmt::format("it has {} parts where 4 are needed", octets);
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::uint16_t> parse_port(std::string_view text) {
  const auto port = parse_decimal(text);
  if (!port || *port == 0 || *port > 65535) {
    return fail(Errc::kInvalid, kBadEndpoint,
                fmt::format("'{}' is not a port: a number from 1 to 65535 is needed", text));
  }
  return static_cast<std::uint16_t>(*port);
}

}  // namespace

Result<MacAddress> MacAddress::parse(std::string_view text) {
  MacAddress mac;
  const auto bad = [&] {
    return fail(Errc::kInvalid, kBadAddress,
                fmt::format("'{}' is not a MAC address such as 02:00:00:00:00:0a", text));
  };
  if (text.size() != 17) return bad();
  for (std::size_t i = 0; i < 6; ++i) {
    const int high = hex_value(text[i * 3]);
    const int low = hex_value(text[i * 3 + 1]);
    if (high < 0 || low < 0 || (i < 5 && text[i * 3 + 2] != ':')) return bad();
    mac.octets[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return mac;
}

std::string MacAddress::to_string() const {
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", octets[0], octets[1], octets[2],
                     octets[3], octets[4], octets[5]);
}

Result<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string terminated(text);
  std::array<std::uint8_t, 16> octets{};
  if (terminated.find('\0') != std::string::npos || text.empty()) {
    return fail(Errc::kInvalid, kBadAddress, "an IP address is needed");
  }
  if (text.find(':') == std::string_view::npos) {
    if (::inet_pton(AF_INET, terminated.c_str(), octets.data()) != 1) {
      return fail(Errc::kInvalid, kBadAddress, "not an IPv4 address: " + why_not_v4(text));
    }
    return v4(octets[0], octets[1], octets[2], octets[3]);
  }
  if (::inet_pton(AF_INET6, terminated.c_str(), octets.data()) != 1) {
    return fail(Errc::kInvalid, kBadAddress, fmt::format("'{}' is not an IPv6 address", text));
  }
  const IpAddress address = v6(octets);
  if (address.is_v4()) {
    return fail(Errc::kInvalid, kBadAddress,
                fmt::format("write this IPv4 address as {}", address.to_string()));
  }
  return address;
}

std::string IpAddress::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (is_v4()) {
    (void)::inet_ntop(AF_INET, v4_octets(), text.data(), text.size());
  } else {
    (void)::inet_ntop(AF_INET6, octets_.data(), text.data(), text.size());
  }
  return text.data();
}

Result<Prefix> Prefix::parse(std::string_view text) {
  const auto slash = text.find('/');
  auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return tl::unexpected(address.error());
  const std::uint8_t full = address->is_v4() ? 32 : 128;
  if (slash == std::string_view::npos) return Prefix{*address, full};
  const auto length = parse_decimal(text.substr(slash + 1));
  if (!length || *length > full) {
    return fail(
        Errc::kInvalid, kBadPrefix,
        fmt::format("'{}' is not a prefix length from 0 to {}", text.substr(slash + 1), full));
  }
  return Prefix{*address, static_cast<std::uint8_t>(*length)};
}

std::string Prefix::to_string() const { return fmt::format("{}/{}", address.to_string(), length); }

IpAddress Prefix::mask() const noexcept {
  std::array<std::uint8_t, 16> octets{};
  const unsigned bits = mapped_length();
  for (unsigned i = 0; i < 16; ++i) {
    const unsigned kept = bits <= i * 8 ? 0 : (bits - i * 8 >= 8 ? 8 : bits - i * 8);
    octets[i] = static_cast<std::uint8_t>(0xff00U >> kept);
  }
  return IpAddress::v6(octets);
}

bool Prefix::contains(const IpAddress& other) const noexcept {
  if (address.is_v4() != other.is_v4()) return false;
  return Prefix{other, length}.network() == network();
}

std::string_view to_string(Protocol protocol) noexcept {
  switch (protocol) {
    case Protocol::kTcp:
      return "tcp";
    case Protocol::kUdp:
      return "udp";
    case Protocol::kIcmp:
      return "icmp";
    case Protocol::kIcmpV6:
      return "icmpv6";
  }
  return "other";
}

Result<Endpoint> Endpoint::parse(std::string_view text) {
  std::string_view host;
  std::string_view port;
  if (!text.empty() && text.front() == '[') {
    const auto close = text.find(']');
    if (close == std::string_view::npos || close + 1 >= text.size() || text[close + 1] != ':') {
      return fail(Errc::kInvalid, kBadEndpoint,
                  fmt::format("'{}' is not an endpoint such as [2001:db8::1]:80", text));
    }
    host = text.substr(1, close - 1);
    port = text.substr(close + 2);
    if (host.find(':') == std::string_view::npos) {
      return fail(Errc::kInvalid, kBadEndpoint, "brackets are for IPv6 addresses only");
    }
  } else {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) {
      return fail(Errc::kInvalid, kBadEndpoint,
                  fmt::format("'{}' has no port: write 192.0.2.1:80 or [2001:db8::1]:80", text));
    }
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (host.find(':') != std::string_view::npos) {
      return fail(Errc::kInvalid, kBadEndpoint,
                  "put an IPv6 address in brackets: [2001:db8::1]:80");
    }
  }
  auto address = IpAddress::parse(host);
  if (!address) return tl::unexpected(address.error());
  auto number = parse_port(port);
  if (!number) return tl::unexpected(number.error());
  return Endpoint{*address, *number};
}

std::string Endpoint::to_string() const {
  return address.is_v4() ? fmt::format("{}:{}", address.to_string(), port)
                         : fmt::format("[{}]:{}", address.to_string(), port);
}

Result<ServiceAddress> ServiceAddress::parse(std::string_view text) {
  const auto slash = text.rfind('/');
  if (slash == std::string_view::npos) {
    return fail(Errc::kInvalid, kBadEndpoint,
                fmt::format("'{}' has no protocol: end it with /tcp or /udp", text));
  }
  auto endpoint = Endpoint::parse(text.substr(0, slash));
  if (!endpoint) return tl::unexpected(endpoint.error());
  const std::string_view protocol = text.substr(slash + 1);
  if (protocol == "tcp") return ServiceAddress{*endpoint, Protocol::kTcp};
  if (protocol == "udp") return ServiceAddress{*endpoint, Protocol::kUdp};
  return fail(Errc::kInvalid, kBadEndpoint,
              fmt::format("'{}' is not a protocol: tcp or udp is needed", protocol));
}

std::string ServiceAddress::to_string() const {
  return fmt::format("{}/{}", endpoint.to_string(), net::to_string(protocol));
}

}  // namespace yoke::net
