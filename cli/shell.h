// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "cli/complaint.h"
#include "cli/session.h"

// Runs lines and tells what came of them: data to one stream, talk to the other. Threads: owned by
// one.
namespace yoke::cli {

struct Style {
  bool json = false;  // every command that prints answers in JSON, and every error is (complaint.h)
  bool pretty = false;  // JSON on several lines
};

// The process's exit code for a kind of failure (cli/README.md).
[[nodiscard]] int exit_code(Errc kind) noexcept;

class Shell {
 public:
  Shell(Session& session, Style style, std::ostream& data, std::ostream& talk)
      : session_(session), style_(style), data_(data), talk_(talk) {}

  // Each returns the exit code. A line that is blank or begins with # is nothing.
  // The line stands on the screen already, behind a prompt of this width.
  int run_typed(const std::string& line, std::size_t prompt_width);
  // `place` tells where the line came from: "line 3".
  int run(const std::string& line, std::string_view place = {});
  // One after the other, up to the first that fails; then what became of uncommitted edits.
  int run_all(const std::vector<std::string>& lines);
  int run_all(std::istream& lines);

  // A script that ends with edits has lost them.
  void tell_of_lost_edits(const Connection& connection);

 private:
  int carry_out(const Command& command, std::string_view place);
  int complain(Complaint complaint);
  void tell(const std::vector<std::string>& lines);

  Session& session_;
  Style style_;
  std::ostream& data_;
  std::ostream& talk_;
};

// `text` without the mark that some editors put before UTF-8.
[[nodiscard]] std::string_view without_mark(std::string_view text) noexcept;

// The words of a shell's argument list as one line of ours.
[[nodiscard]] std::string line_of(const std::vector<std::string>& words);

}  // namespace yoke::cli
