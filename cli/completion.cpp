// SPDX-License-Identifier: Apache-2.0
#include "cli/completion.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/table.h"

namespace yoke::cli {
namespace {

using model::Word;

void add(std::vector<Candidate>& list, Candidate candidate) {
  const auto same = [&](const Candidate& other) { return other.text == candidate.text; };
  if (std::ranges::none_of(list, same)) list.push_back(std::move(candidate));
}

bool contains(const std::vector<std::string>& list, const std::string& text) {
  return std::ranges::find(list, text) != list.end();
}

std::string value_help(const Offer& offer) {
  if (offer.field == nullptr) return offer.help;
  return fmt::format("{}: {}", offer.help, model::describe(*offer.field));
}

// What follows the last word that names the kind: `set pool web server A B `.
std::vector<std::string> named_on(const std::vector<Word>& line, std::string_view kind) {
  std::vector<std::string> named;
  const auto last = std::ranges::find(line.rbegin(), line.rend(), kind, &Word::text);
  if (last == line.rend()) return named;
  for (auto word = last.base(); word != line.end(); ++word) named.push_back(word->text);
  return named;
}

// Words first as the grammar orders them, then what is there already, then what else could be
// typed.
std::vector<Candidate> candidates_of(const std::vector<Offer>& offers,
                                     const std::vector<Word>& line, std::string_view prefix,
                                     const KeySource& keys) {
  std::vector<Candidate> list;
  std::vector<std::string> found;  // kinds that some key was found of
  for (const Offer& offer : offers) {
    if (!offer.word.empty() && offer.word.starts_with(prefix)) add(list, {offer.word, offer.help});
  }
  for (const Offer& offer : offers) {
    if (!offer.word.empty() || offer.kind.empty()) continue;
    const auto named = named_on(line, offer.kind);
    for (std::string& key : keys(offer.kind, offer.parent)) {
      if (!key.starts_with(prefix) || contains(named, key)) continue;
      add(list, {std::move(key), offer.kind + " that is there"});
      found.push_back(offer.kind);
    }
  }
  for (const Offer& offer : offers) {
    if (!offer.word.empty() || (offer.is_there && contains(found, offer.kind))) continue;
    add(list, {offer.placeholder,
               offer.is_there ? fmt::format("there is no {} that begins so", offer.kind)
                              : value_help(offer),
               false});
  }
  return list;
}

// What every candidate that can be typed goes on with behind `prefix`; a blank behind the only one.
std::string common_continuation(const std::vector<Candidate>& candidates, std::size_t prefix) {
  const std::string* first = nullptr;
  std::size_t common = 0;
  std::size_t words = 0;
  for (const Candidate& candidate : candidates) {
    if (!candidate.is_word) continue;
    ++words;
    if (first == nullptr) {
      first = &candidate.text;
      common = first->size();
      continue;
    }
    const auto [end, other] = std::ranges::mismatch(*first, candidate.text);
    common = std::min(common, static_cast<std::size_t>(end - first->begin()));
  }
  if (first == nullptr || common < prefix) return {};
  return first->substr(prefix, common - prefix) + (words == 1 ? " " : "");
}

}  // namespace

Completion complete(std::string_view line, Mode mode, const KeySource& keys,
                    const model::Path& place) {
  Completion completion;
  auto words = split_line(line);
  if (!words) {
    completion.error = words.error();
    return completion;
  }
  const bool at_blank = line.empty() || line.back() == ' ' || line.back() == '\t';
  Word partial;
  if (!at_blank && !words->empty()) {
    partial = std::move(words->back());
    words->pop_back();
  }
  LineReader reader(mode, place);
  for (const Word& word : *words) {
    if (auto taken = reader.take(word); !taken) {
      completion.error = taken.error();
      return completion;
    }
  }
  completion.may_end = reader.may_end() && !words->empty();
  completion.example = reader.example();
  if (partial.quoted) return completion;
  completion.candidates = candidates_of(reader.offers(), *words, partial.text, keys);
  completion.insert = common_continuation(completion.candidates, partial.text.size());
  return completion;
}

std::vector<std::string> help_lines(const Completion& completion) {
  if (completion.error) {
    return {fmt::format("{} {}", completion.error->id, completion.error->text)};
  }
  constexpr std::size_t kNameWidth = 50;  // no name and no address is longer
  std::size_t width = 7;                  // <Enter>
  for (const Candidate& candidate : completion.candidates) {
    width = std::max(width, std::min<std::size_t>(candidate.text.size(), 24));
  }
  std::vector<std::string> lines;
  for (const Candidate& candidate : completion.candidates) {
    const bool is_long = candidate.text.size() > kNameWidth;
    std::string head = fmt::format(
        "  {:{}}  ", is_long ? candidate.text.substr(0, kNameWidth - 3) + "..." : candidate.text,
        width);
    for (const std::string& part : wrapped(candidate.help, kWidth - head.size())) {
      lines.push_back(head + part);
      head.assign(head.size(), ' ');
    }
  }
  if (completion.may_end) lines.push_back(fmt::format("  {:{}}  Run this line", "<Enter>", width));
  if (!completion.example.empty()) lines.push_back("Example: " + completion.example);
  return lines;
}

}  // namespace yoke::cli
