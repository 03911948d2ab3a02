// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace yoke::model {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

tl::unexpected<Error> bad(std::string text, std::size_t column) {
  return fail(Errc::kInvalid, "E-107", std::move(text), static_cast<int>(column));
}

// Reads the word in quotes that starts at `at`, and leaves `at` behind its closing quote.
Result<std::string> quoted_word(std::string_view line, std::size_t& at) {
  const std::size_t start = at++;
  std::string text;
  for (; at < line.size(); ++at) {
    char c = line[at];
    if (c == '"') {
      ++at;
      if (at < line.size() && !is_blank(line[at])) {
        return bad("a blank is needed after the closing quote", at);
      }
      return text;
    }
    if (c == '\\') {
      if (++at == line.size()) break;
      c = line[at];
      if (c != '"' && c != '\\') return bad("in quotes, \\ goes before \" or \\ only", at - 1);
    } else if (is_control(c)) {
      return bad("control characters have no place in a command", at);
    }
    text += c;
  }
  return bad("this quote is not closed", start);
}

Result<std::string> plain_word(std::string_view line, std::size_t& at) {
  std::string text;
  for (; at < line.size() && !is_blank(line[at]); ++at) {
    if (line[at] == '"') return bad("a quote can only begin a word", at);
    if (is_control(line[at])) return bad("control characters have no place in a command", at);
    text += line[at];
  }
  return text;
}

// Edits (insert, remove, replace, swap neighbours) from `a` to `b`, letter case aside.
std::size_t distance(std::string_view a, std::string_view b) {
  const auto same = [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  };
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool equal = same(a[i - 1], b[j - 1]);
      cost[i][j] =
          std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + (equal ? 0 : 1)});
      if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1])) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

// How many bytes the UTF-8 character at `at` has; 0: there is none that may be shown (RFC 3629
// section 4; controls are U+0000 to U+001F and U+007F to U+009F).
std::size_t character_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  const auto continues = [&](std::size_t i, unsigned least = 0x80, unsigned most = 0xbf) {
    return byte(i) >= least && byte(i) <= most;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return first >= ' ' && first != 0x7f ? 1 : 0;
  if (first >= 0xc2 && first <= 0xdf) return continues(1, first == 0xc2 ? 0xa0 : 0x80) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const unsigned least = first == 0xe0 ? 0xa0 : 0x80, most = first == 0xed ? 0x9f : 0xbf;
    return continues(1, least, most) && continues(2) ? 3 : 0;
  }
  if (first < 0xf0 || first > 0xf4) return 0;
  const unsigned least = first == 0xf0 ? 0x90 : 0x80, most = first == 0xf4 ? 0x8f : 0xbf;
  return continues(1, least, most) && continues(2) && continues(3) ? 4 : 0;
}

}  // namespace

Result<std::vector<Word>> split_words(std::string_view line) {
  std::vector<Word> words;
  std::size_t at = 0;
  while (true) {
    while (at < line.size() && is_blank(line[at])) ++at;
    if (at == line.size()) return words;
    const std::size_t start = at;
    const bool quoted = line[at] == '"';
    auto text = quoted ? quoted_word(line, at) : plain_word(line, at);
    if (!text) return tl::unexpected(text.error());
    words.push_back({std::move(*text), static_cast<int>(start), quoted});
  }
}

std::string quote(std::string_view text) {
  // ? and | mean something to the line editor and # to a file where they start a word.
  constexpr std::string_view kSpecial = " \"\\?|#";
  if (!text.empty() && text.find_first_of(kSpecial) == std::string_view::npos) {
    return std::string(text);
  }
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::vector<std::string_view> split_list(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto comma = text.find(',');
    parts.push_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

std::string shown(std::string_view text) {
  constexpr std::size_t kLongest = 60;
  std::string safe;
  std::size_t at = 0;
  while (at < text.size() && safe.size() < kLongest) {
    const std::size_t length = character_at(text, at);
    if (length == 0) {
      safe += '?';
      ++at;
    } else {
      safe += text.substr(at, length);
      at += length;
    }
  }
  return fmt::format("'{}{}'", safe, at < text.size() ? "..." : "");
}

std::vector<std::string> nearest(std::string_view word,
                                 const std::vector<std::string>& candidates) {
  constexpr std::size_t kLongest = 64;  // nobody means a word of the grammar by more
  if (word.empty() || word.size() > kLongest) return {};
  std::vector<std::pair<std::size_t, std::string>> close;
  for (const std::string& candidate : candidates) {
    const bool prefix = candidate.starts_with(word);
    const std::size_t edits = prefix ? 0 : distance(word, candidate);
    if (edits <= std::max<std::size_t>(1, candidate.size() / 3))
      close.emplace_back(edits, candidate);
  }
  std::ranges::sort(close);
  std::vector<std::string> words;
  for (const auto& [edits, candidate] : close) {
    if (words.size() < 3) words.push_back(candidate);
  }
  return words;
}

std::string join_or(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

}  // namespace yoke::model
