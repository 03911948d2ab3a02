// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cli/completion.h"

namespace yoke::cli {

// A terminal with editing, history, completion by TAB and help by ?. Ctrl-C drops the line. Nothing
// but what the terminal says it can do is used, so a serial line and TERM=dumb are fine.
// Threads: owned by one.
class LineEditor {
 public:
  using Completer = std::function<Completion(std::string_view line)>;

  // `history_file`: empty for none. Made readable for its owner alone.
  LineEditor(Completer completer, std::string history_file);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  // The line typed, or nothing at the end of input.
  [[nodiscard]] std::optional<std::string> read(const std::string& prompt);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace yoke::cli
