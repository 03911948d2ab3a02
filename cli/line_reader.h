// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command_tree.h"
#include "hal/base/result.h"
#include "mgmt/model/command_reader.h"
#include "mgmt/model/commands.h"

// Command lines against the command tree and the schema: what a line means, what may come next.
// Threads: values, any.
namespace yoke::cli {

enum class Mode : std::uint8_t {
  kOper,    // at a terminal
  kConfig,  // at a terminal, after `configure`
  kScript,  // one-shot, -c, files: every command, and full words only, so that scripts survive new
            // commands
};

struct Command {
  const Verb* verb = nullptr;                   // never null in a Command that was read
  std::vector<std::string> words;               // what followed the verb, in full
  std::vector<model::Operation> edits;          // of verbs that edit
  model::Path place;                            // of edit: the record to enter
  std::vector<std::vector<std::string>> pipes;  // words of each
};

// Something that may come next on the line.
struct Offer {
  std::string word;         // to be typed as it is; empty: a value
  std::string placeholder;  // of a value: "NAME", "<weight>"
  std::string help;
  const model::Field* field = nullptr;  // of a value the schema knows
  std::string kind;                     // of the records whose keys are likely values, or empty
  model::Path parent;                   // where those records are
  bool is_there = false;                // only such a record makes sense
};

// Reads a line word by word. Paths of verbs that edit begin at `place`.
class LineReader {
 public:
  explicit LineReader(Mode mode, model::Path place = {}) : mode_(mode), place_(std::move(place)) {}

  // Unless in a script, a word may be short for the only one that begins so. Errors have the
  // column: E-101 unknown, E-102 to E-105 bad value, E-108 short for several, E-113 not in this
  // mode, E-114 as finish().
  [[nodiscard]] Status take(const model::Word& word);
  [[nodiscard]] std::vector<Offer> offers() const;
  [[nodiscard]] bool may_end() const;
  // E-106, at `column`, where more is needed; E-114 where a text without quotes ends with what may
  // follow a text in quotes, since only one of both was meant.
  [[nodiscard]] Result<Command> finish(int column) const;
  // A whole line that could stand here; empty before the first word.
  [[nodiscard]] std::string example() const;

 private:
  [[nodiscard]] bool is_open(const Verb& verb) const;
  [[nodiscard]] Result<model::Word> in_full(const model::Word& word) const;
  [[nodiscard]] Status take_verb(const model::Word& word);
  void start_edit();
  [[nodiscard]] std::vector<Offer> offers_in_edit() const;
  [[nodiscard]] Status take_in_edit(const model::Word& word);
  [[nodiscard]] bool enters() const { return command_.verb->edit == model::EditVerb::kEnter; }
  [[nodiscard]] bool may_end_edit() const;
  [[nodiscard]] Status take_word(const model::Word& word);
  void start_pipe();
  [[nodiscard]] Status take_value(const Node& node, const model::Word& word);
  [[nodiscard]] Status check_text() const;
  [[nodiscard]] tl::unexpected<Error> unknown(const model::Word& word) const;
  [[nodiscard]] std::vector<std::string>& words();

  Mode mode_;
  model::Path place_;
  Command command_;
  std::span<const Node> next_;
  bool may_end_ = false;
  std::vector<model::Word> text_;  // the words of a value that goes to the end of the line
  bool in_pipe_ = false;
  std::optional<model::CommandReader> edit_;
  bool edit_has_words_ = false;  // on the line; the place's do not count
};

// How long a commit may wait to be confirmed. E-102.
[[nodiscard]] Result<std::chrono::milliseconds> confirm_time(std::string_view text);

// The words of `line`; an unquoted | is a word by itself.
[[nodiscard]] Result<std::vector<model::Word>> split_line(std::string_view line);
[[nodiscard]] Result<Command> read_line(std::string_view line, Mode mode,
                                        const model::Path& place = {});

}  // namespace yoke::cli
