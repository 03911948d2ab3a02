// SPDX-License-Identifier: Apache-2.0
#include "hal/base/number.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace yoke {
namespace {

TEST(ParseDecimal, TakesTheOneSpellingOfEachNumber) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t number = random() >> (random() % 64);  // of every length
    EXPECT_EQ(parse_decimal(std::to_string(number)), number);
  }
  EXPECT_EQ(parse_decimal("0"), 0u);
  EXPECT_EQ(parse_decimal("18446744073709551615"), UINT64_MAX);
}

TEST(ParseDecimal, RefusesEverythingElse) {
  for (const char* text : {"",
                           " ",
                           "00",
                           "01",
                           "007",
                           "+1",
                           "-1",
                           "-0",
                           " 1",
                           "1 ",
                           "1.0",
                           "1e3",
                           "0x10",
                           "ten",
                           "1a",
                           "a1",
                           "1,000",
                           "1_000",
                           "18446744073709551616",
                           "99999999999999999999",
                           "\n1",
                           "1\n",
                           "١"}) {
    EXPECT_EQ(parse_decimal(text), std::nullopt) << '"' << text << '"';
  }
  EXPECT_EQ(parse_decimal(std::string_view("1\0", 2)), std::nullopt);
}

TEST(ParseDecimal, ReadsNoFurtherThanItsText) {
  const std::string_view longer = "12345";
  EXPECT_EQ(parse_decimal(longer.substr(1, 3)), 234u);
}

}  // namespace
}  // namespace yoke
