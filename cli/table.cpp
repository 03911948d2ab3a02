// SPDX-License-Identifier: Apache-2.0
#include "cli/table.h"

#include <algorithm>

namespace yoke::cli {
namespace {

constexpr std::size_t kGap = 2;

// What comes from a file or a peer must not drive the terminal; the controls above ASCII are U+0080
// to U+009F.
std::string harmless(std::string text) {
  const auto byte_at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_pair = byte_at(i) == 0xc2 && i + 1 < text.size() && byte_at(i + 1) < 0xa0;
    if (is_pair) text.erase(i, 1);
    if (is_pair || byte_at(i) < ' ' || byte_at(i) == 0x7f) text[i] = '?';
  }
  return text;
}

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

std::string padded(const std::string& text, std::size_t width, Align align) {
  const std::size_t used = text_width(text);
  const std::string pad(used < width ? width - used : 0, ' ');
  return align == Align::kLeft ? text + pad : pad + text;
}

std::string cut(const std::string& text, std::size_t room) {
  if (text_width(text) <= room) return text;
  if (room < 4) return std::string(first_characters(text, room));
  return std::string(first_characters(text, room - 3)) + "...";
}

void trim_right(std::string& line) { line.erase(line.find_last_not_of(' ') + 1); }

class Printer {
 public:
  Printer(std::span<const TableColumn> columns, const std::vector<std::vector<std::string>>& rows,
          std::size_t width)
      : columns_(columns), width_(width) {
    std::vector<std::size_t> longest;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      longest.push_back(columns[i].title.size());
      for (const auto& row : rows) longest[i] = std::max(longest[i], text_width(row[i]));
      widths_.push_back(
          std::max(columns[i].title.size(), std::min(longest[i], columns[i].width_max)));
    }
    std::size_t used = kGap * (columns.size() - 1);
    for (const std::size_t column : widths_) used += column;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::size_t more = longest[i] - widths_[i];
      if (used + more > width_) continue;
      widths_[i] += more;
      used += more;
    }
  }

  std::string header() const {
    std::string line;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) line += std::string(kGap, ' ');
      line += padded(std::string(columns_[i].title), widths_[i], columns_[i].align);
    }
    trim_right(line);
    return line;
  }

  std::string row(const std::vector<std::string>& cells) const {
    std::string text;
    std::string line;
    const auto next_line = [&] {
      trim_right(line);
      if (!line.empty()) text += line + '\n';
    };
    std::size_t start = 0;
    for (std::size_t i = 0; i + 1 < columns_.size(); ++i) {
      const std::string whole = harmless(cells[i]);
      const std::string cell = columns_[i].cuts ? cut(whole, widths_[i]) : whole;
      const bool fits = text_width(cell) <= widths_[i];
      if (!fits && start + text_width(cell) > width_) {
        next_line();
        line = cut(cell, width_);
      } else {
        line += padded(cell, widths_[i], columns_[i].align);
      }
      start += widths_[i] + kGap;
      if (fits) {
        line += std::string(kGap, ' ');
      } else {
        next_line();
        line = std::string(start, ' ');
      }
    }
    line += padded(fitted(harmless(cells.back()), start), widths_.back(), columns_.back().align);
    trim_right(line);
    return text + line;
  }

 private:
  [[nodiscard]] std::string fitted(const std::string& cell, std::size_t start) const {
    return cut(cell, start < width_ ? width_ - start : 0);
  }

  std::span<const TableColumn> columns_;
  std::size_t width_;
  std::vector<std::size_t> widths_;
};

}  // namespace

std::size_t text_width(std::string_view text) noexcept {
  return text.size() - static_cast<std::size_t>(std::ranges::count_if(text, continues_character));
}

std::string_view first_characters(std::string_view text, std::size_t width) noexcept {
  std::size_t at = 0;
  while (at < text.size()) {
    if (!continues_character(text[at]) && width-- == 0) break;
    ++at;
  }
  return text.substr(0, at);
}

Table make_table(std::span<const TableColumn> columns,
                 const std::vector<std::vector<std::string>>& rows, std::size_t width) {
  const Printer printer(columns, rows, width);
  Table table{printer.header(), {}};
  for (const auto& row : rows) table.rows.push_back(printer.row(row));
  return table;
}

std::vector<std::string> make_list(const std::vector<std::pair<std::string, std::string>>& items,
                                   std::size_t width) {
  std::size_t longest = 0;
  for (const auto& [name, text] : items) longest = std::max(longest, text_width(name));
  std::vector<std::string> lines;
  for (const auto& [name, text] : items) {
    std::string line = padded(harmless(name), longest, Align::kLeft) + "  " + harmless(text);
    trim_right(line);
    lines.push_back(cut(line, width));
  }
  return lines;
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::string rest = harmless(std::string(text));
  std::vector<std::string> lines;
  while (text_width(rest) > width) {
    const std::size_t fits = first_characters(rest, width).size();
    const std::size_t blank = rest.rfind(' ', fits);
    const bool at_blank = blank != std::string::npos && blank > 0;
    lines.push_back(rest.substr(0, at_blank ? blank : fits));
    rest.erase(0, at_blank ? blank + 1 : fits);
  }
  lines.push_back(std::move(rest));
  return lines;
}

}  // namespace yoke::cli
