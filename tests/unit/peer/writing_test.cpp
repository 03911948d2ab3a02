// SPDX-License-Identifier: Apache-2.0
#include "mgmt/peer/writing.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace yoke::peer {
namespace {

using Json = nlohmann::json;

// As read from text, where numbers that are not negative have no sign.
Json group(unsigned vrid, const char* role, const char* peer_role, unsigned heard_us) {
  return {{"vrid", vrid},
          {"role", role},
          {"epoch", vrid * 10},
          {"peer", {{"role", peer_role}, {"heard_ago_us", heard_us}}}};
}

TEST(Writing, TheHolderOfTheLowestVirtualRouterWrites) {
  const Json status{
      {"unit", "a"},
      {"groups", {group(9, "ACTIVE", "STANDBY", 10), group(7, "STANDBY", "ACTIVE", 10)}}};
  const Election found = election_in(status);
  EXPECT_EQ(found.unit, "a");
  EXPECT_FALSE(found.holds);
  EXPECT_TRUE(found.peer_holds);
  EXPECT_EQ(found.epoch, 70U);
  EXPECT_FALSE(may_write({.election = found}));
}

TEST(Writing, WhatWasHeardLongAgoIsNoWordOfNow) {
  const Json status{{"unit", "b"}, {"groups", {group(7, "NOT_ELIGIBLE", "ACTIVE", 5'000'000)}}};
  EXPECT_FALSE(election_in(status).peer_holds);
  EXPECT_TRUE(may_write({.election = election_in(status)}));  // nobody is there to write
}

TEST(Writing, OfAnythingElseNobodyIsElected) {
  for (const auto& status :
       {Json(), Json("x"), Json{{"groups", 7}}, Json{{"groups", {1, "x", Json::object()}}},
        Json{{"unit", 4}, {"groups", {{{"vrid", "7"}, {"role", 1}}}}}}) {
    EXPECT_EQ(election_in(status), Election()) << status;
  }
}

TEST(Writing, WhereNobodyIsElectedOneOfTwoMayMendIt) {
  EXPECT_TRUE(may_write({.election = {.unit = "a"}, .peer_is_there = true}));
  EXPECT_FALSE(may_write({.election = {.unit = "b"}, .peer_is_there = true}));
  EXPECT_TRUE(may_write({.election = {.unit = "b"}}));
  EXPECT_FALSE(may_write({.election = {.unit = "a"}, .peer_is_there = true, .peer_writes = true}));
  EXPECT_FALSE(may_write({.election = {.unit = "a", .peer_holds = true}}));
}

TEST(Writing, AnEpochIsNeverLowerThanTheHistorys) {
  const Election holds{.unit = "a", .holds = true, .epoch = 3};
  EXPECT_EQ(epoch_of({.election = holds}), 3U);
  EXPECT_EQ(epoch_of({.election = holds, .newest = 9}), 9U);
  EXPECT_EQ(epoch_of({.election = holds, .newest = 2, .highest = 12}), 12U);
  // Whoever is contradicted has not the last word.
  EXPECT_EQ(epoch_of({.election = holds,
                      .peer_is_there = true,
                      .peer_writes = true,
                      .newest = 2,
                      .highest = 12}),
            3U);
  EXPECT_EQ(epoch_of({}), 1U);  // 0 is of units that stand alone
}

}  // namespace
}  // namespace yoke::peer
