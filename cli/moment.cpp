// SPDX-License-Identifier: Apache-2.0
#include "cli/moment.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <optional>

#include "hal/base/number.h"
#include "mgmt/model/words.h"

namespace yoke::cli {
namespace {

using std::chrono::system_clock;

// Digits of a fixed number, as the part of a date.
std::optional<int> part(std::string_view text, std::size_t at, std::size_t length, int max) {
  if (text.size() < at + length) return std::nullopt;
  std::string_view digits = text.substr(at, length);
  while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
  const auto value = parse_decimal(digits);
  if (!value || *value > static_cast<std::uint64_t>(max)) return std::nullopt;
  return static_cast<int>(*value);
}

// "02:00" or "02:00:30"
bool read_clock(std::string_view text, std::tm& time) {
  const bool has_seconds = text.size() == 8 && text[5] == ':';
  if ((text.size() != 5 && !has_seconds) || text[2] != ':') return false;
  const auto hour = part(text, 0, 2, 23);
  const auto minute = part(text, 3, 2, 59);
  const auto second = has_seconds ? part(text, 6, 2, 59) : std::optional(0);
  if (!hour || !minute || !second) return false;
  time.tm_hour = *hour;
  time.tm_min = *minute;
  time.tm_sec = *second;
  return true;
}

bool read_day(std::string_view text, std::tm& time) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const auto year = part(text, 0, 4, 2200);  // beyond which a time_point would not hold it
  const auto month = part(text, 5, 2, 12);
  const auto day = part(text, 8, 2, 31);
  if (!year || *year < 1970 || !month || *month == 0 || !day || *day == 0) return false;
  time.tm_year = *year - 1900;
  time.tm_mon = *month - 1;
  time.tm_mday = *day;
  return true;
}

// Nothing where there is no such time: the 31st of a short month, an hour that is jumped over.
std::optional<system_clock::time_point> to_time(std::tm wanted) {
  wanted.tm_isdst = -1;
  std::tm found = wanted;
  const std::time_t seconds = std::mktime(&found);
  if (seconds == -1 || found.tm_mday != wanted.tm_mday || found.tm_mon != wanted.tm_mon ||
      found.tm_hour != wanted.tm_hour || found.tm_min != wanted.tm_min) {
    return std::nullopt;
  }
  return system_clock::from_time_t(seconds);
}

// The next time that a clock shows it.
std::optional<system_clock::time_point> next(std::tm wanted, system_clock::time_point now) {
  for (int days = 0; days < 3; ++days) {
    std::tm noon = wanted;  // which every day has
    noon.tm_hour = 12;
    noon.tm_mday += days;
    noon.tm_isdst = -1;
    (void)std::mktime(&noon);
    noon.tm_hour = wanted.tm_hour;
    noon.tm_min = wanted.tm_min;
    const auto time = to_time(noon);
    if (time && *time > now) return time;
  }
  return std::nullopt;
}

tl::unexpected<Error> bad(std::string text) {
  return fail(Errc::kInvalid, "E-102", std::move(text));
}

}  // namespace

Result<system_clock::time_point> moment(std::string_view text, system_clock::time_point now) {
  const std::time_t seconds = system_clock::to_time_t(now);
  std::tm time{};
  (void)::localtime_r(&seconds, &time);
  if (read_clock(text, time)) {
    if (const auto found = next(time, now)) return *found;
  }
  const bool has_day = text.size() > 10 && (text[10] == 'T' || text[10] == ' ') &&
                       read_day(text.substr(0, 10), time) && read_clock(text.substr(11), time);
  if (!has_day) {
    return bad(fmt::format("{} is not a time such as 02:00, 02:00:30 or 2026-12-01T02:00",
                           model::shown(text)));
  }
  const auto found = to_time(time);
  if (!found) return bad(fmt::format("there is no {}", text));
  if (*found <= now) return bad(fmt::format("{} is over", text));
  return *found;
}

std::string moment_text(system_clock::time_point time) {
  const std::time_t seconds = system_clock::to_time_t(time);
  std::tm local{};
  (void)::localtime_r(&seconds, &local);
  return fmt::format("{:%F %T}", local);
}

}  // namespace yoke::cli
