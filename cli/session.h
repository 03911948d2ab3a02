// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "cli/connection.h"
#include "cli/line_reader.h"
#include "cli/view.h"
#include "mgmt/model/rules.h"

namespace yoke::cli {

// What running a command came to: output, and perhaps an error as well (a refused commit tells
// why).
struct Outcome {
  Output output;
  std::optional<Error> error;
};

// Carries commands out. Knows no terminal. Threads: owned by one.
class Session {
 public:
  Session(Connection& connection, Mode mode) : connection_(connection), mode_(mode) {}

  [[nodiscard]] Outcome run(const Command& command);

  [[nodiscard]] Mode mode() const noexcept { return mode_; }
  // The record that was entered with `edit`, where paths begin; empty: the top.
  [[nodiscard]] const model::Path& place() const noexcept { return place_; }
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  // "lb-a [pool web]*# ": the unit, the place, * with uncommitted edits, the mode.
  [[nodiscard]] std::string prompt() const;
  // Keys for completion; empty where yoke-mgmt cannot be asked.
  [[nodiscard]] std::vector<std::string> keys(std::string_view kind, const model::Path& parent);

 private:
  [[nodiscard]] Outcome show(const Command& command);
  [[nodiscard]] Outcome show_configuration(bool candidate);
  [[nodiscard]] Outcome edit(const Command& command);
  void follow(const model::Operation& edited);
  [[nodiscard]] Outcome diff();
  [[nodiscard]] Outcome check();
  [[nodiscard]] Outcome commit(const Command& command);
  [[nodiscard]] Outcome discard();
  [[nodiscard]] Outcome exit();

  Connection& connection_;
  Mode mode_;
  model::Path place_;
  bool ended_ = false;
  std::optional<Error> untold_;  // completion found the edits lost; the next command tells
  bool warned_ = false;          // the last command was an exit that edits held back
};

// "E-203 vip b: vip a answers for ..." a line each.
[[nodiscard]] std::vector<std::string> violation_lines(
    const std::vector<model::Violation>& violations);
// Those that a refused `load` or `commit` came with.
[[nodiscard]] std::vector<std::string> violation_lines_of(const nlohmann::json& error_data);

// "revision 7, 3 changes", or that there was nothing to commit.
[[nodiscard]] std::string commit_sentence(const nlohmann::json& result);

}  // namespace yoke::cli
