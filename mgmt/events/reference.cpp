// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <string_view>

#include "mgmt/events/kinds.h"

namespace yoke::events {
namespace {

// In a cell of a table, which a bar would end.
std::string quoted(std::string_view text) {
  if (text.empty()) return {};
  std::string cell = "`";
  for (const char c : text) {
    if (c == '|') cell += '\\';
    cell += c;
  }
  return cell + "`";
}

}  // namespace

std::string reference() {
  std::string page =
      "# Events\n"
      "What `yoke-mgmt` tells: in the journal (`YOKE_EVENT`, `YOKE_CODE`, `MESSAGE_ID`), in `show "
      "log`, and as alarms in `show alarm`. Made from `kinds.cpp` and `alarm_kinds.cpp`.\n\n"
      "| event | code | level | meaning | to type next | MESSAGE_ID |\n|---|---|---|---|---|---|\n";
  for (const KindRow& row : kinds()) {
    page += "| `" + std::string(row.id) + "` | " + std::string(row.code) + " | " +
            std::string(word(row.level)) + " | " + std::string(row.meaning) + " | " +
            quoted(row.command) + " | " + quoted(row.message_id) + " |\n";
  }
  page += "\n## Alarms\n| raised by | cleared by |\n|---|---|\n";
  for (const AlarmRow& row : alarm_kinds()) {
    page += "| " + quoted(row_of(row.raised).id) + " | " + quoted(row_of(row.cleared).id) + " |\n";
  }
  return page;
}

}  // namespace yoke::events
