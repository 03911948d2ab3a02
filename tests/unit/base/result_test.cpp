// SPDX-License-Identifier: Apache-2.0
#include "hal/base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace yoke {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return fail(Errc::kInvalid, "E-999", "the number is odd", 3);
  return number / 2;
}

Status check_half(int number) {
  if (const auto result = half(number); !result) return within("half", result.error());
  return {};
}

TEST(Result, HoldsTheValueOrWhatIsWrong) {
  EXPECT_EQ(half(8), 4);
  const auto odd = half(7);
  ASSERT_FALSE(odd);
  EXPECT_EQ(odd.error(), (Error{Errc::kInvalid, "E-999", "the number is odd", 3}));
}

TEST(Result, AnErrorToldFromOneLevelUpKeepsAllButItsText) {
  EXPECT_TRUE(check_half(8));
  const auto odd = check_half(7);
  ASSERT_FALSE(odd);
  EXPECT_EQ(odd.error(), (Error{Errc::kInvalid, "E-999", "half: the number is odd", 3}));
}

TEST(Result, WithoutAPlaceInATextThereIsNoColumn) {
  const Status status = fail(Errc::kTimeout, "E-311", "no answer in time");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().column, -1);
}

TEST(Result, CarriesWhatCanOnlyBeMoved) {
  const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(7); };
  auto made = make();
  ASSERT_TRUE(made);
  const std::unique_ptr<int> owned = std::move(*made);
  EXPECT_EQ(*owned, 7);
}

TEST(Error, DiffersByEachOfItsParts) {
  const Error error{Errc::kFailed, "E-1", "text", 0};
  for (const Error& other :
       {Error{Errc::kDenied, "E-1", "text", 0}, Error{Errc::kFailed, "E-2", "text", 0},
        Error{Errc::kFailed, "E-1", "other", 0}, Error{Errc::kFailed, "E-1", "text", 1}}) {
    EXPECT_NE(error, other);
  }
}

}  // namespace
}  // namespace yoke
