// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/diff.h"

#include <fmt/format.h>

#include "mgmt/model/commands.h"
#include "mgmt/model/schema.h"
#include "mgmt/model/words.h"

namespace yoke::model {
namespace {

char sign(Change::Kind kind) {
  switch (kind) {
    case Change::Kind::kAdded:
      return '+';
    case Change::Kind::kRemoved:
      return '-';
    case Change::Kind::kChanged:
      break;
  }
  return '~';
}

Change whole_record(Change::Kind kind, const Path& path, const Fields& fields) {
  Change change{.kind = kind, .path = path, .fields = {}};
  for (const auto& [name, value] : fields) {
    FieldChange& field = change.fields[name];
    (kind == Change::Kind::kAdded ? field.after : field.before) = value;
  }
  return change;
}

std::map<std::string, FieldChange, std::less<>> field_changes(const Fields& before,
                                                              const Fields& after) {
  std::map<std::string, FieldChange, std::less<>> changes;
  for (const auto& [name, value] : before) changes[name].before = value;
  for (const auto& [name, value] : after) changes[name].after = value;
  std::erase_if(changes, [](const auto& item) { return item.second.before == item.second.after; });
  return changes;
}

// A field that is not set stands at its default.
std::string shown_value(const Change& change, std::string_view name,
                        const std::optional<std::string>& value) {
  if (value) return quote(*value);
  const RecordType* type = find_type(change.path.kind());
  const Field* field = type == nullptr ? nullptr : find_field(*type, name);
  if (field == nullptr || field->default_value.empty()) return "(none)";
  return quote(field->default_value);
}

}  // namespace

std::vector<Change> diff(const Config& before, const Config& after) {
  std::vector<Change> changes;
  for_each_difference(
      before.records(), after.records(),
      [&](const Path& path, const Fields* old, const Fields* now) {
        if (now == nullptr) {
          changes.push_back(whole_record(Change::Kind::kRemoved, path, *old));
        } else if (old == nullptr) {
          changes.push_back(whole_record(Change::Kind::kAdded, path, *now));
        } else {
          changes.push_back({Change::Kind::kChanged, path, field_changes(*old, *now)});
        }
      });
  return changes;
}

std::set<std::string> keys_that_differ(const Config& before, const Config& after,
                                       std::string_view kind) {
  std::set<std::string> keys;
  for_each_difference(before.records(), after.records(),
                      [&](const Path& path, const Fields*, const Fields*) {
                        if (path.words[0] == kind) keys.insert(path.words[1]);
                      });
  return keys;
}

std::string to_text(const std::vector<Change>& changes) {
  std::string text;
  for (const Change& change : changes) {
    const std::string head = fmt::format("{} {}", sign(change.kind), change.path.to_string());
    if (change.kind == Change::Kind::kChanged) {
      for (const auto& [name, values] : change.fields) {
        text +=
            fmt::format("{} {} {} -> {}\n", head, name, shown_value(change, name, values.before),
                        shown_value(change, name, values.after));
      }
      continue;
    }
    text += head;
    if (change.kind == Change::Kind::kAdded) {
      Fields fields;
      for (const auto& [name, values] : change.fields) fields[name] = values.after.value_or("");
      text += fields_text(change.path, fields);
    }
    text += '\n';
  }
  return text;
}

std::string summary(const std::vector<Change>& changes) {
  std::string text;
  for (const RecordType& type : schema()) {
    for (const auto kind : {Change::Kind::kAdded, Change::Kind::kRemoved, Change::Kind::kChanged}) {
      std::size_t count = 0;
      for (const Change& change : changes) {
        if (change.kind == kind && change.path.kind() == type.kind) ++count;
      }
      if (count == 0) continue;
      text += fmt::format("{}{}{} {}", text.empty() ? "" : " ", sign(kind), count,
                          count == 1 ? type.kind : type.plural);
    }
  }
  return text;
}

}  // namespace yoke::model
