// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

// What SNMP carries, without its library. Threads: values, any.
namespace yoke::snmp {

using Oid = std::vector<std::uint32_t>;
using OidView = std::span<const std::uint32_t>;

enum class Syntax : std::uint8_t { kInteger, kUnsigned, kCounter64, kOctets };

struct Value {
  Syntax syntax = Syntax::kOctets;
  std::uint64_t number = 0;  // kUnsigned: below 2^32; kInteger: below 2^31
  std::string octets;        // kOctets

  friend bool operator==(const Value&, const Value&) = default;
};

// An instance and its value.
struct Binding {
  Oid oid;
  Value value;
};

}  // namespace yoke::snmp
