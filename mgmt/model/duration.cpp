// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/duration.h"

#include <fmt/format.h>

#include <array>

#include "hal/base/number.h"

namespace yoke::model {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t ms;
};
constexpr std::array<Unit, 4> kUnits{{{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::int64_t kMaxMs = std::int64_t{1000} * 24 * 3'600'000;

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  if (text == "0") return std::chrono::milliseconds{0};
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_decimal(text.substr(0, digits));
  if (!number) return std::nullopt;
  for (const Unit& unit : kUnits) {
    if (unit.name != text.substr(digits)) continue;
    if (*number > static_cast<std::uint64_t>(kMaxMs / unit.ms)) return std::nullopt;
    return std::chrono::milliseconds{static_cast<std::int64_t>(*number) * unit.ms};
  }
  return std::nullopt;
}

std::string to_text(std::chrono::milliseconds duration) {
  if (duration.count() == 0) return "0s";
  for (const Unit& unit : kUnits) {
    if (duration.count() % unit.ms == 0) {
      return fmt::format("{}{}", duration.count() / unit.ms, unit.name);
    }
  }
  return {};
}

}  // namespace yoke::model
