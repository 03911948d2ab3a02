// SPDX-License-Identifier: Apache-2.0
#include "cli/pipe.h"

#include <fmt/format.h>
#include <regex.h>

#include <algorithm>
#include <sstream>

#include "cli/saved_file.h"
#include "hal/base/number.h"

namespace yoke::cli {
namespace {

// Extended regular expressions of POSIX, letter case aside.
class Pattern {
 public:
  explicit Pattern(const std::string& text)
      : valid_(::regcomp(&compiled_, text.c_str(), REG_EXTENDED | REG_NOSUB | REG_ICASE) == 0) {}
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;
  ~Pattern() {
    if (valid_) ::regfree(&compiled_);
  }
  [[nodiscard]] bool matches(const std::string& text) const {
    return valid_ && ::regexec(&compiled_, text.c_str(), 0, nullptr, 0) == 0;
  }

 private:
  regex_t compiled_{};
  bool valid_;
};

void keep_matching(Output& output, const std::string& text, bool wanted) {
  const Pattern pattern(text);
  std::erase_if(output.rows,
                [&](const std::string& row) { return pattern.matches(row) != wanted; });
}

void keep_from(Output& output, const std::string& text) {
  const Pattern pattern(text);
  auto& rows = output.rows;
  rows.erase(rows.begin(), std::ranges::find_if(
                               rows, [&](const std::string& row) { return pattern.matches(row); }));
}

void keep_some(Output& output, const std::string& text, bool first) {
  const auto count = parse_decimal(text).value_or(0);
  auto& rows = output.rows;
  if (count >= rows.size()) return;
  const auto kept = static_cast<std::ptrdiff_t>(count);
  if (first) {
    rows.erase(rows.begin() + kept, rows.end());
  } else {
    rows.erase(rows.begin(), rows.end() - kept);
  }
}

void to_json(Output& output, bool pretty) {
  std::istringstream text(
      output.json.dump(pretty ? 2 : -1, ' ', false, nlohmann::json::error_handler_t::replace));
  output.header.clear();
  output.rows.clear();
  output.talk.clear();
  for (std::string line; std::getline(text, line);) output.rows.push_back(line);
}

// A file is whole or as it was; what is no file (a terminal, a pipe) is written to as it is.
Status save(Output& output, const std::string& path) {
  std::string text;
  for (const auto* lines : {&output.header, &output.rows}) {
    for (const std::string& line : *lines) text += line + '\n';
  }
  if (auto saved = save_file(path, text, output.is_secret); !saved) return saved;
  output.header.clear();
  output.rows.clear();
  output.talk.push_back(fmt::format("Saved in {}.", path));
  return {};
}

}  // namespace

Result<Output> through_pipes(Output output, const std::vector<std::vector<std::string>>& pipes,
                             bool pretty) {
  for (const std::vector<std::string>& words : pipes) {
    const std::string& name = words.front();
    if (name == "match" || name == "except") keep_matching(output, words[1], name == "match");
    if (name == "begin") keep_from(output, words[1]);
    if (name == "head" || name == "tail") keep_some(output, words[1], name == "head");
    if (name == "json") to_json(output, pretty);
    if (name == "save") {
      if (auto saved = save(output, words[1]); !saved) return tl::unexpected(saved.error());
    }
    if (name == "count") {
      output.rows = {std::to_string(output.rows.size())};
      output.header.clear();
      output.talk.clear();
    }
  }
  return output;
}

}  // namespace yoke::cli
