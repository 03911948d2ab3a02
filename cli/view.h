// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/cell.h"
#include "cli/table.h"

// How the rows that `show` answers with look at a terminal. Threads: any.
namespace yoke::cli {

struct Column {
  std::string_view title;
  std::string_view key;
  Format format = Format::kText;
  std::size_t width_max = 0;
  bool cuts = false;  // as TableColumn
};

struct View {
  std::string_view object;
  bool of_one = false;  // asked for by name: `show pool web`
  std::span<const Column> columns;
};

[[nodiscard]] std::span<const View> views() noexcept;

// What a command has to say: `header` and `rows` and `json` are its data, `talk` is about it.
struct Output {
  std::vector<std::string> header;
  std::vector<std::string> rows;  // a row may be of several lines
  nlohmann::json json;
  std::vector<std::string> talk;
  bool is_secret = false;  // has passwords in clear
};

// `answer` is the result of `show`. Whatever it holds, the output is text that fits `width`
// columns, and whole, a line a row, at kAnyWidth.
[[nodiscard]] Output show_output(std::string_view object, bool of_one, nlohmann::json answer,
                                 std::size_t width = kWidth);

}  // namespace yoke::cli
