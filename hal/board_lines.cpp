// SPDX-License-Identifier: Apache-2.0
#include "hal/board_lines.h"

#include <boost/program_options.hpp>
#include <sstream>

namespace yoke::hal {
namespace {

namespace po = boost::program_options;

// Boost reads the lines, one at a time: given the whole file, its errors name no line.
BoardLine read_entry(const std::string& text) {
  BoardLine line;
  try {
    std::istringstream one(text);
    const auto parsed = po::parse_config_file(one, po::options_description(), true);
    if (parsed.options.size() == 1 && parsed.options[0].value.size() == 1) {
      line.kind = BoardLine::Kind::kEntry;
      line.key = parsed.options[0].string_key;
      line.value = parsed.options[0].value[0];
      return line;
    }
  } catch (const po::error&) {
    // Told below, in the words of a board file.
  }
  line.problem = "expected `key = value` or `[section]`";
  return line;
}

std::string stripped(std::string text) {
  text.erase(std::min(text.find('#'), text.size()));
  const char* const blank = " \t\r";
  text.erase(text.find_last_not_of(blank) + 1);
  text.erase(0, std::min(text.find_first_not_of(blank), text.size()));
  return text;
}

}  // namespace

std::vector<BoardLine> read_board_lines(std::istream& file) {
  std::vector<BoardLine> lines;
  std::string text;
  for (int number = 1; std::getline(file, text); ++number) {
    const std::string words = stripped(text);
    if (words.empty()) continue;
    BoardLine line;
    if (words.front() == '[') {
      const bool is_whole = words.size() > 2 && words.back() == ']';
      line.kind = is_whole ? BoardLine::Kind::kSection : BoardLine::Kind::kWrong;
      if (is_whole) line.section = words.substr(1, words.size() - 2);
      if (!is_whole) line.problem = "expected `[section]`";
    } else {
      line = read_entry(words);
    }
    line.number = number;
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace yoke::hal
