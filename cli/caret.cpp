// SPDX-License-Identifier: Apache-2.0
#include "cli/caret.h"

#include <algorithm>

#include "cli/table.h"

namespace yoke::cli {
namespace {

constexpr std::string_view kCut = "...";

// Caret and sentence for a caret at `column` of the screen.
std::vector<std::string> below(std::size_t column, const Error& error) {
  const std::string pad(column, ' ');
  const std::string text = sentence(error);
  if (column + 2 + text.size() <= kWidth) return {pad + "^ " + text};
  return {pad + '^', text};
}

// On the screen, where characters count, not bytes.
std::size_t column_of(std::string_view line, const Error& error) {
  return text_width(line.substr(0, static_cast<std::size_t>(error.column)));
}

// Terminals draw a tab as up to eight columns and other control characters as nothing.
std::string drawable(std::string_view line) {
  std::string text(line);
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return text;
}

}  // namespace

std::string sentence(const Error& error) {
  return error.id.empty() ? error.text : error.id + ' ' + error.text;
}

std::vector<std::string> caret_lines(std::string_view line, const Error& error) {
  if (error.column < 0) return {sentence(error)};
  std::string shown = drawable(line);
  std::size_t column = column_of(shown, error);
  const bool is_cut = text_width(shown) > kWidth;
  if (column >= kWidth - (is_cut ? kCut.size() : 0)) {
    const std::size_t start = column - kWidth / 2;
    shown = std::string(kCut) + shown.substr(first_characters(shown, start).size());
    column = column - start + kCut.size();
  }
  if (text_width(shown) > kWidth) {
    shown = std::string(first_characters(shown, kWidth - kCut.size())) + std::string(kCut);
  }
  std::vector<std::string> lines{shown};
  for (std::string& text : below(column, error)) lines.push_back(std::move(text));
  return lines;
}

std::vector<std::string> caret_lines_below(std::string_view line, const Error& error,
                                           std::size_t indent) {
  if (error.column < 0) return {sentence(error)};
  // Where the terminal has wrapped the line, or drawn more columns than it has characters, a caret
  // below would point elsewhere.
  if (indent + text_width(line) >= kWidth || line.find('\t') != std::string_view::npos) {
    return caret_lines(line, error);
  }
  return below(indent + column_of(line, error), error);
}

}  // namespace yoke::cli
