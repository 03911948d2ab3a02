// SPDX-License-Identifier: Apache-2.0
#include "mgmt/events/event.h"

namespace yoke::events {

Entry entry_of(const Event& event) {
  const KindRow& row = row_of(event.kind);
  return {.at = event.at,
          .event = std::string(row.id),
          .code = std::string(row.code),
          .level = row.level,
          .text = event.text,
          .fields = {event.fields.begin(), event.fields.end()},
          .command = command_of(event.kind, event.fields)};
}

std::string command_of(Kind kind, const Fields& fields) {
  std::string text(row_of(kind).command);
  for (const auto& [name, value] : fields) {
    const std::string placeholder = "{" + std::string(name) + "}";
    if (const auto at = text.find(placeholder); at != std::string::npos) {
      text.replace(at, placeholder.size(), value);
    }
  }
  return text;
}

void write_to_journal(const Event& event) {
  const KindRow& row = row_of(event.kind);
  Fields fields = event.fields;
  fields.emplace_back("CODE", row.code);
  log::write({row.level, row.id, event.text, fields, row.message_id});
}

}  // namespace yoke::events
