// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/places.h"

#include <gtest/gtest.h>

namespace yoke::hal {
namespace {

using namespace std::chrono_literals;

constexpr uid_t kRoot = 0, kOwn = 990, kBob = 1001, kEve = 1002, kAnn = 1003, kCleo = 1004;

int taken(Places& places, uid_t uid, bool is_admin = false) {
  int count = 0;
  while (places.take(uid, is_admin)) ++count;
  return count;
}

Places::Holding holding(uid_t uid, const std::string& user, pid_t pid, std::chrono::seconds since) {
  return {uid, user, pid, std::chrono::system_clock::time_point(since)};
}

TEST(Places, AUserHasAQuarterAndRootWhatIsLeft) {
  Places places(64, kOwn);
  EXPECT_EQ(taken(places, kBob), 16);
  EXPECT_EQ(taken(places, kEve), 16);
  EXPECT_EQ(taken(places, kAnn), 16);
  EXPECT_EQ(taken(places, kCleo), 0) << "three quarters are for all others together";
  EXPECT_EQ(taken(places, kCleo, true), 8) << "an administrator has some that those have not";
  EXPECT_TRUE(places.take(kOwn, false));
  EXPECT_EQ(taken(places, kRoot), 7);
}

TEST(Places, WhoIsRefusedIsToldWhoHasThem) {
  Places places(8, kOwn);
  EXPECT_EQ(taken(places, kBob), 2);
  const std::vector all{holding(kBob, "bob", 811, 90s), holding(kEve, "eve", 700, 5s),
                        holding(kBob, "bob", 811, 60s), holding(kBob, "bob", 812, 120s)};
  EXPECT_EQ(places.why_none(kBob, all),
            "user bob has 3 connections, as many as one may have; close some: bob's pid 811 has 2 "
            "since 1970-01-01 00:01:00 UTC, bob's pid 812 has 1 since 1970-01-01 00:02:00 UTC");
  EXPECT_EQ(places.why_none(kCleo, {holding(kEve, "eve", 700, 5s)}),
            "too many connections; close some: eve's pid 700 has 1 since 1970-01-01 00:00:05 UTC");
  EXPECT_EQ(places.why_none(kRoot, {}), "too many connections; close some");
}

TEST(Places, OfManyProcessesThoseWithMostAreNamed) {
  const Places places(8, kOwn);
  std::vector<Places::Holding> all{holding(kBob, "bob", 9, 1s), holding(kBob, "bob", 9, 1s)};
  for (pid_t pid = 1; pid < 7; ++pid) all.push_back(holding(kEve, "eve", pid, 1s));
  const std::string text = places.why_none(kRoot, all);
  EXPECT_NE(text.find("close some: bob's pid 9 has 2 since"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with(", and 3 processes more")) << text;
}

TEST(Places, OneMakesRoomForTheSameUserAlone) {
  const Places places(8, kOwn);
  EXPECT_TRUE(places.may_replace(kBob, kBob));
  EXPECT_FALSE(places.may_replace(kBob, kEve));
  EXPECT_FALSE(places.may_replace(kRoot, kBob)) << "root has places of its own";
  EXPECT_TRUE(places.may_replace(kRoot, kOwn)) << "the two share theirs";
}

TEST(Places, WhatIsLeftIsThereForTheNext) {
  Places places(8, kOwn);
  EXPECT_EQ(taken(places, kBob), 2);
  places.leave(kBob);
  EXPECT_TRUE(places.take(kBob, false));
  places.leave(kBob);
  places.leave(kBob);
  places.leave(kBob);
  EXPECT_EQ(taken(places, kRoot), 8);
  EXPECT_FALSE(places.take(kBob, false));
  for (int i = 0; i < 8; ++i) places.leave(kRoot);
  EXPECT_EQ(taken(places, kBob), 2);
  EXPECT_EQ(taken(places, kEve), 2);
}

TEST(Places, OfFewEverybodyMayHaveOne) {
  Places places(2, kOwn);
  EXPECT_EQ(taken(places, kBob), 1);
  EXPECT_EQ(taken(places, kEve), 0);
  EXPECT_EQ(taken(places, kRoot), 1);
}

}  // namespace
}  // namespace yoke::hal
