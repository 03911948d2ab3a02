// SPDX-License-Identifier: Apache-2.0
#include "cli/shell.h"

#include <fmt/format.h>

#include <algorithm>
#include <istream>
#include <ostream>

#include "cli/caret.h"
#include "cli/pipe.h"

namespace yoke::cli {
namespace {

bool is_nothing(const std::string& line) {
  const auto start = line.find_first_not_of(" \t\r");
  return start == std::string::npos || line[start] == '#';
}

std::string without_return(std::string line) {
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return line;
}

}  // namespace

int exit_code(Errc kind) noexcept {
  switch (kind) {
    case Errc::kFailed:
      return 1;
    case Errc::kInvalid:
      return 2;
    case Errc::kDenied:
      return 3;
    case Errc::kNotFound:
      return 4;
    case Errc::kConflict:
      return 5;
    case Errc::kRefused:
      return 6;
    case Errc::kUnavailable:
      return 7;
    case Errc::kTimeout:
      return 124;
  }
  return 1;
}

void Shell::tell(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) talk_ << line << '\n';
  talk_.flush();
}

// In words: what came with it, the line with a caret, the error, where it stopped.
int Shell::complain(Complaint complaint) {
  const int code = exit_code(complaint.error.kind);
  if (style_.json) {
    tell({json_line(complaint)});
    return code;
  }
  tell(complaint.more);
  tell(complaint.line.empty() ? std::vector{sentence(complaint.error)}
                              : caret_lines(complaint.line, complaint.error));
  if (!complaint.place.empty()) tell({fmt::format("Stopped at {}.", complaint.place)});
  return code;
}

int Shell::carry_out(const Command& command, std::string_view place) {
  Outcome outcome = session_.run(command);
  auto pipes = command.pipes;
  const auto is_json = [](const auto& pipe) { return pipe.front() == "json"; };
  if (style_.json && command.verb->prints && std::ranges::none_of(pipes, is_json)) {
    pipes.insert(pipes.begin(), {"json"});
  }
  if (!outcome.error || !outcome.output.json.is_null()) {
    auto piped = through_pipes(std::move(outcome.output), pipes, style_.pretty);
    if (!piped && !outcome.error) outcome.error = piped.error();
    outcome.output = piped ? std::move(*piped) : Output{};
  }
  for (const std::string& line : outcome.output.header) data_ << line << '\n';
  for (const std::string& row : outcome.output.rows) data_ << row << '\n';
  data_.flush();
  if (outcome.error) {
    return complain({.error = std::move(*outcome.error),
                     .place = std::string(place),
                     .more = std::move(outcome.output.talk)});
  }
  tell(outcome.output.talk);
  return 0;
}

int Shell::run_typed(const std::string& line, std::size_t prompt_width) {
  if (is_nothing(line)) return 0;
  const auto command = read_line(line, session_.mode(), session_.place());
  if (command) return carry_out(*command, {});
  tell(caret_lines_below(line, command.error(), prompt_width));
  return exit_code(command.error().kind);
}

int Shell::run(const std::string& line, std::string_view place) {
  if (is_nothing(line)) return 0;
  const auto command = read_line(line, session_.mode(), session_.place());
  if (command) return carry_out(*command, place);
  return complain({.error = command.error(), .line = line, .place = std::string(place)});
}

int Shell::run_all(const std::vector<std::string>& lines) {
  for (std::size_t i = 0; i < lines.size() && !session_.ended(); ++i) {
    const std::string place = lines.size() > 1 ? fmt::format("command {}", i + 1) : "";
    if (const int code = run(lines[i], place); code != 0) return code;
  }
  return 0;
}

int Shell::run_all(std::istream& lines) {
  std::string line;
  for (std::size_t number = 1; !session_.ended() && std::getline(lines, line); ++number) {
    if (number == 1) line = std::string(without_mark(line));
    const int code = run(without_return(line), fmt::format("line {}", number));
    if (code != 0) return code;
  }
  return 0;
}

void Shell::tell_of_lost_edits(const Connection& connection) {
  if (connection.has_edits())
    tell({"The edits were not committed and are gone with this session."});
}

std::string_view without_mark(std::string_view text) noexcept {
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  return text.starts_with(kMark) ? text.substr(kMark.size()) : text;
}

std::string line_of(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    line += word == "|" ? word : model::quote(word);
  }
  return line;
}

}  // namespace yoke::cli
