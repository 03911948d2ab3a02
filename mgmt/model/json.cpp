// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "hal/base/number.h"
#include "mgmt/model/schema.h"
#include "mgmt/model/words.h"

namespace yoke::model {
namespace {

using nlohmann::json;

tl::unexpected<Error> bad_shape(std::string_view where, std::string text) {
  return fail(Errc::kInvalid, "E-111",
              where.empty() ? std::move(text) : fmt::format("{}: {}", where, text));
}

// What a value is, for a message; structures by their type alone, since they may be of any size.
std::string found(const json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "an array";
  if (value.is_string()) return "the string " + shown(value.get_ref<const std::string&>());
  return value.dump();
}

// Of a field: a secret is not told, whatever was put in its place.
std::string found(const Field& field, const json& value) {
  return field.secret ? "something else" : found(value);
}

// ---- values ----------------------------------------------------------------------------------

json part_to_json(const Field& field, std::string_view text) {
  if (field.type == FieldType::kFlag) return text == "yes";
  if (field.type == FieldType::kInteger) {
    if (const auto number = parse_decimal(text)) return *number;
  }
  return text;
}

json value_to_json(const Field& field, std::string_view text) {
  if (!field.list) return part_to_json(field, text);
  json list = json::array();
  for (const std::string_view part : split_list(text)) list.push_back(part_to_json(field, part));
  return list;
}

Result<std::string> part_from_json(const Field& field, const json& value) {
  if (field.type == FieldType::kFlag) {
    if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
    return bad_shape("", fmt::format("expected true or false, found {}", found(value)));
  }
  if (field.type == FieldType::kInteger) {
    if (value.is_number_integer()) return value.dump();
    return bad_shape("",
                     fmt::format("expected {}, found {}", describe(field), found(field, value)));
  }
  if (value.is_string()) return value.get<std::string>();
  return bad_shape(
      "", fmt::format("expected a string with {}, found {}", describe(field), found(field, value)));
}

Result<std::string> value_from_json(const Field& field, const json& value) {
  if (!field.list) return part_from_json(field, value);
  if (!value.is_array() || value.empty()) {
    return bad_shape("", fmt::format("expected an array of at least one value, found {}",
                                     value.empty() ? "none" : found(field, value)));
  }
  std::string text;
  for (const json& item : value) {
    auto part = part_from_json(field, item);
    if (!part) return part;
    if (part->find(',') != std::string::npos) {
      return bad_shape("", "expected one value in each string of the array");
    }
    if (!text.empty()) text += ',';
    text += *part;
  }
  return text;
}

json fields_to_json(const RecordType& type, const Fields& fields) {
  json object = json::object();
  for (const auto& [name, text] : fields) {
    if (const Field* field = find_field(type, name)) object[name] = value_to_json(*field, text);
  }
  return object;
}

// ---- documents -------------------------------------------------------------------------------

Status read_records(const RecordType& type, const Path& parent, const json& records,
                    Config& config);

const RecordType* type_below(std::string_view parent, std::string_view kind) {
  const RecordType* type = find_type(kind);
  return type != nullptr && type->parent == parent ? type : nullptr;
}

std::string words_below(const RecordType* type) {
  std::vector<std::string> words;
  if (type != nullptr) {
    for (const Field& field : type->fields) words.emplace_back(field.name);
  }
  for (const RecordType& below : schema()) {
    if (below.parent == (type == nullptr ? "" : type->kind)) words.emplace_back(below.kind);
  }
  return join_or(words);
}

Status read_record(const RecordType& type, const Path& path, const json& record, Config& config) {
  if (!record.is_object()) {
    return bad_shape(path.to_string(), fmt::format("expected an object, found {}", found(record)));
  }
  Fields fields;
  for (const auto& [name, value] : record.items()) {
    if (type_below(type.kind, name) != nullptr) continue;
    const Field* field = find_field(type, name);
    if (field == nullptr) {
      return fail(Errc::kInvalid, "E-101",
                  fmt::format("{}: unknown key {}: expected {}", path.to_string(), shown(name),
                              words_below(&type)));
    }
    auto text = value_from_json(*field, value);
    if (!text) return within(fmt::format("{} {}", path.to_string(), name), text.error());
    fields.emplace(name, std::move(*text));
  }
  if (auto done = config.set(path, fields); !done) return within(path.to_string(), done.error());
  for (const auto& [name, value] : record.items()) {
    if (const RecordType* below = type_below(type.kind, name)) {
      if (auto done = read_records(*below, path, value, config); !done) return done;
    }
  }
  return {};
}

Status read_records(const RecordType& type, const Path& parent, const json& records,
                    Config& config) {
  if (type.single) return read_record(type, parent.child(type.kind, ""), records, config);
  if (!records.is_object()) {
    const std::string where = parent.words.empty() ? "" : parent.to_string() + " ";
    return bad_shape(where + std::string(type.kind),
                     fmt::format("expected an object of {} by {}, found {}", type.plural,
                                 type.key.name, found(records)));
  }
  for (const auto& [key, record] : records.items()) {
    // Two spellings of one key would silently become one record.
    const auto path = canonical(parent.child(type.kind, key));
    if (!path) return within(parent.child(type.kind, key).to_string(), path.error());
    if (config.find(*path) != nullptr) {
      return fail(Errc::kInvalid, "E-109", path->to_string() + " is given twice");
    }
    if (auto done = read_record(type, *path, record, config); !done) return done;
  }
  return {};
}

json* place_of(json& document, const Path& path) {
  json* place = &document;
  for (const std::string& word : path.words) {
    if (!word.empty()) place = &(*place)[word];
  }
  return place;
}

// ---- lists -----------------------------------------------------------------------------------

Result<Path> path_from_json(const json& value) {
  if (!value.is_array() ||
      !std::ranges::all_of(value, [](const json& word) { return word.is_string(); })) {
    return bad_shape("path", "expected an array of words such as [\"pool\", \"web\"]");
  }
  return canonical(Path{value.get<std::vector<std::string>>()});
}

const json& member(const json& object, const char* name) {
  static const json kNull;
  const auto found_at = object.find(name);
  return found_at == object.end() ? kNull : *found_at;
}

std::string string_member(const json& object, const char* name) {
  const json& value = member(object, name);
  return value.is_string() ? value.get<std::string>() : std::string{};
}

Result<const Field*> field_from_json(const Path& path, const std::string& name) {
  const Field* field = find_field(*find_type(path.kind()), name);
  if (field != nullptr && applies(*field, path.key())) return field;
  return fail(Errc::kInvalid, "E-101", fmt::format("{} has no {}", path.to_string(), shown(name)));
}

Status read_set_fields(const json& fields, Operation& operation) {
  if (fields.is_null()) return {};
  if (!fields.is_object()) return bad_shape("fields", "expected an object of values by field");
  for (const auto& [name, value] : fields.items()) {
    const auto field = field_from_json(operation.path, name);
    if (!field) return tl::unexpected(field.error());
    auto text = value_from_json(**field, value);
    if (!text) {
      return within(fmt::format("{} {}", operation.path.to_string(), name), text.error());
    }
    operation.fields.emplace(name, std::move(*text));
  }
  return {};
}

Status read_delete_fields(const json& fields, Operation& operation) {
  if (fields.is_null()) return {};
  if (!fields.is_array()) return bad_shape("fields", "expected an array of field names");
  for (const json& name : fields) {
    if (!name.is_string()) return bad_shape("fields", "expected an array of field names");
    const auto field = field_from_json(operation.path, name.get<std::string>());
    if (!field) return tl::unexpected(field.error());
    operation.names.push_back(name.get<std::string>());
  }
  return {};
}

using Kind = Operation::Kind;
constexpr std::array<std::pair<std::string_view, Kind>, 4> kOperations{{{"set", Kind::kSet},
                                                                        {"delete", Kind::kDelete},
                                                                        {"rename", Kind::kRename},
                                                                        {"copy", Kind::kCopy}}};

Status read_new_key(const json& to, Operation& operation) {
  if (!to.is_string()) return bad_shape("to", "expected the new key");
  operation.to = to.get<std::string>();
  return {};
}

Result<Operation> operation_from_json(const json& item) {
  const std::string op = string_member(item, "op");
  const auto* const known =
      std::ranges::find_if(kOperations, [&](const auto& entry) { return entry.first == op; });
  if (known == kOperations.end()) {
    return bad_shape("op", R"(expected "set", "delete", "rename" or "copy")");
  }
  auto path = path_from_json(member(item, "path"));
  if (!path) return tl::unexpected(path.error());
  Operation operation;
  operation.kind = known->second;
  operation.path = std::move(*path);
  Status read;
  switch (operation.kind) {
    case Kind::kSet:
      operation.existing = member(item, "existing") == true;
      read = read_set_fields(member(item, "fields"), operation);
      break;
    case Kind::kDelete:
      read = read_delete_fields(member(item, "fields"), operation);
      break;
    case Kind::kRename:
    case Kind::kCopy:
      read = read_new_key(member(item, "to"), operation);
      break;
  }
  if (!read) return tl::unexpected(read.error());
  return operation;
}

Result<std::optional<std::string>> optional_value(const Field& field, const json& value) {
  if (value.is_null()) return std::optional<std::string>{};
  auto text = value_from_json(field, value);
  if (!text) return tl::unexpected(text.error());
  return std::optional<std::string>(std::move(*text));
}

Result<Change> change_from_json(const json& item) {
  const std::string sign = string_member(item, "sign");
  if (sign != "+" && sign != "-" && sign != "~") return bad_shape("sign", "expected +, - or ~");
  auto path = path_from_json(member(item, "path"));
  if (!path) return tl::unexpected(path.error());
  Change change{.kind = sign == "+"   ? Change::Kind::kAdded
                        : sign == "-" ? Change::Kind::kRemoved
                                      : Change::Kind::kChanged,
                .path = std::move(*path),
                .fields = {}};
  const json& fields = member(item, "fields");
  if (!fields.is_null() && !fields.is_object()) {
    return bad_shape("fields", "expected an object of [before, after] by field");
  }
  for (const auto& [name, pair] : fields.items()) {
    const auto field = field_from_json(change.path, name);
    if (!field) return tl::unexpected(field.error());
    if (!pair.is_array() || pair.size() != 2) return bad_shape(name, "expected [before, after]");
    auto before = optional_value(**field, pair[0]);
    if (!before) return within(name, before.error());
    auto after = optional_value(**field, pair[1]);
    if (!after) return within(name, after.error());
    change.fields.emplace(name, FieldChange{std::move(*before), std::move(*after)});
  }
  return change;
}

Result<Violation> violation_from_json(const json& item) {
  if (!item.is_object()) return bad_shape("", "expected an object with path, id and text");
  return Violation{string_member(item, "path"), string_member(item, "id"),
                   string_member(item, "text")};
}

template <typename T>
Result<std::vector<T>> list_from_json(const json& list, Result<T> (*read)(const json&),
                                      std::string_view what) {
  if (!list.is_array()) {
    return bad_shape("", fmt::format("expected an array of {}, found {}", what, found(list)));
  }
  std::vector<T> items;
  for (const json& item : list) {
    auto value = read(item);
    if (!value) return within(fmt::format("{} {}", what, items.size() + 1), value.error());
    items.push_back(std::move(*value));
  }
  return items;
}

}  // namespace

json to_json(const Config& config) {
  json document = {{"schema", kSchemaName}};
  for (const auto& [path, fields] : config.records()) {
    *place_of(document, path) = fields_to_json(*find_type(path.kind()), fields);
  }
  return document;
}

Result<Config> config_from_json(const json& document) {
  if (!document.is_object()) {
    return bad_shape("", fmt::format("expected a configuration object, found {}", found(document)));
  }
  const json& name = member(document, "schema");
  if (name != kSchemaName) {
    return bad_shape("schema", fmt::format("expected \"{}\", found {}", kSchemaName,
                                           name.is_null() ? "nothing" : found(name)));
  }
  Config config;
  for (const auto& [key, value] : document.items()) {
    if (key == "schema") continue;
    const RecordType* type = type_below("", key);
    if (type == nullptr) {
      return fail(Errc::kInvalid, "E-101",
                  fmt::format("unknown key {}: expected {}", shown(key), words_below(nullptr)));
    }
    if (auto done = read_records(*type, {}, value, config); !done) {
      return tl::unexpected(done.error());
    }
  }
  return config;
}

Result<Config> config_from_text(std::string_view text) {
  const auto document = parse_json(text);
  if (!document) return tl::unexpected(document.error());
  return config_from_json(*document);
}

json to_json(const std::vector<Operation>& operations) {
  json list = json::array();
  for (const Operation& operation : operations) {
    const auto* const known = std::ranges::find_if(
        kOperations, [&](const auto& entry) { return entry.second == operation.kind; });
    json item = {{"op", known->first}, {"path", operation.path.words}};
    if (operation.existing) item["existing"] = true;
    if (operation.kind == Kind::kSet) {
      item["fields"] = fields_to_json(*find_type(operation.path.kind()), operation.fields);
    } else if (operation.kind != Kind::kDelete) {
      item["to"] = operation.to;
    } else if (!operation.names.empty()) {
      item["fields"] = operation.names;
    }
    list.push_back(std::move(item));
  }
  return list;
}

Result<std::vector<Operation>> operations_from_json(const json& list) {
  return list_from_json(list, operation_from_json, "operation");
}

json to_json(const std::vector<Change>& changes) {
  constexpr std::array<std::string_view, 3> kSigns{"+", "-", "~"};
  json list = json::array();
  for (const Change& change : changes) {
    const RecordType& type = *find_type(change.path.kind());
    json fields = json::object();
    for (const auto& [name, values] : change.fields) {
      const Field* field = find_field(type, name);
      if (field == nullptr) continue;
      const auto value = [&](const std::optional<std::string>& text) {
        return text ? value_to_json(*field, *text) : json{};
      };
      fields[name] = json::array({value(values.before), value(values.after)});
    }
    list.push_back({{"sign", kSigns[static_cast<std::size_t>(change.kind)]},
                    {"path", change.path.words},
                    {"fields", std::move(fields)}});
  }
  return list;
}

Result<std::vector<Change>> changes_from_json(const json& list) {
  return list_from_json(list, change_from_json, "change");
}

json to_json(const std::vector<Conflict>& conflicts) {
  const auto value = [](const std::optional<std::string>& text) {
    return text ? json(*text) : json();
  };
  json list = json::array();
  for (const Conflict& conflict : conflicts) {
    list.push_back({{"path", conflict.path.to_string()},
                    {"field", conflict.field},
                    {"mine", value(conflict.mine)},
                    {"theirs", value(conflict.theirs)},
                    {"text", to_text(conflict)}});
  }
  return list;
}

json to_json(const std::vector<Violation>& found_ones) {
  json list = json::array();
  for (const Violation& violation : found_ones) {
    list.push_back({{"path", violation.path}, {"id", violation.id}, {"text", violation.text}});
  }
  return list;
}

Result<std::vector<Violation>> violations_from_json(const json& list) {
  return list_from_json(list, violation_from_json, "violation");
}

}  // namespace yoke::model
