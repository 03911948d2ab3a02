// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "cli/apply.h"
#include "cli/caret.h"
#include "cli/completion.h"
#include "cli/options.h"
#include "cli/pipe.h"
#include "cli/table.h"

// Whatever is typed or read, the answer is a value or an error that points into the line.
namespace yoke::cli {
namespace {

constexpr std::array kModes{Mode::kOper, Mode::kConfig, Mode::kScript};

std::vector<std::string> no_keys(std::string_view, const model::Path&) {
  return {"web", "192.0.2.11:80", std::string(200, 'k')};
}

class Lines {
 public:
  explicit Lines(std::uint32_t seed) : random_(seed) {}

  std::string next() {
    std::string line;
    const bool of_words = random_() % 3 != 0;
    const std::size_t size = random_() % 12;
    for (std::size_t i = 0; i < size; ++i) {
      if (of_words && random_() % 6 != 0) {
        line += kPieces[random_() % kPieces.size()];
        if (random_() % 8 != 0) line += ' ';
      } else {
        line += static_cast<char>(random_() % 256);
      }
    }
    return line;
  }

 private:
  static constexpr std::array<std::string_view, 36> kPieces{
      "show",     "set",      "delete",
      "pool",     "vip",      "server",
      "check",    "http",     "tcp",
      "web",      "commit",   "note",
      "help",     "diff",     "exit",
      "|",        "match",    "except",
      "head",     "tail",     "count",
      "json",     "\"",       "\\",
      "sh",       "c",        "weight",
      "2",        "snat",     "expect",
      "(a|b)",    "[::1]:80", "192.0.2.1:80/tcp",
      "\xc3\xa4", "#",        "configuration"};
  std::mt19937 random_;
};

TEST(RandomInput, ReadsOrFailsWithAColumnInTheLine) {
  Lines lines(20'261'121);
  for (int round = 0; round < 30'000; ++round) {
    const std::string line = lines.next();
    const Mode mode = kModes[static_cast<std::size_t>(round) % kModes.size()];
    const auto command = read_line(line, mode);
    if (command) {
      EXPECT_NE(command->verb, nullptr);
      const auto writes = [](const auto& pipe) { return pipe.front() == "save"; };
      if (std::ranges::any_of(command->pipes, writes)) continue;
      (void)through_pipes({.header = {"H"}, .rows = {"a", "b"}, .json = {}, .talk = {}},
                          command->pipes, true);
      continue;
    }
    const Error& error = command.error();
    EXPECT_TRUE(error.id.starts_with("E-1")) << error.id;
    EXPECT_FALSE(error.text.empty());
    EXPECT_GE(error.column, 0) << error.text;
    EXPECT_LE(error.column, static_cast<int>(line.size())) << error.text;
    for (const char c : error.text) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << error.id;
    const auto shown = caret_lines(line, error);
    EXPECT_LE(text_width(shown.front()), kWidth);
    EXPECT_EQ(shown[1].find_first_not_of(' '), shown[1].find('^'));
    (void)caret_lines_below(line, error, static_cast<std::size_t>(round) % 90);
    if (HasFailure()) FAIL() << "round " << round;
  }
}

TEST(RandomInput, CompletesWithWhatItOffers) {
  Lines lines(99);
  for (int round = 0; round < 30'000; ++round) {
    const std::string line = lines.next();
    const Mode mode = kModes[static_cast<std::size_t>(round) % kModes.size()];
    const Completion completion = complete(line, mode, no_keys);
    for (const std::string& help : help_lines(completion)) {
      if (!completion.error) {
        EXPECT_LE(text_width(help), kWidth) << help;
      }
    }
    if (completion.insert.empty()) continue;
    // What was put in does not make a line wrong that was not.
    const Completion longer = complete(line + completion.insert, mode, no_keys);
    EXPECT_FALSE(longer.error) << line << '[' << completion.insert << "]: " << longer.error->text;
    if (HasFailure()) FAIL() << "round " << round;
  }
}

TEST(RandomInput, AppliesOrNamesALineOfTheFile) {
  Lines lines(3);
  for (int round = 0; round < 5'000; ++round) {
    std::string text;
    std::size_t count = 0;
    for (; count < static_cast<std::size_t>(round % 5); ++count) text += lines.next() + '\n';
    const auto config = read_configuration(text);
    if (config) continue;
    EXPECT_FALSE(config.error().error.text.empty());
    (void)caret_lines(config.error().text, config.error().error);
  }
}

TEST(RandomInput, OptionsAreReadOrRefused) {
  Lines lines(4);
  for (int round = 0; round < 5'000; ++round) {
    std::vector<std::string> arguments;
    for (int i = 0; i < round % 5; ++i) {
      arguments.push_back((round % 3 == 0 ? "-" : round % 3 == 1 ? "--" : "") + lines.next());
    }
    const auto options = read_options(arguments);
    if (!options) {
      EXPECT_EQ(options.error().id, "E-112");
    }
  }
}

}  // namespace
}  // namespace yoke::cli
