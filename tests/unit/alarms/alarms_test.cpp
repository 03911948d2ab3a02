// SPDX-License-Identifier: Apache-2.0
#include "mgmt/alarms/alarms.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace yoke::alarms {
namespace {

using events::Kind;
using namespace std::chrono_literals;

Wall at(int second) { return Wall(std::chrono::seconds(1'700'000'000 + second)); }

Condition vip_down(const std::string& name) {
  return {Kind::kVipDown, name, "vip " + name + " is down", {{"POOL", name}}};
}

TEST(Alarms, ARaisedOneStandsUntilItHoldsNoMore) {
  Alarms alarms;
  auto told = alarms.follow({vip_down("web")}, at(1));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].kind, Kind::kVipDown);
  EXPECT_EQ(told[0].text, "vip web is down");
  EXPECT_EQ(told[0].at, at(1));
  EXPECT_TRUE(alarms.follow({vip_down("web")}, at(2)).empty());
  EXPECT_TRUE(alarms.stands(Kind::kVipDown));
  EXPECT_FALSE(alarms.stands(Kind::kDiskLow));
  EXPECT_EQ(alarms.all().at(0).raised, at(1));

  told = alarms.follow({}, at(3));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].kind, Kind::kVipUp);
  EXPECT_EQ(told[0].text, "over after 2s; it was: vip web is down");
  EXPECT_EQ(told[0].fields, vip_down("web").fields);
  EXPECT_FALSE(alarms.stands(Kind::kVipDown));
  ASSERT_EQ(alarms.all().size(), 1U);
  EXPECT_EQ(alarms.all()[0].cleared, at(3));
}

TEST(Alarms, OneThatEndsForAnotherReasonSaysWhy) {
  Alarms alarms;
  Condition condition{Kind::kNotifyFailed, "notify mail", "notify mail: nobody listens"};
  (void)alarms.follow({condition}, at(1));
  condition.over = "it is not configured any more";
  const auto told = alarms.follow({condition}, at(2));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].kind, Kind::kNotifyWorks);
  EXPECT_EQ(told[0].text, "notify mail: it is not configured any more");
  EXPECT_TRUE(alarms.follow({condition}, at(3)).empty()) << "nothing stands, and nothing is raised";
  EXPECT_FALSE(alarms.stands(Kind::kNotifyFailed));
}

TEST(Alarms, HowLongOneStoodIsToldRoughly) {
  for (const auto& [seconds, text] :
       {std::pair{0, "0s"}, std::pair{119, "119s"}, std::pair{120, "2m"}, std::pair{7199, "119m"},
        std::pair{7200, "2h"}, std::pair{172'800, "2d"}, std::pair{-5, "0s"}}) {
    Alarms alarms;
    (void)alarms.follow({vip_down("web")}, at(0));
    EXPECT_EQ(alarms.follow({}, at(seconds)).at(0).text,
              std::string("over after ") + text + "; it was: vip web is down");
  }
}

TEST(Alarms, WhatItsSourceTellsIsNotToldAgain) {
  Alarms alarms;
  EXPECT_TRUE(alarms.follow({{Kind::kServerDown, "web 192.0.2.11:80", "down"}}, at(1)).empty());
  EXPECT_EQ(alarms.all().size(), 1U);
  EXPECT_TRUE(alarms.follow({}, at(2)).empty());
}

TEST(Alarms, OfOnePartSayNothingOfTheOther) {
  Alarms alarms;
  (void)alarms.follow({vip_down("web")}, at(1), Part::kServices);
  EXPECT_EQ(alarms.follow({{Kind::kDiskLow, "", "60 MiB are free"}}, at(2)).size(), 1U);
  EXPECT_TRUE(alarms.stands(Kind::kVipDown));
  EXPECT_TRUE(alarms.stands(Kind::kDiskLow));
  EXPECT_EQ(alarms.all().at(0).what.kind, Kind::kVipDown) << "the worst first, of both";
  EXPECT_EQ(alarms.follow({}, at(3), Part::kServices).size(), 1U);
  EXPECT_TRUE(alarms.stands(Kind::kDiskLow));
}

TEST(Alarms, TheTextIsTheLatestAndTheTimeTheFirst) {
  Alarms alarms;
  (void)alarms.follow({{Kind::kDiskLow, "", "60 MiB are free"}}, at(1));
  (void)alarms.follow({{Kind::kDiskLow, "", "50 MiB are free"}}, at(2));
  const auto all = alarms.all();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].what.text, "50 MiB are free");
  EXPECT_EQ(all[0].raised, at(1));
}

TEST(Alarms, TheWorstComeFirstAndOfOneLevelTheNewest) {
  Alarms alarms;
  const Condition low{Kind::kDiskLow, "", "60 MiB are free"},
      full{Kind::kFlowTableHigh, "", "full"};
  (void)alarms.follow({vip_down("web")}, at(1), Part::kServices);
  (void)alarms.follow({vip_down("web"), vip_down("dns")}, at(2), Part::kServices);
  (void)alarms.follow({low}, at(3));
  (void)alarms.follow({low, full}, at(4));
  std::vector<std::string> order;
  for (const Alarm& alarm : alarms.all()) order.push_back(alarm.what.text);
  EXPECT_EQ(order, (std::vector<std::string>{"vip dns is down", "vip web is down", "full",
                                             "60 MiB are free"}));
  const auto digest = alarms.digest(3);
  EXPECT_EQ(digest.standing, 4U);
  ASSERT_EQ(digest.first.size(), 3U);
  EXPECT_EQ(digest.first[0].what.text, "vip dns is down");
  EXPECT_EQ(digest.first[2].what.text, "full");
}

// Against plain bookkeeping of what held when.
TEST(Alarms, ADataPlaneThatIsLostComesBeforeWhatFollowsFromIt) {
  Alarms alarms;
  const Condition lost{Kind::kDataPlaneLost, "", "the data plane does not answer"};
  (void)alarms.follow({lost}, at(1));
  (void)alarms.follow({vip_down("a"), vip_down("b")}, at(2), Part::kServices);
  EXPECT_EQ(alarms.all().at(0).what.kind, Kind::kDataPlaneLost);
  EXPECT_EQ(alarms.digest(1).first.at(0).what.kind, Kind::kDataPlaneLost);
}

TEST(Alarms, OfAnyHistoryExactlyWhatHoldsStandsAndEveryChangeIsToldOnce) {
  std::mt19937 random(11);
  Alarms alarms;
  std::map<std::string, Wall> holding;
  for (int second = 1; second < 2000; ++second) {
    std::map<std::string, Wall> next;
    std::vector<Condition> conditions;
    std::size_t changes = 0;
    for (const char* name : {"a", "b", "c", "d"}) {
      const bool held = holding.contains(name);
      if (random() % 3 == 0 ? !held : held) {
        conditions.push_back(vip_down(name));
        next[name] = held ? holding[name] : at(second);
      }
      changes += next.contains(name) != held ? 1U : 0U;
    }
    EXPECT_EQ(alarms.follow(conditions, at(second)).size(), changes);
    std::map<std::string, Wall> standing;
    std::size_t cleared = 0;
    Wall last = Wall::max();
    for (const Alarm& alarm : alarms.all()) {
      if (alarm.cleared) {
        ++cleared;
        continue;
      }
      EXPECT_EQ(cleared, 0U) << "those that stand come first";
      EXPECT_LE(alarm.raised, last);
      last = alarm.raised;
      standing[alarm.what.subject] = alarm.raised;
    }
    EXPECT_EQ(standing, next);
    EXPECT_LE(cleared, Alarms::kClearedKept);
    holding = std::move(next);
  }
}

}  // namespace
}  // namespace yoke::alarms
