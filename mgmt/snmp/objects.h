// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string_view>

#include "mgmt/snmp/value.h"

// YOKE-MIB.txt as a table: each object is a key of a row that `show` answers. Pure. Threads: any.
namespace yoke::snmp {

// How a row's value becomes an object's. Where it cannot, there is no instance.
enum class Reading : std::uint8_t {
  kUnsigned,     // a number; what is more than 32 bits hold is told as the most they do
  kCounter64,    // a number
  kText,         // text
  kWord,         // one of `words`: its place among them, from 1
  kAddressType,  // of "192.0.2.1:80" or "192.0.2.1:80/tcp": 1 is IPv4, 2 is IPv6
  kAddress,      // the same: its octets
  kPort,         // the same
  kProtocol,     // of "192.0.2.1:80/tcp": the protocol's number
  kDate,         // seconds since 1970, as DateAndTime
};

struct Column {
  std::uint32_t number;
  std::string_view key;
  Reading reading = Reading::kUnsigned;
  std::span<const std::string_view> words = {};
};

[[nodiscard]] std::optional<Value> value_of(const Column& column, const nlohmann::json& row);

// What tells the rows of a group apart.
enum class Index : std::uint8_t {
  kNone,          // scalars: there is one row
  kText,          // `key`
  kTextEndpoint,  // `key`, then "server"
  kNumber,        // `key`
};

enum class GroupId : std::uint8_t { kUnit, kVip, kServer, kPort, kDrop, kAlarm };
inline constexpr std::size_t kGroups = 6;

struct Group {
  GroupId id;
  std::uint32_t number;  // below yokeObjects
  Index index;
  std::string_view key;
  std::span<const Column> columns;  // in the order of their numbers
};

// In the order of their numbers, and of GroupId.
[[nodiscard]] const std::array<Group, kGroups>& groups() noexcept;
[[nodiscard]] const Group& group_of(GroupId id) noexcept;

// Index of a row, or nothing where it has none that makes sense.
[[nodiscard]] std::optional<Oid> index_of(const Group& group, const nlohmann::json& row);

// Of yokeMIB.
inline constexpr std::array<std::uint32_t, 8> kMib{1, 3, 6, 1, 4, 1, YOKE_ENTERPRISE, 1};
inline constexpr std::uint32_t kNotifications = 0, kObjects = 1;
inline constexpr std::uint32_t kAlarmRaised = 1, kAlarmCleared = 2;  // below kNotifications

}  // namespace yoke::snmp
