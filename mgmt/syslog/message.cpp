// SPDX-License-Identifier: Apache-2.0
#include "mgmt/syslog/message.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace yoke::syslog {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kNil = "-";
// 32473 is the enterprise number for those who have none (RFC 5612).
constexpr std::string_view kDataId = "yoke@32473";

// RFC 5424 section 6: names are printable ASCII without blanks, of a length.
std::string name(std::string_view text, std::size_t length_max) {
  std::string clean;
  for (const char c : text.substr(0, length_max)) clean += c > ' ' && c < '\x7f' ? c : '?';
  return clean.empty() ? std::string(kNil) : clean;
}

// Section 6.3.3: a name may hold neither = nor ] nor " either.
std::string parameter_name(std::string_view text) {
  std::string clean = name(text, 32);
  std::ranges::replace_if(
      clean, [](char c) { return c == '=' || c == ']' || c == '"'; }, '?');
  std::ranges::transform(clean, clean.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return clean;
}

std::string without_controls(std::string_view text) {
  std::string clean(text);
  std::ranges::replace_if(
      clean, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, ' ');
  return clean;
}

std::string parameter_value(std::string_view text) {
  std::string escaped;
  for (const char c : without_controls(text)) {
    if (c == '"' || c == '\\' || c == ']') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string timestamp(std::chrono::system_clock::time_point at) {
  const auto ms = std::chrono::floor<milliseconds>(at).time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(ms);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(static_cast<std::time_t>(seconds.count())),
                     (ms - seconds).count());
}

std::string structured_data(const events::Entry& entry) {
  std::string data = fmt::format("[{} code=\"{}\"", kDataId, parameter_value(entry.code));
  for (const auto& [field, value] : entry.fields) {
    data += fmt::format(" {}=\"{}\"", parameter_name(field), parameter_value(value));
  }
  return data + "]";
}

// Not within a character of UTF-8.
std::string cut(std::string text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  return text;
}

}  // namespace

std::string message(const events::Entry& entry, const Origin& origin, std::size_t bytes_max) {
  const int priority = origin.facility * 8 + static_cast<int>(entry.level);
  return cut(fmt::format("<{}>1 {} {} yoke-mgmt {} {} {} {}", priority, timestamp(entry.at),
                         name(origin.host, 255), name(origin.process, 128), name(entry.event, 32),
                         structured_data(entry), without_controls(entry.text)),
             bytes_max);
}

std::string framed(std::string_view message) {
  return fmt::format("{} {}", message.size(), message);
}

}  // namespace yoke::syslog
