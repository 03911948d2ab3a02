// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/commands.h"

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
         type == FieldType::kServiceAddress;
}

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
  if (field.choices.empty()) list.push_back({"", std::string(field.help), &field, type, parent});
}

}  // namespace

bool CommandReader::may_have_more_keys() const {
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
        if (type.parent.empty()) {
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
    case State::kRecord:
      break;
  }
  return expected_in_record();
}

std::vector<Expected> CommandReader::expected_in_record() const {
  std::vector<Expected> list;
  for (const Field& field : type_->fields) {
    if (!applies(field, keys_.front()) || is_given(field.name)) continue;
    list.push_back({std::string(field.name), std::string(field.help), nullptr, nullptr, {}});
  }
  if (keys_.size() == 1) {
    for (const RecordType& type : schema()) {
      if (type.parent != type_->kind) continue;
      list.push_back({std::string(type.kind), std::string(type.help), nullptr, &type, {}});
    }
  }
  if (field_ != nullptr) add_value(list, *field_, nullptr, {});
  if (may_have_more_keys()) add_value(list, type_->key, type_, parent_);
  if (kind_ == Operation::Kind::kDelete) return list;
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
    case State::kRecord:
      break;
  }
  return take_in_record(word);
}

Status CommandReader::take_kind(const Word& word) {
  const RecordType* type = word.quoted ? nullptr : find_type(word.text);
  if (type == nullptr || !type->parent.empty()) return unknown(word);
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

Status CommandReader::take_in_record(const Word& word) {
  if (!word.quoted) {
    if (const auto taken = take_field_name(word)) return *taken;
    const RecordType* type = find_type(word.text);
    if (type != nullptr && type->parent == type_->kind && keys_.size() == 1) {
      descend(*type);
      return {};
    }
  }
  if (take_list_part(word)) return {};
  if (may_have_more_keys() && !looks_like_word(word.text)) return take_key(word);
  if (kind_ == Operation::Kind::kDelete) return unknown(word);
  return take_positional(word);
}

std::optional<Status> CommandReader::take_field_name(const Word& word) {
  const Field* field = find_field(*type_, word.text);
  if (field == nullptr) return std::nullopt;
  if (!applies(*field, keys_.front())) {
    return bad("E-101", fmt::format("a {} {} has no {}", keys_.front(), type_->kind, field->name),
               word.column);
  }
  if (is_given(field->name)) {
    return bad("E-109", fmt::format("{} is on the line already", field->name), word.column);
  }
  if (kind_ == Operation::Kind::kDelete) {
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
  for (const std::string& key : keys_) {
    into.push_back({kind_, parent_.child(type_->kind, key), fields_, names_});
  }
}

Result<std::vector<Operation>> CommandReader::finish(int column) const {
  switch (state_) {
    case State::kKind: {
      std::vector<std::string> words;
      for (const Expected& next : expected()) words.push_back(next.word);
      return bad("E-106", fmt::format("the line ends too early: expected {}", join_or(words)),
                 column);
    }
    case State::kKey:
      return bad("E-106", fmt::format("which {}? Expected {}", type_->kind, describe(type_->key)),
                 column);
    case State::kValue:
      return bad("E-106",
                 fmt::format("{} needs a value: expected {}", field_->name, describe(*field_)),
                 column);
    case State::kRecord:
      break;
  }
  std::vector<Operation> operations = done_;
  flush(operations);
  return operations;
}

Result<std::vector<Operation>> parse_command(std::string_view line) {
  const auto words = split_words(line);
  if (!words) return tl::unexpected(words.error());
  if (words->empty()) return bad("E-106", "the line is empty: expected set or delete", 0);
  const Word& verb = words->front();
  if (verb.quoted || (verb.text != "set" && verb.text != "delete")) {
    return bad("E-101", fmt::format("unknown word {}: expected set or delete", shown(verb.text)),
               verb.column);
  }
  CommandReader reader(verb.text == "set" ? Operation::Kind::kSet : Operation::Kind::kDelete);
  for (auto word = words->begin() + 1; word != words->end(); ++word) {
    if (auto taken = reader.take(*word); !taken) return tl::unexpected(taken.error());
  }
  return reader.finish(static_cast<int>(line.size()));
}

Status edit(Config& config, const Operation& operation) {
  return operation.kind == Operation::Kind::kSet ? config.set(operation.path, operation.fields)
                                                 : config.remove(operation.path, operation.names);
}

Status edit(Config& config, const std::vector<Operation>& operations) {
  Config edited = config;
  for (const Operation& operation : operations) {
    if (auto done = edit(edited, operation); !done) return done;
  }
  config = std::move(edited);
  return {};
}

std::string fields_text(const Path& path, const Fields& fields) {
  std::string text;
  for (const Field& field : find_type(path.kind())->fields) {
    const auto value = fields.find(field.name);
    if (value == fields.end()) continue;
    if (!field.positional) text += fmt::format(" {}", field.name);
    text += ' ' + quote(value->second);
  }
  return text;
}

std::string to_commands(const Config& config) {
  std::string text;
  const auto& records = config.records();
  for (auto at = records.begin(); at != records.end(); ++at) {
    const auto next = std::next(at);
    // A record without fields of its own is made by the first one that lives in it.
    if (at->second.empty() && next != records.end() &&
        next->first.words.size() > at->first.words.size()) {
      continue;
    }
    text += "set " + at->first.to_string() + fields_text(at->first, at->second) + '\n';
  }
  return text;
}

}  // namespace yoke::model
