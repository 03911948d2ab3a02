// SPDX-License-Identifier: Apache-2.0
#include "cli/options.h"

#include <gtest/gtest.h>

namespace yoke::cli {
namespace {

using Words = std::vector<std::string>;

TEST(Options, AreReadInAnyOrder) {
  const auto options = read_options({"--root", "/r", "show", "pool", "--json", "web"});
  ASSERT_TRUE(options) << options.error().text;
  EXPECT_EQ(options->root, "/r");
  EXPECT_EQ(options->words, (Words{"show", "pool", "web"}));
  EXPECT_TRUE(options->json);
  EXPECT_FALSE(options->dry_run);
  EXPECT_TRUE(options->commands.empty());
}

TEST(Options, KeepTheOrderOfCommands) {
  const auto options = read_options({"-c", "set pool web", "--command", "diff", "-c", "commit"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->commands, (Words{"set pool web", "diff", "commit"}));
}

TEST(Options, OfApply) {
  const auto options =
      read_options({"apply", "--dry-run", "--note", "why this", "unit.conf", "--root=/r"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->words, (Words{"apply", "unit.conf"}));
  EXPECT_TRUE(options->dry_run);
  EXPECT_EQ(options->note, "why this");
  EXPECT_EQ(options->root, "/r");
}

TEST(Options, MayAllBeLeftOut) {
  const auto options = read_options({});
  ASSERT_TRUE(options);
  EXPECT_TRUE(options->words.empty());
  EXPECT_TRUE(options->root.empty());
}

TEST(Options, BehindTwoDashesAreWords) {
  const auto options = read_options({"show", "--", "--json"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->words, (Words{"show", "--json"}));
  EXPECT_FALSE(options->json);
}

const Words kBad[] = {
    {"--bogus"},
    {"--js"},  // no guessing
    {"-x"},
    {"-c"},
    {"--root"},
    {"--root="},
    {"--json=yes"},
    {"--root", "a", "--root", "b"},
    {"-c", "diff", "show", "pool"},
    {"-c", "diff", "apply", "x"},
    {"--dry-run"},
    {"--dry-run", "show", "pool"},
    {"--note", "x", "-c", "commit"},
    {"apply"},
    {"apply", "a", "b"},
};

TEST(Options, ThatMakeNoSenseAreRefused) {
  for (const Words& words : kBad) {
    const auto options = read_options(words);
    std::string line;
    for (const std::string& word : words) line += word + ' ';
    ASSERT_FALSE(options) << line;
    EXPECT_EQ(options.error().id, "E-112") << line;
    EXPECT_EQ(options.error().kind, Errc::kInvalid) << line;
    EXPECT_FALSE(options.error().text.empty()) << line;
  }
}

TEST(Options, UsageNamesEachAndFits) {
  const std::string text = usage();
  for (const char* option :
       {"-c", "--json", "--dry-run", "--note", "--root", "--help", "--version"}) {
    EXPECT_NE(text.find(option), std::string::npos) << option;
  }
  std::size_t start = 0;
  for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n', start)) {
    EXPECT_LE(end - start, 80U) << text.substr(start, end - start);
    start = end + 1;
  }
}

}  // namespace
}  // namespace yoke::cli
