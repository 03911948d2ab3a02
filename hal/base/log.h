// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

// The log of a daemon: the journal where systemd started it, standard error otherwise.
//
// Every event has a name (YOKE_EVENT) and fields (YOKE_VIP, YOKE_SERVER, YOKE_REVISION...), so that
// `journalctl YOKE_EVENT=server-down` works. Never called from a worker. Threads: any.
namespace yoke::log {

enum class Level : int { kError = 3, kWarning = 4, kNotice = 5, kInfo = 6, kDebug = 7 };

// A journal field and its value; the name is given without the YOKE_ prefix, in capitals.
using Field = std::pair<std::string_view, std::string>;

// One entry. `event` is a stable kebab-case name, `text` one sentence for a person.
struct Entry {
  Level level = Level::kInfo;
  std::string_view event;
  std::string_view text;
  std::span<const Field> fields = {};
  std::string_view message_id = {};  // of its kind, 32 hexadecimal digits, or empty
};

void write(const Entry& entry);

inline void write(Level level, std::string_view event, std::string_view text,
                  std::initializer_list<Field> fields = {}) {
  write(Entry{level, event, text, {fields.begin(), fields.size()}});
}

inline void error(std::string_view event, std::string_view text,
                  std::initializer_list<Field> fields = {}) {
  write(Level::kError, event, text, fields);
}
inline void warning(std::string_view event, std::string_view text,
                    std::initializer_list<Field> fields = {}) {
  write(Level::kWarning, event, text, fields);
}
inline void notice(std::string_view event, std::string_view text,
                   std::initializer_list<Field> fields = {}) {
  write(Level::kNotice, event, text, fields);
}
inline void info(std::string_view event, std::string_view text,
                 std::initializer_list<Field> fields = {}) {
  write(Level::kInfo, event, text, fields);
}

}  // namespace yoke::log
