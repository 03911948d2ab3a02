// SPDX-License-Identifier: Apache-2.0
#include "cli/table.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <sstream>

#include "cli/caret.h"

namespace yoke::cli {
namespace {

using Cells = std::vector<std::string>;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

constexpr std::array kServers{TableColumn{"SERVER", 21}, TableColumn{"STATE", 8},
                              TableColumn{"FLOWS", 7, Align::kRight}, TableColumn{"CHECK", 12}};

TEST(Table, IsAsWideAsItsWidestCells) {
  const Table table = make_table(kServers, {{"192.0.2.1:80", "up", "7", "http 200"},
                                            {"192.0.2.12:80", "draining", "1.23M", "-"}});
  EXPECT_EQ(table.header, "SERVER         STATE     FLOWS  CHECK");
  EXPECT_EQ(table.rows, (Cells{"192.0.2.1:80   up            7  http 200",
                               "192.0.2.12:80  draining  1.23M  -"}));
}

TEST(Table, WithoutRowsIsItsTitles) {
  const Table table = make_table(kServers, {});
  EXPECT_EQ(table.header, "SERVER  STATE  FLOWS  CHECK");
  EXPECT_TRUE(table.rows.empty());
}

TEST(Table, ACellThatIsTooLongBreaksItsRowAndTheOthersStayInTheirColumns) {
  const std::string address = "[2001:db8:1111:2222:3333:4444:5555:6666]:65535";
  const std::string reason = "connection refused by the server, third time";
  const Table table = make_table(
      kServers, {{address, "up", "7", reason}, {"192.0.2.1:80", "down", "0", "refused"}});
  ASSERT_EQ(table.rows.size(), 2U);
  // The first column takes the room there is; what does not fit has its line to itself, or the last
  // cell is cut.
  const auto first = lines_of(table.rows[0]);
  EXPECT_TRUE(first.front().starts_with(address));
  EXPECT_TRUE(first.back().ends_with("..."));
  EXPECT_EQ(first.back().size(), kWidth);
  const auto state_at = table.header.find("STATE");
  EXPECT_EQ(first.back().substr(state_at, 3), "up ");
  EXPECT_EQ(table.rows[1].substr(state_at, 4), "down");
}

TEST(Table, CountsCharactersAndCutsBetweenThem) {
  constexpr std::array kColumns{TableColumn{"A", 4}, TableColumn{"B", 4}};
  std::string umlauts;
  for (int i = 0; i < 100; ++i) umlauts += "\xc3\xa4";
  const Table table = make_table(kColumns, {{"\xc3\xa4\xc3\xb6", umlauts}, {"ab", "x"}});
  EXPECT_EQ(text_width(table.rows[0]), kWidth);
  EXPECT_EQ(table.rows[0].size(), 4 + 2 + (kWidth - 4 - 3) * 2 + 3);  // no half a character
  EXPECT_EQ(table.rows[1], "ab  x");
}

TEST(Table, ControlCharactersDoNotReachTheTerminal) {
  constexpr std::array kColumns{TableColumn{"A", 9}, TableColumn{"B", 9}};
  // The last: CSI as one character of the C1 set, in UTF-8.
  const Table table = make_table(kColumns, {{"\x1b[31m", "a\nb"},
                                            {"\x7f", "\t"},
                                            {"\xc2\x9b"
                                             "2J",
                                             "\xc2\xa7"}});
  EXPECT_EQ(table.rows, (Cells{"?[31m  a?b", "?      ?", "?2J    \xc2\xa7"}));
  EXPECT_EQ(make_list({{"\x1b]0;x", "\x07"}, {"k", "\xc2\x9b"}}), (Cells{"?]0;x  ?", "k      ?"}));
}

// What a row says must be in the lines, whatever the widths: every cell but the last in full, in
// order; no line passes column 80 unless a single cell does.
TEST(Table, RandomRowsLoseNothingAndFit) {
  std::mt19937 random(20'261'121);
  const auto up_to = [&](std::size_t most) {
    return std::uniform_int_distribution<std::size_t>(0, most)(random);
  };
  for (int round = 0; round < 3000; ++round) {
    std::vector<TableColumn> columns;
    std::size_t least = 0;
    while (columns.size() < 1 + up_to(6)) {
      columns.push_back({std::string_view("TTTTTTTTTT").substr(up_to(8)), 1 + up_to(10),
                         up_to(1) == 0 ? Align::kLeft : Align::kRight});
      least += std::max(columns.back().title.size(), columns.back().width_max) + 2;
    }
    if (least > kWidth) continue;
    std::vector<Cells> rows(up_to(4));
    for (Cells& row : rows) {
      for (std::size_t i = 0; i < columns.size(); ++i) {
        const std::size_t size = up_to(9) == 0 ? up_to(79) : up_to(12);
        row.emplace_back(size, static_cast<char>('a' + i));
      }
    }
    const Table table = make_table(columns, rows);
    EXPECT_LE(table.header.size(), kWidth);
    ASSERT_EQ(table.rows.size(), rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      std::string all;
      for (const std::string& line : lines_of(table.rows[i])) {
        EXPECT_LE(line.size(), kWidth) << "round " << round << ": " << line;
        all += line;
      }
      std::erase(all, ' ');
      std::string expected;
      for (std::size_t c = 0; c + 1 < rows[i].size(); ++c) expected += rows[i][c];
      EXPECT_TRUE(all.starts_with(expected)) << "round " << round << '\n' << table.rows[i];
      const std::string last = all.substr(expected.size());
      EXPECT_TRUE(last == rows[i].back() || last.ends_with("...") || last.size() < 4)
          << table.rows[i];
    }
  }
}

struct CaretRow {
  std::string_view line;
  int column;
  std::vector<std::string> expected;
};

const CaretRow kCarets[] = {
    {"show bogus", 5, {"show bogus", "     ^ E-101 what"}},
    {"show", 4, {"show", "    ^ E-101 what"}},
    {"show", 99, {"show", "    ^ E-101 what"}},
    {"show", 0, {"show", "^ E-101 what"}},
    {"show", -1, {"E-101 what"}},
    {"a\tb\x1b"
     "c",
     2,
     {"a b c", "  ^ E-101 what"}},
    // A character is a column, however many bytes it has.
    {"\xc3\xa4\xc3\xb6 x", 5, {"\xc3\xa4\xc3\xb6 x", "   ^ E-101 what"}},
};

TEST(Caret, PointsAtTheColumn) {
  for (const CaretRow& row : kCarets) {
    EXPECT_EQ(caret_lines(row.line, {Errc::kInvalid, "E-101", "what", row.column}), row.expected)
        << row.line;
  }
}

TEST(Caret, StandsOnALineOfItsOwnWhereTheSentenceHasNoRoomBesideIt) {
  const Error error{Errc::kInvalid, "E-101", std::string(60, 'x'), 20};
  const std::vector<std::string> expected = {std::string(30, 'l'), std::string(20, ' ') + '^',
                                             "E-101 " + std::string(60, 'x')};
  EXPECT_EQ(caret_lines(std::string(30, 'l'), error), expected);
}

TEST(Caret, ALongLineIsCutToThePartAroundIt) {
  // Every character of the line is its own column in letters, so that the one above the caret
  // tells.
  std::string line;
  for (int i = 0; i < 1000; ++i) line += static_cast<char>('a' + i % 26);
  for (int column = 0; column <= 1000; column += 7) {
    const auto lines = caret_lines(line, {Errc::kInvalid, "E-101", "what", column});
    ASSERT_GE(lines.size(), 2U);
    for (const std::string& shown : lines) EXPECT_LE(shown.size(), kWidth);
    const auto caret = lines[1].find('^');
    ASSERT_NE(caret, std::string::npos);
    if (column < 1000) {
      EXPECT_EQ(lines[0][caret], static_cast<char>('a' + column % 26)) << column;
    }
  }
}

TEST(Caret, BelowALineOnTheScreenIsIndentedByThePrompt) {
  const Error error{Errc::kInvalid, "E-101", "what", 5};
  EXPECT_EQ(caret_lines_below("show bogus", error, 6),
            std::vector<std::string>{"           ^ E-101 what"});
  // Where the terminal has wrapped the line it is shown again.
  const std::string wrapped = "show " + std::string(80, 'b');
  EXPECT_EQ(caret_lines_below(wrapped, error, 6), caret_lines(wrapped, error));
  EXPECT_EQ(caret_lines_below("\xc3\xa4 x", {Errc::kInvalid, "E-101", "what", 3}, 4),
            std::vector<std::string>{"      ^ E-101 what"});
}

TEST(Wrapped, PartsAtBlanksAndLosesNothingElse) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(wrapped("", 5), Lines{""});
  EXPECT_EQ(wrapped("a b c", 5), Lines{"a b c"});
  EXPECT_EQ(wrapped("one two three", 7), (Lines{"one two", "three"}));
  EXPECT_EQ(wrapped("one two three", 8), (Lines{"one two", "three"}));
  EXPECT_EQ(wrapped("abcdefgh ij", 4), (Lines{"abcd", "efgh", "ij"}));
  EXPECT_EQ(wrapped("a\nb\x1b", 9), Lines{"a?b?"});
}

}  // namespace
}  // namespace yoke::cli
