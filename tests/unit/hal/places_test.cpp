// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/places.h"

#include <gtest/gtest.h>

namespace yoke::hal {
namespace {

constexpr uid_t kRoot = 0, kOwn = 990, kBob = 1001, kEve = 1002, kAnn = 1003, kCleo = 1004;

int taken(Places& places, uid_t uid, const std::string& name) {
  int count = 0;
  while (places.take(uid, name)) ++count;
  return count;
}

TEST(Places, AUserHasAQuarterAndRootWhatIsLeft) {
  Places places(64, kOwn);
  EXPECT_EQ(taken(places, kBob, "bob"), 16);
  EXPECT_EQ(places.why_none(kBob),
            "user bob has 16 connections, as many as one may have; close some");
  EXPECT_EQ(taken(places, kEve, "eve"), 16);
  EXPECT_EQ(taken(places, kAnn, "ann"), 16);
  EXPECT_EQ(taken(places, kCleo, "cleo"), 0) << "three quarters are for all others together";
  EXPECT_NE(places.why_none(kCleo).find("too many connections; close some: user "),
            std::string::npos);
  EXPECT_TRUE(places.take(kOwn, "yoke"));
  EXPECT_EQ(taken(places, kRoot, "root"), 15);
  EXPECT_EQ(places.why_none(kRoot).rfind("too many connections; close some", 0), 0U);
}

TEST(Places, WhatIsLeftIsThereForTheNext) {
  Places places(8, kOwn);
  EXPECT_EQ(taken(places, kBob, "bob"), 2);
  places.leave(kBob);
  EXPECT_TRUE(places.take(kBob, "bob"));
  places.leave(kBob);
  places.leave(kBob);
  places.leave(kBob);
  EXPECT_EQ(taken(places, kRoot, "root"), 8);
  EXPECT_FALSE(places.take(kBob, "bob"));
  for (int i = 0; i < 8; ++i) places.leave(kRoot);
  EXPECT_EQ(taken(places, kBob, "bob"), 2);
  EXPECT_EQ(taken(places, kEve, "eve"), 2);
}

TEST(Places, OfFewEverybodyMayHaveOne) {
  Places places(2, kOwn);
  EXPECT_EQ(taken(places, kBob, "bob"), 1);
  EXPECT_EQ(taken(places, kEve, "eve"), 0);
  EXPECT_EQ(taken(places, kRoot, "root"), 1);
}

}  // namespace
}  // namespace yoke::hal
