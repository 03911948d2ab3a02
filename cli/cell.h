// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

// Values of rows as people read them. Threads: any.
namespace yoke::cli {

// "999,999" exactly, then three digits: "1.23M", "45.6G"; at most seven characters.
[[nodiscard]] std::string count_text(std::uint64_t count);
// The two largest units: "12d4h", "2m5s", "41s".
[[nodiscard]] std::string age_text(std::uint64_t seconds);
// Seconds since 1970 as local time: "2026-11-21 07:31:05".
[[nodiscard]] std::string time_text(std::int64_t unix_seconds);

enum class Format : std::uint8_t {
  kText,
  kCount,
  kAge,    // seconds
  kTime,   // seconds since 1970
  kRatio,  // key "a/b": both numbers, "2/3"
  kSum,    // key "a+b": their sum; of an object, the sum of its numbers
};

// What `row` holds under `key`; "-" where it holds nothing.
[[nodiscard]] std::string cell_text(const nlohmann::json& row, std::string_view key, Format format);

}  // namespace yoke::cli
