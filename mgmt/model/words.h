// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hal/base/result.h"

// Text of command lines: words and quotes, and which word somebody may have meant. Threads: any.
namespace yoke::model {

struct Word {
  std::string text;     // without quotes and escapes
  int column = 0;       // where it starts in the line, 0-based
  bool quoted = false;  // written in quotes: a value, never a word of the grammar
  friend bool operator==(const Word&, const Word&) = default;
};

// Words are parted by blanks; a value with blanks is written "in quotes", in which \" and \\ stand
// for themselves. E-107 for a quote that does not end or begins inside a word, and for control
// characters.
[[nodiscard]] Result<std::vector<Word>> split_words(std::string_view line);
// `text` as a single word of a command line, in quotes where it needs them.
[[nodiscard]] std::string quote(std::string_view text);

// "a,b" as its parts; "" has one empty part.
[[nodiscard]] std::vector<std::string_view> split_list(std::string_view text);

// 'text' for a message: in single quotes, control characters as ?, cut where it is long.
[[nodiscard]] std::string shown(std::string_view text);

// Those of `candidates` that `word` may have been meant to be, nearest first, at most three.
[[nodiscard]] std::vector<std::string> nearest(std::string_view word,
                                               const std::vector<std::string>& candidates);
// "a", "a or b", "a, b or c".
[[nodiscard]] std::string join_or(const std::vector<std::string>& words);

}  // namespace yoke::model
