// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <limits>
#include <string>

#include "dataplane/net/address.h"
#include "mgmt/snmp/objects.h"

namespace yoke::snmp {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMost32 = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t kTextMax = 255;          // of SnmpAdminString
constexpr std::size_t kIndexTextMax = 64;      // an object's name has 128 numbers at most
constexpr std::uint32_t kIpv4 = 1, kIpv6 = 2;  // InetAddressType

const json* member(const json& row, std::string_view key) {
  if (!row.is_object()) return nullptr;
  const auto found = row.find(key);
  return found == row.end() ? nullptr : &*found;
}

std::optional<std::uint64_t> number_in(const json& value) {
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  if (!value.is_number_integer() || value.get<std::int64_t>() < 0) return std::nullopt;
  return static_cast<std::uint64_t>(value.get<std::int64_t>());
}

// At most 255 octets, and no part of a character.
std::string short_text(std::string text) {
  if (text.size() <= kTextMax) return text;
  std::size_t end = kTextMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  text.resize(end);
  return text;
}

// RFC 2579: year, month, day, hour, minutes, seconds, tenths, and how far from UTC.
std::string date_of(std::uint64_t seconds) {
  using namespace std::chrono;
  constexpr std::uint64_t kLast = 253402300799;  // of the year 9999
  const sys_seconds when{std::chrono::seconds(std::min(seconds, kLast))};
  const auto day = floor<days>(when);
  const year_month_day date(day);
  const hh_mm_ss time(when - day);
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  std::string octets;
  for (const auto part :
       {year / 256, year % 256, static_cast<unsigned>(date.month()),
        static_cast<unsigned>(date.day()), static_cast<unsigned>(time.hours().count()),
        static_cast<unsigned>(time.minutes().count()),
        static_cast<unsigned>(time.seconds().count()), 0U, unsigned{'+'}, 0U, 0U}) {
    octets += static_cast<char>(part);
  }
  return octets;
}

std::uint32_t type_of(const net::IpAddress& address) { return address.is_v4() ? kIpv4 : kIpv6; }

std::string octets_of(const net::IpAddress& address) {
  if (address.is_v4()) return {address.v4_octets(), address.v4_octets() + 4};
  return {address.octets().begin(), address.octets().end()};
}

Value integer(std::uint64_t number) { return {Syntax::kInteger, number, {}}; }
Value unsigned32(std::uint64_t number) {
  return {Syntax::kUnsigned, std::min(number, kMost32), {}};
}
Value octets(std::string bytes) { return {Syntax::kOctets, 0, std::move(bytes)}; }

std::optional<Value> from_number(Reading reading, std::uint64_t number) {
  if (reading == Reading::kUnsigned) return unsigned32(number);
  if (reading == Reading::kCounter64) return Value{Syntax::kCounter64, number, {}};
  if (reading == Reading::kDate) return octets(date_of(number));
  return std::nullopt;
}

std::optional<Value> from_address(Reading reading, const std::string& text) {
  const auto service = net::ServiceAddress::parse(text);
  const auto endpoint =
      service ? Result<net::Endpoint>(service->endpoint) : net::Endpoint::parse(text);
  if (!endpoint) return std::nullopt;
  if (reading == Reading::kAddressType) return integer(type_of(endpoint->address));
  if (reading == Reading::kAddress) return octets(octets_of(endpoint->address));
  if (reading == Reading::kPort) return unsigned32(endpoint->port);
  if (reading != Reading::kProtocol || !service) return std::nullopt;
  return integer(static_cast<std::uint64_t>(service->protocol));
}

std::optional<Value> from_text(const Column& column, const std::string& text) {
  if (column.reading == Reading::kText) return octets(short_text(text));
  if (column.reading != Reading::kWord) return from_address(column.reading, text);
  const auto found = std::ranges::find(column.words, text);
  if (found == column.words.end()) return std::nullopt;
  return integer(static_cast<std::uint64_t>(found - column.words.begin()) + 1);
}

void append_octets(Oid& oid, std::string_view bytes) {
  oid.push_back(static_cast<std::uint32_t>(bytes.size()));
  for (const char c : bytes) oid.push_back(static_cast<unsigned char>(c));
}

}  // namespace

std::optional<Value> value_of(const Column& column, const json& row) {
  const json* const value = member(row, column.key);
  if (value == nullptr) return std::nullopt;
  if (const auto number = number_in(*value)) return from_number(column.reading, *number);
  if (value->is_string()) return from_text(column, value->get_ref<const std::string&>());
  return std::nullopt;
}

std::optional<Oid> index_of(const Group& group, const json& row) {
  if (group.index == Index::kNone) return Oid{0};
  const json* const key = member(row, group.key);
  if (key == nullptr) return std::nullopt;
  if (group.index == Index::kNumber) {
    const auto number = number_in(*key);
    if (!number || *number == 0 || *number > kMost32) return std::nullopt;
    return Oid{static_cast<std::uint32_t>(*number)};
  }
  if (!key->is_string()) return std::nullopt;
  const auto& text = key->get_ref<const std::string&>();
  if (text.empty() || text.size() > kIndexTextMax) return std::nullopt;
  Oid oid;
  append_octets(oid, text);
  if (group.index == Index::kText) return oid;
  const json* const server = member(row, "server");
  if (server == nullptr || !server->is_string()) return std::nullopt;
  const auto endpoint = net::Endpoint::parse(server->get_ref<const std::string&>());
  if (!endpoint) return std::nullopt;
  oid.push_back(type_of(endpoint->address));
  append_octets(oid, octets_of(endpoint->address));
  oid.push_back(endpoint->port);
  return oid;
}

}  // namespace yoke::snmp
