// SPDX-License-Identifier: Apache-2.0
#include "mgmt/commit/impact.h"

#include <gtest/gtest.h>

#include "tests/unit/model/edited.h"

namespace yoke::commit {
namespace {

using Kind = Effect::Kind;
using model::testing::edited;

model::Config base() {
  return edited({},
                {"set pool web server 192.0.2.11:80 192.0.2.12:80", "set pool far method dsr",
                 "set pool far server 192.0.2.21:80", "set pool idle server 192.0.2.31:80",
                 "set pool blue server 192.0.2.41:80", "set vip one 203.0.113.10:80/tcp pool web",
                 "set vip two 203.0.113.11:80/tcp pool web snat 192.0.2.200,192.0.2.201",
                 "set vip far 203.0.113.12:80/tcp pool far",
                 "set vip off 203.0.113.13:80/tcp pool idle enabled no",
                 "set list bad prefix 10.0.0.0/8 2001:db8::/32",
                 "set list good prefix 10.0.0.0/8 2001:db8::/32",
                 "set vip listed 203.0.113.14:80/tcp allow good deny bad"});
}

api::Counters counters() {
  const auto open = [](std::uint64_t flows) {
    api::TrafficCounters counters;
    counters.flows_open = flows;
    return counters;
  };
  api::Counters counters;
  counters.vips = {{"one", open(100)}, {"two", open(20)}, {"far", open(7)}, {"listed", open(3)}};
  counters.servers = {{"web", {{"192.0.2.11:80", open(90)}, {"192.0.2.12:80", open(30)}}},
                      {"far", {{"192.0.2.21:80", open(7)}}},
                      {"blue", {{"192.0.2.41:80", open(5)}}}};
  return counters;
}

Effect effect(const std::vector<std::string>& words, Kind kind, std::optional<std::uint64_t> flows,
              bool counted_twice = false) {
  return {model::Path{words}, kind, flows, counted_twice};
}

struct Row {
  std::vector<std::string> lines;
  std::vector<Effect> effects;
};

const Row kRows[] = {
    {{}, {}},
    {{"set vip one idle-timeout 5m"}, {effect({"vip", "one"}, Kind::kCut, std::nullopt)}},
    {{"delete pool blue"}, {effect({"pool", "blue", "server", "192.0.2.41:80"}, Kind::kCut, 5)}},
    {{"set vip one idle-timeout 3h", "set pool web server 192.0.2.13:80",
      "set pool web check http GET /"},
     {}},
    {{"set port wan af_xdp:eth1", "set port lan mtu 9000"},
     {effect({"port", "lan"}, Kind::kRestart, 0), effect({"port", "wan"}, Kind::kRestart, 0)}},
    {{"delete vip one"}, {effect({"vip", "one"}, Kind::kCut, 100)}},
    {{"disable vip one"}, {effect({"vip", "one"}, Kind::kCut, 100)}},
    {{"set group g enabled no", "set vip one group g", "set vip two group g"},
     {effect({"vip", "one"}, Kind::kCut, 100), effect({"vip", "two"}, Kind::kCut, 20)}},
    {{"set group g", "set vip one group g", "set vip off group g"}, {}},
    {{"set vip one 203.0.113.20:80/tcp"}, {effect({"vip", "one"}, Kind::kCut, 100)}},
    {{"set vip one 203.0.113.10:80/udp"}, {effect({"vip", "one"}, Kind::kCut, 100)}},
    {{"rename vip one to uno"}, {}},
    {{"rename pool web to shop"}, {}},
    {{"rename pool web to shop", "delete pool shop server 192.0.2.12:80"},
     {effect({"pool", "web", "server", "192.0.2.12:80"}, Kind::kCut, 30)}},
    {{"rename pool web to shop", "disable pool shop server 192.0.2.12:80"},
     {effect({"pool", "web", "server", "192.0.2.12:80"}, Kind::kDrain, 30)}},
    {{"delete vip off", "delete pool idle"}, {}},
    {{"delete pool web server 192.0.2.11:80"},
     {effect({"pool", "web", "server", "192.0.2.11:80"}, Kind::kCut, 90)}},
    {{"disable pool web server 192.0.2.11:80"},
     {effect({"pool", "web", "server", "192.0.2.11:80"}, Kind::kDrain, 90)}},
    {{"set pool web server 192.0.2.11:80 weight 0"},
     {effect({"pool", "web", "server", "192.0.2.11:80"}, Kind::kDrain, 90)}},
    {{"delete vip one", "delete pool web server 192.0.2.11:80"},
     {effect({"vip", "one"}, Kind::kCut, 100),
      effect({"pool", "web", "server", "192.0.2.11:80"}, Kind::kCut, 90, true)}},
    {{"delete vip one", "delete vip two", "delete pool web"},
     {effect({"vip", "one"}, Kind::kCut, 100), effect({"vip", "two"}, Kind::kCut, 20)}},
    {{"set vip two snat 192.0.2.200"}, {effect({"vip", "two"}, Kind::kCut, std::nullopt)}},
    {{"set vip two snat 192.0.2.202"}, {effect({"vip", "two"}, Kind::kCut, 20)}},
    {{"set vip one max-flows 1 new-flow-rate 1 client-new-flow-rate 1"}, {}},
    {{"set list some prefix 10.0.0.0/8", "set vip one deny some"},
     {effect({"vip", "one"}, Kind::kCut, std::nullopt)}},
    {{"set list none", "set vip one deny none"}, {}},
    {{"set list none", "set vip one allow none"},
     {effect({"vip", "one"}, Kind::kCut, std::nullopt)}},
    {{"set list bad prefix 11.0.0.0/8"}, {effect({"vip", "listed"}, Kind::kCut, std::nullopt)}},
    {{"set list good prefix 11.0.0.0/8"}, {}},
    {{"delete list bad prefix 10.0.0.0/8"}, {}},
    {{"delete list good prefix 10.0.0.0/8"}, {effect({"vip", "listed"}, Kind::kCut, std::nullopt)}},
    {{"delete vip listed allow", "delete vip listed deny"}, {}},
    {{"rename list bad to evil"}, {}},
    {{"delete vip two snat"}, {effect({"vip", "two"}, Kind::kCut, 20)}},
    {{"set vip one snat 192.0.2.202"}, {}},
    {{"set snat-pool out 192.0.2.200,192.0.2.201", "delete vip two snat",
      "set vip two snat-pool out"},
     {}},
    {{"set snat-pool out 192.0.2.203", "delete vip two snat", "set vip two snat-pool out"},
     {effect({"vip", "two"}, Kind::kCut, 20)}},
    {{"set vip one snat 192.0.2.200,192.0.2.201", "set vip two snat 192.0.2.202"}, {}},
    {{"set vip one pool far"}, {}},
    {{"set vip two pool idle", "delete pool web server 192.0.2.12:80"},
     {effect({"pool", "web", "server", "192.0.2.12:80"}, Kind::kCut, 30)}},
};

TEST(Impact, IsOnTheFlowsOfWhatGoesAway) {
  for (const Row& row : kRows) {
    const auto after = edited(base(), row.lines);
    const std::string name = row.lines.empty() ? "nothing" : row.lines.back();
    EXPECT_EQ(impact(base(), after, counters()), row.effects) << name;
  }
}

TEST(Impact, OfWhatHasNoFlowsIsNone) { EXPECT_TRUE(impact(base(), {}, api::Counters{}).empty()); }

TEST(Impact, OfWhatTheDataPlaneCountedIsThatAndNothingElse) {
  const auto after = edited(
      base(), {"delete pool web server 192.0.2.11:80", "disable pool web server 192.0.2.12:80",
               "set port wan mtu 9000", "delete vip one", "set vip two idle-timeout 5m"});
  const api::Forecast forecast{.is_counted = true,
                               .vips = {{"one", 98}},
                               .servers = {{"web",
                                            {{"192.0.2.11:80", {.cut = 12, .kept = 0}},
                                             {"192.0.2.12:80", {.cut = 0, .kept = 8}}}}}};
  EXPECT_EQ(
      impact(base(), after, forecast),
      (std::vector<Effect>{effect({"vip", "one"}, Kind::kCut, 98),
                           effect({"pool", "web", "server", "192.0.2.11:80"}, Kind::kCut, 12),
                           effect({"pool", "web", "server", "192.0.2.12:80"}, Kind::kDrain, 8),
                           effect({"port", "wan"}, Kind::kRestart, 0)}));
}

// It took none before either.
TEST(Impact, AServerThatTookNoneDrainsNone) {
  const auto before = edited(base(), {"disable pool web server 192.0.2.12:80"});
  const api::Forecast forecast{.is_counted = true,
                               .servers = {{"web", {{"192.0.2.12:80", {.cut = 0, .kept = 8}}}}}};
  EXPECT_TRUE(impact(before, before, forecast).empty());
}

TEST(Impact, IsVagueWhereItIsNotCountedOrCountedTwice) {
  EXPECT_FALSE(is_vague({}));
  EXPECT_FALSE(is_vague({effect({"vip", "one"}, Kind::kCut, 98)}));
  EXPECT_TRUE(is_vague({effect({"vip", "one"}, Kind::kCut, std::nullopt)}));
  EXPECT_TRUE(is_vague(
      {effect({"vip", "one"}, Kind::kCut, 98), effect({"vip", "two"}, Kind::kCut, 1, true)}));
}

TEST(Impact, IsUnknownWithoutTheDataPlaneButNamesWhatIsConcerned) {
  const auto after = edited(base(), {"delete vip one", "disable pool web server 192.0.2.11:80"});
  EXPECT_EQ(impact(base(), after, std::nullopt),
            (std::vector<Effect>{effect({"vip", "one"}, Kind::kCut, std::nullopt),
                                 effect({"pool", "web", "server", "192.0.2.11:80"}, Kind::kDrain,
                                        std::nullopt, true)}));
}

}  // namespace
}  // namespace yoke::commit
