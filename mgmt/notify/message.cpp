// SPDX-License-Identifier: Apache-2.0
#include "mgmt/notify/message.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "hal/base/base64.h"

namespace yoke::notify {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr std::size_t kLineBytesMax = 900;     // of 998 (RFC 5322 section 2.1.1)
constexpr std::size_t kSubjectBytesMax = 200;  // what a list of mails shows

json object_of(const events::Entry& entry) {
  json fields = json::object();
  for (const auto& [name, value] : entry.fields) fields[name] = value;
  return {{"at", std::chrono::floor<milliseconds>(entry.at).time_since_epoch().count()},
          {"event", entry.event},
          {"code", entry.code},
          {"level", events::word(entry.level)},
          {"text", entry.text},
          {"fields", std::move(fields)},
          {"command", entry.command}};
}

// One line of a mail's body, whatever the text holds; cut between characters.
std::string line_of(std::string_view text, std::size_t bytes_max) {
  std::string line(text.substr(0, bytes_max));
  if (line.size() < text.size()) {
    while (!line.empty() && (static_cast<unsigned char>(line.back()) & 0xC0U) == 0x80U) {
      line.pop_back();
    }
    if (!line.empty() && static_cast<unsigned char>(line.back()) >= 0xC0U) line.pop_back();
  }
  std::ranges::replace_if(
      line, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, ' ');
  return line;
}

// Of a header field: ASCII, in one line.
std::string header_text(std::string_view text, std::size_t bytes_max) {
  std::string clean = line_of(text, bytes_max);
  std::ranges::replace_if(
      clean, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  return clean;
}

std::string joined(const std::vector<std::string>& addresses) {
  // Each on a line of its own: a long list is folded (RFC 5322 section 2.2.3).
  std::string text;
  for (const std::string& address : addresses) {
    if (!text.empty()) text += ",\r\n ";
    text += header_text(address, kLineBytesMax);
  }
  return text;
}

std::string utc(std::chrono::system_clock::time_point at) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(at)));
}

// The worst, as many as are listed, in the order they came.
std::vector<Told> listed(const std::vector<Told>& events) {
  std::vector<std::size_t> order(events.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return events[i]->level; });
  if (order.size() > kListedMax) order.resize(kListedMax);
  std::ranges::sort(order);
  std::vector<Told> list;
  list.reserve(order.size());
  for (const std::size_t i : order) list.push_back(events[i]);
  return list;
}

// "and 15,900 more: 15,899 server-down, 1 vip-down".
std::string others_of(const std::vector<Told>& events, const std::vector<Told>& told) {
  if (events.size() == told.size()) return {};
  std::map<std::string, std::size_t> kinds;
  for (const Told& event : events) ++kinds[event->event];
  for (const Told& event : told) --kinds[event->event];
  std::string text;
  for (const auto& [name, count] : kinds) {
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, name);
  }
  return fmt::format("and {} more: {}; see show log.\r\n", events.size() - told.size(), text);
}

std::string folded_base64(const std::string& text) {
  constexpr std::size_t kColumns = 76;  // RFC 2045 section 6.8
  const std::string encoded = to_base64(text);
  std::string lines;
  for (std::size_t at = 0; at < encoded.size(); at += kColumns) {
    lines += encoded.substr(at, kColumns) + "\r\n";
  }
  return lines;
}

}  // namespace

std::string new_id() {
  std::random_device random;
  std::string id;
  for (int i = 0; i < 4; ++i) id += fmt::format("{:08x}", random());
  return id;
}

std::string document(const News& news) {
  json list = json::array();
  for (const Told& event : news.events) list.push_back(object_of(*event));
  const json whole{{"schema", "yoke-events/1"},
                   {"id", news.id},
                   {"unit", news.unit},
                   {"lost", news.lost},
                   {"events", std::move(list)}};
  // A text that is no UTF-8 is told as far as it is.
  return whole.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string headline(const News& news) {
  const auto worst =
      std::ranges::min_element(news.events, {}, [](const Told& event) { return event->level; });
  if (worst == news.events.end()) return news.unit;
  const std::size_t others = news.events.size() - 1;
  return fmt::format("{}: {}{}", news.unit, (*worst)->text,
                     others == 0 ? "" : fmt::format(" (and {} more)", others));
}

std::string body(const News& news) {
  std::string text;
  if (news.lost != 0) {
    text += fmt::format("{} events before these were not told; see show log.\r\n\r\n", news.lost);
  }
  const std::vector<Told> told = listed(news.events);
  for (const Told& event : told) {
    text += fmt::format("{}  {} {} {}\r\n  {}\r\n", utc(event->at), events::word(event->level),
                        event->code, event->event, line_of(event->text, kLineBytesMax));
    if (!event->command.empty()) {
      text += fmt::format("  next: {}\r\n", line_of(event->command, kLineBytesMax));
    }
    text += "\r\n";
  }
  return text + others_of(news.events, told);
}

std::string_view domain_of(std::string_view address) {
  const auto at = address.rfind('@');
  return at == std::string_view::npos ? address : address.substr(at + 1);
}

std::string mail(const News& news, const std::string& from, const std::vector<std::string>& to) {
  return fmt::format(
             "From: {}\r\nTo: {}\r\nSubject: {}\r\nDate: {:%a, %d %b %Y %H:%M:%S} +0000\r\n"
             "Message-ID: <{}@{}>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
             "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n",
             header_text(from, kLineBytesMax), joined(to),
             header_text(headline(news), kSubjectBytesMax),
             fmt::gmtime(std::chrono::system_clock::to_time_t(news.at)), news.id,
             header_text(domain_of(from), kSubjectBytesMax)) +
         folded_base64(body(news));
}

}  // namespace yoke::notify
