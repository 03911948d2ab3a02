// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "mgmt/events/kinds.h"

// What has happened, as a value. Threads: values, any.
namespace yoke::events {

using Fields = std::vector<log::Field>;  // {"POOL", "web"}

struct Event {
  Kind kind{};
  std::string text;  // one sentence for a person
  Fields fields = {};
  std::chrono::system_clock::time_point at = std::chrono::system_clock::now();
};

// Takes an event; never blocks longer than a disk sync.
using Record = std::function<void(const Event&)>;

// An event with what the table says of its kind: what is kept, shown and sent. Of a log written by
// another release its kind may be one that this one does not have.
struct Entry {
  std::chrono::system_clock::time_point at;
  std::string event;  // "server-down"
  std::string code;
  log::Level level = log::Level::kInfo;
  std::string text;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string command;  // to type next; may be empty
  friend bool operator==(const Entry&, const Entry&) = default;
};

[[nodiscard]] Entry entry_of(const Event& event);
// What to type next, with the fields of this very event.
[[nodiscard]] std::string command_of(Kind kind, const Fields& fields);

// The default Record: a line in the journal, or on standard error.
void write_to_journal(const Event& event);

}  // namespace yoke::events
