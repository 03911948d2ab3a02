// SPDX-License-Identifier: Apache-2.0
#include "mgmt/events/standing.h"

#include <gtest/gtest.h>

namespace yoke::events {
namespace {

using log::Level;

Entry of(Kind kind, Fields fields = {}) {
  return entry_of({.kind = kind, .text = "", .fields = std::move(fields)});
}
const Fields kWeb{{"POOL", "web"}, {"SERVER", "192.0.2.11:80"}};
const Fields kShop{{"POOL", "shop"}, {"SERVER", "192.0.2.11:80"}};

TEST(Standing, AnEndIsAsBadAsItsBeginningWhereThereWasOne) {
  Standing standing;
  EXPECT_EQ(standing.concern_of(of(Kind::kServerUp, kWeb)), Level::kNotice) << "at its first check";
  EXPECT_EQ(standing.concern_of(of(Kind::kDataPlaneConnected)), Level::kNotice) << "at each start";
  EXPECT_EQ(standing.concern_of(of(Kind::kBackupMade, {{"FILE", "a"}})), Level::kNotice);
  EXPECT_EQ(standing.concern_of(of(Kind::kServerDown, kWeb)), Level::kWarning);
  EXPECT_EQ(standing.concern_of(of(Kind::kServerUp, kShop)), Level::kNotice) << "another's";
  EXPECT_EQ(standing.concern_of(of(Kind::kServerUp, kWeb)), Level::kWarning);
  EXPECT_EQ(standing.concern_of(of(Kind::kServerUp, kWeb)), Level::kNotice) << "it is over";
  EXPECT_EQ(standing.concern_of(of(Kind::kBackupFailed, {{"ERROR", "E-1"}})), Level::kError);
  EXPECT_EQ(standing.concern_of(of(Kind::kBackupMade, {{"FILE", "b"}})), Level::kError)
      << "of the unit, whatever else they tell";
}

TEST(Standing, WhatIsGoneIsNotOver) {
  Standing standing;
  (void)standing.concern_of(of(Kind::kServerDown, kWeb));
  (void)standing.concern_of(of(Kind::kServerDown, kShop));
  standing.forget_if([](Kind kind, const Standing::Subject& subject) {
    return kind == Kind::kServerDown && subject == Standing::Subject{"web", "192.0.2.11:80"};
  });
  EXPECT_EQ(standing.concern_of(of(Kind::kServerUp, kWeb)), Level::kNotice);
  EXPECT_EQ(standing.concern_of(of(Kind::kServerUp, kShop)), Level::kWarning);
}

}  // namespace
}  // namespace yoke::events
