// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/line_reader.h"

// What TAB and ? answer, as values: the line editor only draws. Threads: any.
namespace yoke::cli {

struct Candidate {
  std::string text;  // what can be typed, or a placeholder such as "<weight>"
  std::string help;
  bool is_word = true;  // false: a placeholder
};

struct Completion {
  std::string insert;  // to be added at the cursor: what all candidates have in common
  std::vector<Candidate> candidates;
  bool may_end = false;        // Enter is possible here
  std::string example;         // a whole line that could stand here, or empty
  std::optional<Error> error;  // the line is wrong before the cursor
};

// Keys of the records of a kind below a parent, as the candidate configuration has them.
using KeySource =
    std::function<std::vector<std::string>(std::string_view kind, const model::Path& parent)>;

// `line` ends at the cursor; `place` is the record entered by `edit`. The word the cursor is in, if
// any, limits the candidates.
[[nodiscard]] Completion complete(std::string_view line, Mode mode, const KeySource& keys,
                                  const model::Path& place = {});

// For people: a line a candidate, then how to go on.
[[nodiscard]] std::vector<std::string> help_lines(const Completion& completion);

}  // namespace yoke::cli
