// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/config.h"

#include <fmt/format.h>

#include <iterator>

#include "mgmt/model/schema.h"
#include "mgmt/model/words.h"

namespace yoke::model {
namespace {

std::vector<std::string> kinds_below(std::string_view parent) {
  std::vector<std::string> kinds;
  for (const RecordType& type : schema()) {
    if (type.parent == parent) kinds.emplace_back(type.kind);
  }
  return kinds;
}

// The field `name` of the record at `path`, or why it has none.
Result<const Field*> field_at(const Path& path, std::string_view name) {
  const RecordType& type = *find_type(path.kind());
  const Field* field = find_field(type, name);
  if (field != nullptr && applies(*field, path.key())) return field;
  return fail(Errc::kInvalid, "E-101",
              field != nullptr ? fmt::format("a {} {} has no {}", path.key(), type.kind, name)
                               : fmt::format("a {} has no {}", type.kind, shown(name)));
}

Result<std::string> canonical_key(const RecordType& type, const std::string& text) {
  if (!type.single) return canonical(type.key, text);
  if (text.empty()) return text;
  return fail(Errc::kInvalid, "E-102", fmt::format("there is one {}, without a key", type.kind));
}

// Of a record copied to another key: a check of another kind has not all of its fields.
Fields own_fields(const Path& from, const Path& top, const Fields& fields) {
  if (from.words.size() != top.words.size()) return fields;
  Fields kept = fields;
  std::erase_if(kept, [&](const auto& field) {
    return !applies(*find_field(*find_type(top.kind()), field.first), top.key());
  });
  return kept;
}

tl::unexpected<Error> not_there(std::string text) {
  return fail(Errc::kNotFound, "E-404", std::move(text));
}

}  // namespace

std::string Path::to_string() const {
  std::string text;
  for (const std::string& word : words) {
    if (word.empty()) continue;  // the key of which there is one
    if (!text.empty()) text += ' ';
    text += word;
  }
  return text;
}

bool Path::is_at_or_below(const Path& top) const {
  return words.size() >= top.words.size() &&
         std::equal(top.words.begin(), top.words.end(), words.begin());
}

Path Path::child(std::string_view kind_word, std::string_view key_word) const {
  Path below = *this;
  below.words.emplace_back(kind_word);
  below.words.emplace_back(key_word);
  return below;
}

Result<Path> canonical(const Path& path) {
  if (path.words.empty() || path.words.size() % 2 != 0) {
    return fail(Errc::kInvalid, "E-106", "a path is pairs of a kind and its key");
  }
  Path known;
  std::string_view parent;
  for (std::size_t i = 0; i < path.words.size(); i += 2) {
    const RecordType* type = find_type(path.words[i]);
    if (type == nullptr || type->parent != parent) {
      return fail(
          Errc::kInvalid, "E-101",
          fmt::format("there is no {}{}{}: expected {}", shown(path.words[i]),
                      parent.empty() ? "" : " in a ", parent,
                      parent.empty() || !kinds_below(parent).empty() ? join_or(kinds_below(parent))
                                                                     : "the end of the path"));
    }
    auto key = canonical_key(*type, path.words[i + 1]);
    if (!key) return within(type->kind, key.error());
    known = known.child(type->kind, *key);
    parent = type->kind;
  }
  return known;
}

const Fields* Config::find(const Path& path) const { return records_.find(path); }

std::string Config::value(const Path& path, std::string_view field) const {
  if (const Fields* fields = find(path)) {
    if (const auto set = fields->find(field); set != fields->end()) return set->second;
  }
  if (path.words.size() < 2) return {};
  const RecordType* type = find_type(path.kind());
  const Field* known = type == nullptr ? nullptr : find_field(*type, field);
  if (known == nullptr || !applies(*known, path.key())) return {};
  return std::string(known->default_value);
}

std::vector<std::string> Config::keys(std::string_view kind, const Path& parent) const {
  std::vector<std::string> keys;
  for (const Child& child : children(kind, parent)) keys.push_back(child.key);
  return keys;
}

std::vector<Config::Child> Config::children(std::string_view kind, const Path& parent) const {
  std::vector<Child> children;
  const Path first = parent.child(kind, "");
  const std::size_t depth = first.words.size();
  for (auto at = records_.lower_bound(first); at != records_.end(); ++at) {
    const auto& words = at->first.words;
    if (words.size() < depth ||
        !std::equal(first.words.begin(), first.words.end() - 1, words.begin())) {
      break;
    }
    if (words.size() == depth) children.push_back({words.back(), at->second});
  }
  return children;
}

std::string_view value_in(const Fields& fields, const Field& field) {
  const auto set = fields.find(field.name);
  return set == fields.end() ? field.default_value : std::string_view(set->second);
}

Status Config::set(const Path& path, const Fields& fields) {
  const auto place = canonical(path);
  if (!place) return tl::unexpected(place.error());
  std::vector<std::pair<const Field*, std::string>> values;
  for (const auto& [name, text] : fields) {
    const auto field = field_at(*place, name);
    if (!field) return tl::unexpected(field.error());
    auto value = canonical(**field, text);
    if (!value) return within(name, value.error());
    values.emplace_back(*field, std::move(*value));
  }
  for (std::size_t depth = 2; depth < place->words.size(); depth += 2) {
    const auto end = place->words.begin() + static_cast<std::ptrdiff_t>(depth);
    const Path around{{place->words.begin(), end}};
    if (!records_.contains(around)) (void)records_.at(around);
  }
  Fields& record = records_.at(*place);
  for (auto& [field, value] : values) {
    if (value == field->default_value) {
      record.erase(std::string(field->name));
    } else {
      record.insert_or_assign(std::string(field->name), std::move(value));
    }
  }
  drop_if_unset(*place);
  return {};
}

Status Config::remove(const Path& path, const std::vector<std::string>& fields) {
  const auto place = canonical(path);
  if (!place) return tl::unexpected(place.error());
  const Fields* const record = records_.find(*place);
  if (record == nullptr) return not_there("there is no " + place->to_string());
  if (fields.empty()) {
    records_.erase_with_all_below(*place);
    return {};
  }
  for (const std::string& name : fields) {
    if (const auto field = field_at(*place, name); !field) return tl::unexpected(field.error());
    if (!record->contains(name)) {
      return not_there(fmt::format("{} has no {} set", place->to_string(), name));
    }
  }
  Fields& kept = records_.at(*place);
  for (const std::string& name : fields) kept.erase(name);
  drop_if_unset(*place);
  return {};
}

void Config::drop_if_unset(const Path& place) {
  if (!find_type(place.kind())->single) return;
  const Fields* const record = records_.find(place);
  if (record == nullptr || !record->empty()) return;
  const auto next = std::next(records_.lower_bound(place));
  if (next == records_.end() || !next->first.is_at_or_below(place)) records_.erase(place);
}

Status Config::copy(const Path& path, const std::string& key) {
  const auto place = canonical(path);
  if (!place) return tl::unexpected(place.error());
  if (find_type(place->kind())->single) {
    return fail(Errc::kInvalid, "E-102", fmt::format("there is one {} only", place->kind()));
  }
  Path named = *place;
  named.words.back() = key;
  const auto target = canonical(named);
  if (!target) return tl::unexpected(target.error());
  if (!records_.contains(*place)) {
    return not_there("there is no " + place->to_string());
  }
  if (records_.contains(*target)) {
    return fail(Errc::kConflict, "E-408", fmt::format("{} is there already", target->to_string()));
  }
  Records::Tree copies;
  for (auto at = records_.lower_bound(*place); at != records_.end(); ++at) {
    if (!at->first.is_at_or_below(*place)) break;
    Path to = at->first;
    to.words[target->words.size() - 1] = target->key();
    copies.emplace(std::move(to), own_fields(at->first, *target, at->second));
  }
  if (records_.size() + copies.size() > kRecordsMax) {
    return fail(Errc::kRefused, "E-407",
                fmt::format("a configuration has no more than {} records", kRecordsMax));
  }
  for (auto& [to, fields] : copies) records_.at(to) = std::move(fields);
  return {};
}

Status Config::rename(const Path& path, const std::string& key) {
  if (auto copied = copy(path, key); !copied) return copied;
  const Path place = *canonical(path);
  Path target = place;
  target.words.back() = key;
  refer_anew(place.kind(), place.key(), canonical(target)->key());
  return remove(place);
}

void Config::refer_anew(std::string_view kind, const std::string& from, const std::string& to) {
  std::vector<std::pair<Path, std::string>> referring;  // changed when nothing walks them any more
  for (const auto& [path, fields] : records_) {
    for (const auto& [name, value] : fields) {
      if (value == from && find_field(*find_type(path.kind()), name)->refers_to == kind) {
        referring.emplace_back(path, name);
      }
    }
  }
  for (const auto& [path, name] : referring) records_.at(path)[name] = to;
}

}  // namespace yoke::model
