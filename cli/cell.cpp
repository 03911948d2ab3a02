// SPDX-License-Identifier: Apache-2.0
#include "cli/cell.h"

#include <fmt/format.h>

#include <array>
#include <ctime>
#include <optional>

namespace yoke::cli {
namespace {

using nlohmann::json;

constexpr std::string_view kNothing = "-";

const json& member(const json& row, std::string_view key) {
  static const json kNull;
  const auto found = row.find(std::string(key));
  return found == row.end() ? kNull : *found;
}

// Nothing for what counts nothing: no number, below 0, or beyond any counter.
std::optional<std::uint64_t> number_of(const json& value) {
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  if (value.is_number_integer() && value.get<std::int64_t>() >= 0) {
    return value.get<std::uint64_t>();
  }
  if (value.is_number_float() && value.get<double>() >= 0 && value.get<double>() < 1e18) {
    return static_cast<std::uint64_t>(value.get<double>());
  }
  return std::nullopt;
}

std::optional<std::uint64_t> sum_of(const json& value) {
  if (!value.is_object()) return number_of(value);
  std::uint64_t sum = 0;
  for (const json& part : value) sum += number_of(part).value_or(0);
  return sum;
}

std::string text_of(const json& value) {
  if (value.is_null()) return std::string(kNothing);
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    return text.empty() ? std::string(kNothing) : text;
  }
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

std::string count_text(std::uint64_t count) {
  if (count < 1000) return std::to_string(count);
  if (count < 1'000'000) return fmt::format("{},{:03}", count / 1000, count % 1000);
  constexpr std::string_view kUnits = "MGTPE";
  auto value = static_cast<double>(count) / 1e6;
  std::size_t unit = 0;
  // 999.5 would round to a fourth digit.
  while (value >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f}{}", value, decimals, kUnits[unit]);
}

std::string age_text(std::uint64_t seconds) {
  struct Unit {
    char name;
    std::uint64_t seconds;
  };
  constexpr std::array<Unit, 4> kUnits{{{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}}};
  for (std::size_t i = 0; i + 1 < kUnits.size(); ++i) {
    const auto [name, size] = kUnits[i];
    if (seconds < size) continue;
    const auto [next_name, next_size] = kUnits[i + 1];
    const std::uint64_t rest = seconds % size / next_size;
    const std::string text = fmt::format("{}{}", seconds / size, name);
    return rest == 0 ? text : fmt::format("{}{}{}", text, rest, next_name);
  }
  return fmt::format("{}s", seconds);
}

std::string time_text(std::int64_t unix_seconds) {
  const auto time = static_cast<std::time_t>(unix_seconds);
  std::tm parts{};
  std::array<char, 32> text{};
  if (::localtime_r(&time, &parts) == nullptr ||
      std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts) == 0) {
    return std::string(kNothing);
  }
  return text.data();
}

std::string cell_text(const json& row, std::string_view key, Format format) {
  const auto parted = [&](char sign) {
    const auto at = key.find(sign);
    return std::pair{key.substr(0, at), at == key.npos ? std::string_view{} : key.substr(at + 1)};
  };
  if (!row.is_object()) return std::string(kNothing);
  if (format == Format::kRatio) {
    const auto [part, whole] = parted('/');
    return fmt::format("{}/{}", text_of(member(row, part)), text_of(member(row, whole)));
  }
  if (format == Format::kSum) {
    const auto [one, other] = parted('+');
    const auto sum = sum_of(member(row, one));
    const std::optional<std::uint64_t> more = other.empty() ? 0 : sum_of(member(row, other));
    // A part that is not known leaves the sum unknown.
    return sum && more ? count_text(*sum + *more) : std::string(kNothing);
  }
  const json& value = member(row, key);
  if (!value.is_number() || format == Format::kText) return text_of(value);
  const auto number = number_of(value);
  if (!number) return format == Format::kCount ? text_of(value) : std::string(kNothing);
  switch (format) {
    case Format::kCount:
      return count_text(*number);
    case Format::kAge:
      return age_text(*number);
    case Format::kTime:
      return time_text(static_cast<std::int64_t>(*number));
    case Format::kText:
    case Format::kRatio:
    case Format::kSum:
      break;
  }
  return text_of(value);
}

}  // namespace yoke::cli
