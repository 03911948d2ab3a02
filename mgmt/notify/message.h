// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mgmt/events/event.h"

// What whoever is told gets to read. Pure. Threads: any.
namespace yoke::notify {

// Held once, however many are told.
using Told = std::shared_ptr<const events::Entry>;

struct News {
  std::string unit;  // "lb-a"
  std::string id;    // of these events and no others: the same when they are sent once more
  std::chrono::system_clock::time_point at;
  std::vector<Told> events;  // oldest first
  std::uint64_t lost = 0;    // that came before these and are told nowhere but in the journal
};

// Nobody else's.
[[nodiscard]] std::string new_id();

// One JSON object, for programs:
//   {"schema": "yoke-events/1", "id": "9f3c...", "unit": "lb-a", "lost": 0, "events": [{"at": ms
//   since 1970, "event": "server-down", "code": "V-402", "level": "warning", "text": ...,
//   "fields": {...}, "command": ...}]}
[[nodiscard]] std::string document(const News& news);

// The worst of them in a line: "lb-a: vip web is down (and 3 more)".
[[nodiscard]] std::string headline(const News& news);

inline constexpr std::size_t kListedMax = 100;  // of one mail

// What is read of one: the worst hundred, oldest first, and how many others of each kind there are.
// UTF-8, lines ending in CR LF.
[[nodiscard]] std::string body(const News& news);

// A mail (RFC 5322) of plain text, whose body is base64: no line of it depends on what the texts
// hold.
[[nodiscard]] std::string mail(const News& news, const std::string& from,
                               const std::vector<std::string>& to);

// "example.net" of "lb-a@example.net": what this unit calls itself where mail is concerned.
[[nodiscard]] std::string_view domain_of(std::string_view address);

}  // namespace yoke::notify
