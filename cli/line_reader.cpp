// SPDX-License-Identifier: Apache-2.0
#include "cli/line_reader.h"

#include <fmt/format.h>
#include <regex.h>

#include <algorithm>
#include <chrono>

#include "cli/moment.h"
#include "hal/base/number.h"
#include "mgmt/model/duration.h"

namespace yoke::cli {
namespace {

using model::Word;

tl::unexpected<Error> bad(std::string_view id, std::string text, int column) {
  return fail(Errc::kInvalid, id, std::move(text), column);
}

Offer offer_of(const Node& node) {
  const bool is_word = node.value == Value::kNone;
  Offer offer{.word = is_word ? std::string(node.word) : "",
              .placeholder = is_word ? "" : std::string(node.word),
              .help = std::string(node.help),
              .field = nullptr,
              .kind = std::string(node.kind),
              .parent = {}};
  if (const model::RecordType* type = model::find_type(node.kind)) offer.field = &type->key;
  return offer;
}

Offer offer_of(const model::Expected& expected) {
  Offer offer{.word = expected.word,
              .placeholder = "",
              .help = expected.help,
              .field = expected.field,
              .kind = "",
              .parent = expected.parent};
  if (!expected.word.empty()) return offer;
  offer.placeholder = fmt::format("<{}>", expected.field->name);
  offer.kind = expected.type != nullptr ? expected.type->kind : expected.field->refers_to;
  return offer;
}

std::string why_no_pattern(const std::string& text) {
  regex_t compiled;
  const int error = ::regcomp(&compiled, text.c_str(), REG_EXTENDED | REG_NOSUB);
  if (error == 0) {
    ::regfree(&compiled);
    return {};
  }
  std::array<char, 128> reason{};
  (void)::regerror(error, &compiled, reason.data(), reason.size());
  return reason.data();
}

}  // namespace

std::vector<std::string>& LineReader::words() {
  return in_pipe_ ? command_.pipes.back() : command_.words;
}

bool LineReader::is_open(const Verb& verb) const {
  switch (verb.use) {
    case Use::kAlways:
      return true;
    case Use::kConfig:
      return mode_ != Mode::kOper;
  }
  return false;
}

std::vector<Offer> LineReader::offers() const {
  std::vector<Offer> list;
  if (command_.verb == nullptr) {
    for (const Verb& verb : verbs()) {
      if (is_open(verb)) list.push_back(offer_of(verb.node));
    }
    return list;
  }
  if (edit_) return offers_in_edit();
  for (const Node& node : text_.empty() ? next_ : std::span<const Node>()) {
    if (node.value != Value::kCommand) {
      list.push_back(offer_of(node));
      // A record that lives in the one named before it.
      const model::RecordType* type = model::find_type(node.kind);
      if (type != nullptr && !type->parent.empty() && !command_.words.empty()) {
        list.back().parent = {{std::string(type->parent), command_.words.back()}};
      }
      continue;
    }
    for (const Verb& verb : verbs()) list.push_back(offer_of(verb.node));
  }
  if (may_end_ && command_.verb->prints) {
    list.push_back({.word = "|",
                    .placeholder = "",
                    .help = "Pass the output on",
                    .field = nullptr,
                    .kind = "",
                    .parent = {}});
  }
  return list;
}

// No line begins with another key beside the place's.
std::vector<Offer> LineReader::offers_in_edit() const {
  const bool in_record = edit_->finish(0).has_value();
  std::vector<Offer> list;
  for (const model::Expected& expected : edit_->expected()) {
    const bool is_key = expected.type != nullptr && expected.field != nullptr;
    if (is_key && in_record && !edit_has_words_) continue;
    list.push_back(offer_of(expected));
    list.back().is_there = is_key && (command_.verb->edit == model::EditVerb::kDelete ||
                                      command_.verb->edit == model::EditVerb::kEnable ||
                                      command_.verb->edit == model::EditVerb::kDisable);
  }
  return list;
}

bool LineReader::may_end() const {
  if (edit_) return may_end_edit() && edit_->finish(0).has_value();
  return command_.verb == nullptr || may_end_;
}

// A word in full is meant as it is, even where others begin like it.
Result<Word> LineReader::in_full(const Word& word) const {
  if (mode_ == Mode::kScript || word.quoted || word.text.empty() || !text_.empty()) return word;
  std::vector<std::string> fits;
  for (const Offer& offer : offers()) {
    if (offer.word == word.text) return word;
    if (offer.word.starts_with(word.text) && std::ranges::find(fits, offer.word) == fits.end()) {
      fits.push_back(offer.word);
    }
  }
  if (fits.size() > 1) {
    return bad("E-108",
               fmt::format("{} is short for more than one: {}", model::shown(word.text),
                           model::join_or(fits)),
               word.column);
  }
  Word full = word;
  if (fits.size() == 1) full.text = fits.front();
  return full;
}

Status LineReader::take(const Word& word) {
  const auto full = in_full(word);
  if (!full) return tl::unexpected(full.error());
  if (command_.verb == nullptr) return take_verb(*full);
  if (edit_) return take_in_edit(*full);
  if (full->text != "|" || full->quoted) return take_word(*full);
  if (!command_.verb->prints) {
    return bad("E-101", fmt::format("{} prints nothing to pass on", command_.verb->node.word),
               full->column);
  }
  if (!may_end_) return unknown(*full);
  if (auto clear = check_text(); !clear) return clear;
  start_pipe();
  return {};
}

Status LineReader::take_verb(const Word& word) {
  const Verb* verb = word.quoted ? nullptr : find_verb(word.text);
  if (verb == nullptr) return unknown(word);
  if (!is_open(*verb)) {
    return bad("E-113",
               fmt::format("{} belongs to configuration mode: type configure first", word.text),
               word.column);
  }
  command_.verb = verb;
  next_ = verb->node.next;
  may_end_ = verb->node.may_end;
  if (verb->edit) start_edit();
  return {};
}

void LineReader::start_edit() {
  edit_.emplace(*command_.verb->edit);
  // A place was read by the same grammar, so this one takes it.
  for (const std::string& word : place_.words) {
    if (!word.empty()) (void)edit_->take({word, 0, false});
  }
}

Status LineReader::take_in_edit(const Word& word) {
  if (!edit_has_words_ && !place_.words.empty()) {
    const auto takes = [&](const Offer& offer) {
      return offer.word.empty() || (!word.quoted && offer.word == word.text);
    };
    if (std::ranges::none_of(offers_in_edit(), takes)) return unknown(word);
  }
  edit_has_words_ = true;
  return edit_->take(word);
}

void LineReader::start_pipe() {
  command_.pipes.emplace_back();
  in_pipe_ = true;
  text_.clear();
  may_end_ = false;
  next_ = pipes();
}

Status LineReader::take_word(const Word& word) {
  if (!text_.empty()) {
    words().back() += ' ' + word.text;
    text_.push_back(word);
    return {};
  }
  for (const Node& node : next_) {
    if (node.value != Value::kNone) return take_value(node, word);
    if (word.quoted || node.word != word.text) continue;
    words().emplace_back(node.word);
    next_ = node.next;
    may_end_ = node.may_end;
    return {};
  }
  return unknown(word);
}

Status LineReader::take_value(const Node& node, const Word& word) {
  std::string text = word.text;
  switch (node.value) {
    case Value::kNone:
      return unknown(word);
    case Value::kCommand:
      if (find_verb(text) == nullptr) return unknown(word);
      break;
    case Value::kKey: {
      auto key = model::canonical(model::find_type(node.kind)->key, text);
      if (!key) return bad(key.error().id, key.error().text, word.column);
      text = std::move(*key);
      break;
    }
    case Value::kNumber:
      if (!parse_decimal(text)) {
        return bad("E-102", fmt::format("{} is not a number", model::shown(text)), word.column);
      }
      break;
    case Value::kDuration:
      if (const auto wait = confirm_time(text); !wait) {
        return bad(wait.error().id, wait.error().text, word.column);
      }
      break;
    case Value::kAge:
      if (!model::parse_duration(text)) {
        return bad("E-102",
                   fmt::format("{} is not a length of time such as 30m or 48h", model::shown(text)),
                   word.column);
      }
      break;
    case Value::kPattern:
      if (const std::string reason = why_no_pattern(text); !reason.empty()) {
        return bad("E-102", fmt::format("{} is not a pattern: {}", model::shown(text), reason),
                   word.column);
      }
      break;
    case Value::kWord:
      break;
    case Value::kText:
      if (!word.quoted) text_.push_back(word);
      break;
    case Value::kMoment:
      // Once: what "02:00" means is another day a moment later.
      if (const auto time = moment(text, std::chrono::system_clock::now())) {
        text = std::to_string(
            std::chrono::floor<std::chrono::milliseconds>(*time).time_since_epoch().count());
      } else {
        return bad(time.error().id, time.error().text, word.column);
      }
      break;
    case Value::kFile:
      if (text.empty()) return bad("E-102", "a file has a name", word.column);
      break;
  }
  words().push_back(std::move(text));
  next_ = node.next;
  may_end_ = node.may_end;
  return {};
}

// "note because confirm 5m": nobody may find out an hour later that it was taken for a note.
Status LineReader::check_text() const {
  constexpr std::size_t kShortMin = 3;  // "con 5m" is meant as it would be in front of the note
  const auto follows = [this](const Word& word, bool or_short) {
    return !word.quoted && std::ranges::any_of(next_, [&](const Node& node) {
      return node.word == word.text ||
             (or_short && mode_ != Mode::kScript && word.text.size() >= kShortMin &&
              node.word.starts_with(word.text));
    });
  };
  if (text_.empty()) return {};
  const Word* found = follows(text_.back(), false) ? &text_.back() : nullptr;
  if (text_.size() > 1 && follows(text_[text_.size() - 2], true) &&
      confirm_time(text_.back().text)) {
    found = &text_[text_.size() - 2];
  }
  if (found == nullptr) return {};
  return bad("E-114",
             fmt::format("{} may be the end of the text, or follow it: put the text in quotes",
                         model::shown(found->text)),
             found->column);
}

tl::unexpected<Error> LineReader::unknown(const Word& word) const {
  std::vector<std::string> known;
  for (const Offer& offer : offers()) {
    if (offer.word != "|") known.push_back(offer.word.empty() ? offer.placeholder : offer.word);
  }
  const std::string what = model::shown(word.text);
  if (known.empty()) {
    return bad("E-101", fmt::format("the line should end before {}", what), word.column);
  }
  const auto close = model::nearest(word.text, known);
  return bad("E-101",
             close.empty()
                 ? fmt::format("unknown word {}: expected {}", what, model::join_or(known))
                 : fmt::format("unknown word {}: did you mean {}?", what, model::join_or(close)),
             word.column);
}

// The verb alone may mean the place.
bool LineReader::may_end_edit() const {
  return edit_has_words_ || (may_end_ && !place_.words.empty());
}

Result<Command> LineReader::finish(int column) const {
  if (edit_ && (may_end_edit() || place_.words.empty())) {
    auto edits = edit_->finish(column);
    if (!edits) return tl::unexpected(edits.error());
    Command command = command_;
    if (enters()) {
      command.place = edits->front().path;
    } else {
      command.edits = std::move(*edits);
    }
    return command;
  }
  if (command_.verb == nullptr || !may_end_) {
    std::vector<std::string> known;
    for (const Offer& offer : offers()) {
      known.push_back(offer.word.empty() ? offer.placeholder : offer.word);
    }
    return bad("E-106", fmt::format("the line ends too early: expected {}", model::join_or(known)),
               column);
  }
  if (auto clear = check_text(); !clear) return tl::unexpected(clear.error());
  return command_;
}

std::string LineReader::example() const {
  return command_.verb == nullptr ? std::string{} : std::string(command_.verb->example);
}

Result<std::chrono::milliseconds> confirm_time(std::string_view text) {
  const auto time = model::parse_duration(text);
  if (time && *time >= std::chrono::seconds(1) && *time <= std::chrono::hours(24)) return *time;
  if (!time && parse_decimal(text)) {
    return bad(
        "E-102",
        fmt::format("{} has no unit: a time from 1s to 24h, such as 90s or 5m", model::shown(text)),
        -1);
  }
  return bad("E-102",
             fmt::format("{} is not a time from 1s to 24h, such as 90s or 5m", model::shown(text)),
             -1);
}

Result<std::vector<Word>> split_line(std::string_view line) {
  auto words = model::split_words(line);
  if (!words) return words;
  std::vector<Word> split;
  for (Word& word : *words) {
    if (word.quoted || word.text.find('|') == std::string::npos) {
      split.push_back(std::move(word));
      continue;
    }
    for (std::size_t start = 0; start < word.text.size();) {
      const auto bar = word.text.find('|', start);
      const auto end = bar == start ? start + 1 : std::min(bar, word.text.size());
      split.push_back(
          {word.text.substr(start, end - start), word.column + static_cast<int>(start), false});
      start = end;
    }
  }
  return split;
}

Result<Command> read_line(std::string_view line, Mode mode, const model::Path& place) {
  const auto words = split_line(line);
  if (!words) return tl::unexpected(words.error());
  LineReader reader(mode, place);
  for (const Word& word : *words) {
    if (auto taken = reader.take(word); !taken) return tl::unexpected(taken.error());
  }
  return reader.finish(static_cast<int>(line.size()));
}

}  // namespace yoke::cli
