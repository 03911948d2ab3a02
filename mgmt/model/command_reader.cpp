// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/command_reader.h"

#include <fmt/format.h>

#include <algorithm>

namespace yoke::model {
namespace {

tl::unexpected<Error> bad(std::string_view id, std::string text, int column) {
  return fail(Errc::kInvalid, id, std::move(text), column);
}

// `error` of a part of `word`, at its place in the line.
tl::unexpected<Error> at(const Word& word, Error error) {
  error.column = word.column + std::max(error.column, 0) + (word.quoted ? 1 : 0);
  return tl::unexpected<Error>(std::move(error));
}

// Values of these types cannot be taken for words of the grammar, so several may follow each other.
bool is_unlike_words(FieldType type) {
  return type == FieldType::kEndpoint || type == FieldType::kAddress ||
         type == FieldType::kServiceAddress || type == FieldType::kPrefix;
}

constexpr std::string_view kEnabled = "enabled";
constexpr std::string_view kTo = "to";

bool looks_like_word(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  });
}

// A field's help with what it accepts, or a choice's words one by one.
void add_value(std::vector<Expected>& list, const Field& field, const RecordType* type,
               const Path& parent) {
  if (field.type == FieldType::kFlag) {
    list.push_back({"yes", std::string(field.help), &field, type, parent});
    list.push_back({"no", std::string(field.help), &field, type, parent});
    return;
  }
  for (const std::string_view choice : field.choices) {
    list.push_back({std::string(choice), std::string(field.help), &field, type, parent});
  }
  const bool is_one_of_them =
      field.type == FieldType::kChoice || field.type == FieldType::kNamedChoice;
  if (!is_one_of_them) list.push_back({"", std::string(field.help), &field, type, parent});
}

}  // namespace

bool CommandReader::names_fields() const {
  return verb_ == EditVerb::kSet || verb_ == EditVerb::kDelete;
}

bool CommandReader::moves() const { return verb_ == EditVerb::kRename || verb_ == EditVerb::kCopy; }

bool CommandReader::may_end_in(const RecordType& type) const {
  if (verb_ == EditVerb::kSet && type.single && fields_.empty()) return false;
  if (verb_ != EditVerb::kEnable && verb_ != EditVerb::kDisable) return !moves();
  return find_field(type, kEnabled) != nullptr;
}

// Whether there is something that this verb can be said of in a record of `type`.
bool CommandReader::may_lead_to(const RecordType& type) const {
  if (moves()) return !type.single;
  if (may_end_in(type) || verb_ == EditVerb::kSet) return true;
  return std::ranges::any_of(schema(), [&](const RecordType& below) {
    return below.parent == type.kind && may_lead_to(below);
  });
}

bool CommandReader::may_have_more_keys() const {
  if (moves() || verb_ == EditVerb::kEnter) return false;
  return is_unlike_words(type_->key.type) && fields_.empty() && names_.empty();
}

bool CommandReader::is_given(std::string_view field) const {
  return fields_.contains(field) || std::ranges::find(names_, field) != names_.end();
}

std::vector<Expected> CommandReader::expected() const {
  std::vector<Expected> list;
  switch (state_) {
    case State::kKind:
      for (const RecordType& type : schema()) {
        if (type.parent.empty() && may_lead_to(type)) {
          list.push_back({std::string(type.kind), std::string(type.help), nullptr, &type, {}});
        }
      }
      return list;
    case State::kKey:
      add_value(list, type_->key, type_, parent_);
      return list;
    case State::kValue:
      add_value(list, *field_, nullptr, {});
      return list;
    case State::kNewKey:
      add_value(list, type_->key, nullptr, {});
      return list;
    case State::kEnd:
      return list;
    case State::kRecord:
      break;
  }
  return expected_in_record();
}

std::vector<Expected> CommandReader::expected_in_record() const {
  std::vector<Expected> list;
  for (const Field& field : type_->fields) {
    if (!names_fields() || !applies(field, keys_.front()) || is_given(field.name)) continue;
    list.push_back({std::string(field.name), std::string(field.help), nullptr, nullptr, {}});
  }
  if (moves()) list.push_back({std::string(kTo), "The new key follows", nullptr, nullptr, {}});
  if (keys_.size() == 1) {
    for (const RecordType& type : schema()) {
      if (type.parent != type_->kind) continue;
      list.push_back({std::string(type.kind), std::string(type.help), nullptr, &type, {}});
    }
  }
  if (field_ != nullptr) add_value(list, *field_, nullptr, {});
  if (may_have_more_keys()) add_value(list, type_->key, type_, parent_);
  if (verb_ != EditVerb::kSet) return list;
  for (const Field& field : type_->fields) {
    if (field.positional && applies(field, keys_.front()) && !is_given(field.name)) {
      add_value(list, field, nullptr, {});
    }
  }
  return list;
}

tl::unexpected<Error> CommandReader::unknown(const Word& word) const {
  std::vector<std::string> words;
  for (const Expected& next : expected()) {
    if (!next.word.empty()) words.push_back(next.word);
  }
  if (words.empty()) {
    return bad("E-101", fmt::format("the line should end before {}", shown(word.text)),
               word.column);
  }
  const auto close = nearest(word.text, words);
  return bad(
      "E-101",
      close.empty()
          ? fmt::format("unknown word {}: expected {}", shown(word.text), join_or(words))
          : fmt::format("unknown word {}: did you mean {}?", shown(word.text), join_or(close)),
      word.column);
}

Status CommandReader::take(const Word& word) {
  switch (state_) {
    case State::kKind:
      return take_kind(word);
    case State::kKey:
      return take_key(word);
    case State::kValue:
      return take_value(*field_, word);
    case State::kNewKey:
      return take_new_key(word);
    case State::kEnd:
      return unknown(word);
    case State::kRecord:
      break;
  }
  return take_in_record(word);
}

Status CommandReader::take_kind(const Word& word) {
  const RecordType* type = word.quoted ? nullptr : find_type(word.text);
  if (type == nullptr || !type->parent.empty() || !may_lead_to(*type)) return unknown(word);
  descend(*type);
  return {};
}

void CommandReader::descend(const RecordType& type) {
  if (type_ != nullptr) {
    if (!fields_.empty() || !names_.empty()) flush(done_);
    parent_ = parent_.child(type_->kind, keys_.front());
  }
  type_ = &type;
  keys_.clear();
  fields_.clear();
  names_.clear();
  field_ = nullptr;
  state_ = State::kKey;
  if (!type.single) return;
  keys_.emplace_back();
  state_ = State::kRecord;
}

Status CommandReader::take_key(const Word& word) {
  auto key = canonical(type_->key, word.text);
  if (!key) return at(word, key.error());
  if (std::ranges::find(keys_, *key) != keys_.end()) {
    return bad("E-109", fmt::format("{} is on the line already", *key), word.column);
  }
  keys_.push_back(std::move(*key));
  state_ = State::kRecord;
  return {};
}

Status CommandReader::take_new_key(const Word& word) {
  auto key = canonical(type_->key, word.text);
  if (!key) return at(word, key.error());
  to_ = std::move(*key);
  state_ = State::kEnd;
  return {};
}

Status CommandReader::take_in_record(const Word& word) {
  if (!word.quoted) {
    if (moves() && word.text == kTo) {
      state_ = State::kNewKey;
      return {};
    }
    if (const auto taken = take_field_name(word)) return *taken;
    const RecordType* type = find_type(word.text);
    if (type != nullptr && type->parent == type_->kind && keys_.size() == 1) {
      descend(*type);
      return {};
    }
  }
  if (take_list_part(word)) return {};
  if (may_have_more_keys() && !looks_like_word(word.text)) return take_key(word);
  if (verb_ != EditVerb::kSet) return unknown(word);
  return take_positional(word);
}

std::optional<Status> CommandReader::take_field_name(const Word& word) {
  const Field* field = names_fields() ? find_field(*type_, word.text) : nullptr;
  if (field == nullptr) return std::nullopt;
  if (!applies(*field, keys_.front())) {
    return bad("E-101", fmt::format("a {} {} has no {}", keys_.front(), type_->kind, field->name),
               word.column);
  }
  if (is_given(field->name)) {
    return bad("E-109", fmt::format("{} is on the line already", field->name), word.column);
  }
  if (verb_ == EditVerb::kDelete) {
    names_.emplace_back(field->name);
  } else {
    field_ = field;
    state_ = State::kValue;
  }
  return Status{};
}

Status CommandReader::take_value(const Field& field, const Word& word) {
  auto value = canonical(field, word.text);
  if (!value) return at(word, value.error());
  fields_.insert_or_assign(std::string(field.name), std::move(*value));
  field_ = field.list ? &field : nullptr;
  state_ = State::kRecord;
  return {};
}

bool CommandReader::take_list_part(const Word& word) {
  if (field_ == nullptr) return false;
  std::string& list = fields_.find(field_->name)->second;
  auto longer = canonical(*field_, list + "," + word.text);
  if (!longer) return false;
  list = std::move(*longer);
  return true;
}

Status CommandReader::take_positional(const Word& word) {
  const Field* first = nullptr;
  for (const Field& field : type_->fields) {
    if (!field.positional || !applies(field, keys_.front()) || is_given(field.name)) continue;
    if (canonical(field, word.text)) return take_value(field, word);
    if (first == nullptr || first->type == FieldType::kChoice) first = &field;
  }
  if (first == nullptr || (!word.quoted && looks_like_word(word.text))) return unknown(word);
  return take_value(*first, word);
}

void CommandReader::flush(std::vector<Operation>& into) const {
  Operation operation;
  operation.fields = fields_;
  operation.names = names_;
  operation.to = to_;
  switch (verb_) {
    case EditVerb::kSet:
    case EditVerb::kEnter:
      break;
    case EditVerb::kDelete:
      operation.kind = Operation::Kind::kDelete;
      break;
    case EditVerb::kRename:
      operation.kind = Operation::Kind::kRename;
      break;
    case EditVerb::kCopy:
      operation.kind = Operation::Kind::kCopy;
      break;
    case EditVerb::kEnable:
    case EditVerb::kDisable:
      operation.existing = true;
      operation.fields.emplace(kEnabled, verb_ == EditVerb::kEnable ? "yes" : "no");
      break;
  }
  for (const std::string& key : keys_) {
    operation.path = parent_.child(type_->kind, key);
    into.push_back(operation);
  }
}

tl::unexpected<Error> CommandReader::too_early(int column) const {
  std::vector<std::string> words;
  for (const Expected& next : expected()) {
    if (!next.word.empty()) words.push_back(next.word);
  }
  if (words.empty()) return bad("E-106", fmt::format("a {} is always in use", type_->kind), column);
  return bad("E-106", fmt::format("the line ends too early: expected {}", join_or(words)), column);
}

Result<std::vector<Operation>> CommandReader::finish(int column) const {
  switch (state_) {
    case State::kKind:
      return too_early(column);
    case State::kKey:
      return bad("E-106", fmt::format("which {}? Expected {}", type_->kind, describe(type_->key)),
                 column);
    case State::kValue:
      return bad("E-106",
                 fmt::format("{} needs a value: expected {}", field_->name, describe(*field_)),
                 column);
    case State::kNewKey:
      return bad("E-106", fmt::format("to which? Expected {}", describe(type_->key)), column);
    case State::kRecord:
      if (!may_end_in(*type_)) return too_early(column);
      break;
    case State::kEnd:
      break;
  }
  std::vector<Operation> operations = done_;
  flush(operations);
  return operations;
}

}  // namespace yoke::model
