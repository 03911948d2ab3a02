// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/words.h"

#include <gtest/gtest.h>

#include <random>

namespace yoke::model {
namespace {

TEST(Words, ArePartedByBlanksAndKnowTheirColumn) {
  const auto words = split_words("  set\tvip  \"a b\" \"\\\"\\\\\"");
  ASSERT_TRUE(words);
  const std::vector<Word> expected{
      {"set", 2, false}, {"vip", 6, false}, {"a b", 11, true}, {"\"\\", 17, true}};
  EXPECT_EQ(*words, expected);
  EXPECT_TRUE(split_words("  \t ")->empty());
}

TEST(Words, TellWhereAQuoteIsWrong) {
  const std::pair<std::string_view, int> rows[] = {
      {"set \"open", 4}, {"set a\"b\"", 5}, {"set \"a\"b", 7},  {"set \"a\\n\"", 6},
      {"set \"a\\", 4},  {"set a\x01", 5},  {"set \"\x7f\"", 5}};
  for (const auto& [line, column] : rows) {
    const auto words = split_words(line);
    ASSERT_FALSE(words) << line;
    EXPECT_EQ(words.error().id, "E-107") << line;
    EXPECT_EQ(words.error().column, column) << line;
  }
}

TEST(Words, QuotingAnyPrintableTextAndReadingItBackChangesNothing) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (auto length = random() % 8; length > 0; --length) {
      text += static_cast<char>(' ' + random() % 95);
    }
    const auto words = split_words(quote(text));
    ASSERT_TRUE(words) << text;
    ASSERT_EQ(words->size(), 1U) << text;
    EXPECT_EQ(words->front().text, text);
  }
}

TEST(Words, NearestFindsTyposAndLeavesStrangersAlone) {
  const std::vector<std::string> words{"address", "pool", "snat", "idle-timeout", "enabled"};
  EXPECT_EQ(nearest("adress", words), std::vector<std::string>{"address"});
  EXPECT_EQ(nearest("pol", words), std::vector<std::string>{"pool"});
  EXPECT_EQ(nearest("opol", words), std::vector<std::string>{"pool"});
  EXPECT_EQ(nearest("POOL", words), std::vector<std::string>{"pool"});
  EXPECT_EQ(nearest("idle", words), std::vector<std::string>{"idle-timeout"});
  EXPECT_TRUE(nearest("persist", words).empty());
  EXPECT_TRUE(nearest("", words).empty());
  EXPECT_TRUE(nearest(std::string(100000, 'a'), words).empty());
}

TEST(Words, JoinOrReadsAsASentence) {
  EXPECT_EQ(join_or({}), "");
  EXPECT_EQ(join_or({"a"}), "a");
  EXPECT_EQ(join_or({"a", "b"}), "a or b");
  EXPECT_EQ(join_or({"a", "b", "c"}), "a, b or c");
}

TEST(Words, ShownTextIsShortAndHasNoControlCharacters) {
  EXPECT_EQ(shown("a\n\xff."), "'a??.'");
  EXPECT_EQ(shown("für \u20ac \U0001f600"), "'für \u20ac \U0001f600'");
  // A control, overlong forms, a surrogate, beyond Unicode, and cut short.
  EXPECT_EQ(shown("\xc2\x85\xc0\xaf\xe0\x80\xaf\xed\xa0\x80\xf4\x90\x80\x80\xc3"),
            "'" + std::string(15, '?') + "'");
  EXPECT_EQ(shown(std::string(100, 'x')).size(), 65U);
}

}  // namespace
}  // namespace yoke::model
