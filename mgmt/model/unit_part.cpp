// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/unit_part.h"

#include <algorithm>
#include <iterator>

#include "mgmt/model/schema.h"

namespace yoke::model {
namespace {

bool has_own_fields(const RecordType& type) {
  return std::ranges::any_of(type.fields, [](const Field& field) { return field.of_unit; });
}

const RecordType& top_of(const RecordType& type) {
  const RecordType* top = &type;
  while (!top->parent.empty()) top = find_type(top->parent);
  return *top;
}

// Whether a look through the records of this top-level kind may find anything of the unit's own.
bool has_own(const RecordType& top) {
  return std::ranges::any_of(schema(), [&](const RecordType& type) {
    return (type.of_unit || has_own_fields(type)) && &top_of(type) == &top;
  });
}

// A record that has nothing set is there if others live in it, or if it has a key.
void drop_if_unset(const RecordType& type, const Path& path, Records& records) {
  const Fields* const fields = records.find(path);
  if (!type.single || fields == nullptr || !fields->empty()) return;
  const auto next = std::next(records.lower_bound(path));
  if (next == records.end() || !next->first.is_at_or_below(path)) records.erase(path);
}

void take_apart(const Path& path, const Fields& fields, Parts& parts) {
  const RecordType* const type = find_type(path.kind());
  if (type == nullptr) return;
  if (belongs_to_unit(*type)) {
    parts.own.at(path) = fields;
    parts.shared.erase(path);
    return;
  }
  for (const auto& [name, value] : fields) {
    const Field* const field = find_field(*type, name);
    if (field == nullptr || !field->of_unit) continue;
    parts.own.at(path).emplace(name, value);
    parts.shared.at(path).erase(name);
  }
  if (parts.own.contains(path)) drop_if_unset(*type, path, parts.shared);
}

// Whether the unit's own part may name a record that the shared one has not.
bool may_stand_alone(const Path& path) {
  const RecordType* const type = find_type(path.kind());
  return type == nullptr || type->single || belongs_to_unit(*type);
}

}  // namespace

bool belongs_to_unit(const RecordType& type) noexcept {
  for (const RecordType* at = &type; at != nullptr; at = find_type(at->parent)) {
    if (at->of_unit) return true;
  }
  return false;
}

Parts split(const Records& whole) {
  Parts parts{whole, {}};
  for (const RecordType& type : schema()) {
    if (!type.parent.empty() || !has_own(type)) continue;
    for (auto at = whole.lower_bound(only(type.kind)); at != whole.end(); ++at) {
      if (at->first.words.front() != type.kind) break;
      take_apart(at->first, at->second, parts);
    }
  }
  return parts;
}

Records join(const Records& shared, const Records& own) {
  Records whole = shared;
  for (const auto& [path, fields] : own) {
    if (!shared.contains(path) && !may_stand_alone(path)) continue;
    Fields& joined = whole.at(path);
    for (const auto& [name, value] : fields) joined.insert_or_assign(name, value);
  }
  return whole;
}

void keep_own(Config& config, const Config& running) {
  for (const auto& [path, fields] : split(running.records()).own) {
    const Fields* const given = config.find(path);
    if (given == nullptr && !may_stand_alone(path)) continue;
    Fields open = fields;
    if (given != nullptr) {
      std::erase_if(open, [&](const auto& field) { return given->contains(field.first); });
    }
    (void)config.set(path, open);  // what is running is right already
  }
}

}  // namespace yoke::model
