// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/caret.h"

// Tables of text that fit a terminal, or are whole where there is none. Threads: any.
namespace yoke::cli {

enum class Align : std::uint8_t { kLeft, kRight };

struct TableColumn {
  std::string_view title;
  std::size_t width_max = 0;  // a longer cell breaks the line behind itself
  Align align = Align::kLeft;
  bool cuts = false;  // a longer cell is cut instead: what it says is shown whole elsewhere
};

struct Table {
  std::string header;
  std::vector<std::string> rows;  // of several lines where a cell is longer than its column
};

// Columns are as wide as their widest cell, two blanks apart. Where `width` is not enough for that,
// those to the right stay at width_max and a longer cell breaks its row there. Nothing is cut but
// a cell of a column that says so, the last of a row, where it would pass `width`, and a cell wider
// than that; nothing at all at kAnyWidth. Control characters become '?'. Every row has as many
// cells as there are columns.
[[nodiscard]] Table make_table(std::span<const TableColumn> columns,
                               const std::vector<std::vector<std::string>>& rows,
                               std::size_t width = kWidth);

// "NAME  text" lines, the names padded to one width; cut at `width`.
[[nodiscard]] std::vector<std::string> make_list(
    const std::vector<std::pair<std::string, std::string>>& items, std::size_t width = kWidth);

// `text` in lines of at most `width` columns, parted at blanks where there are any; at least one.
[[nodiscard]] std::vector<std::string> wrapped(std::string_view text, std::size_t width);

// How many columns UTF-8 text takes, one a character.
[[nodiscard]] std::size_t text_width(std::string_view text) noexcept;
// What of it `width` columns hold, in whole characters.
[[nodiscard]] std::string_view first_characters(std::string_view text, std::size_t width) noexcept;

}  // namespace yoke::cli
