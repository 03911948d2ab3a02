// SPDX-License-Identifier: Apache-2.0
#include "mgmt/commit/compile.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "mgmt/model/schema.h"
#include "tests/unit/store/store_fixture.h"

namespace yoke::commit {
namespace {

using store::must_set;

const MonoTime kEarly = MonoTime(std::chrono::hours(1));
const MonoTime kLate = MonoTime(std::chrono::hours(2));

net::Endpoint endpoint(const char* text) { return net::Endpoint::parse(text).value(); }

TEST(Compile, EveryFieldReachesTheDataPlane) {
  model::Config config;
  must_set(config, {"pool", "web"}, {});
  must_set(config, {"pool", "web", "server", "192.0.2.11:80"}, {});
  must_set(config, {"pool", "web", "server", "192.0.2.12:8080"}, {{"weight", "256"}});
  must_set(config, {"pool", "web", "server", "192.0.2.13:80"}, {{"weight", "0"}});
  must_set(config, {"pool", "web", "server", "192.0.2.14:80"}, {{"enabled", "no"}});
  must_set(config, {"pool", "dns"}, {{"method", "dsr"}});
  must_set(config, {"pool", "dns", "server", "[2001:db8::1]:53"}, {});
  must_set(config, {"vip", "web"},
           {{"address", "203.0.113.10:80/tcp"},
            {"pool", "web"},
            {"snat", "192.0.2.200,192.0.2.201"},
            {"idle-timeout", "1500ms"}});
  must_set(config, {"snat-pool", "out"}, {{"addresses", "192.0.2.210,192.0.2.211"}});
  must_set(config, {"vip", "shared"},
           {{"address", "203.0.113.13:80/tcp"}, {"pool", "web"}, {"snat-pool", "out"}});
  must_set(config, {"vip", "dns"}, {{"address", "[2001:db8::10]:53/udp"}, {"pool", "dns"}});
  must_set(config, {"vip", "off"}, {{"address", "203.0.113.11:80/tcp"}, {"enabled", "no"}});
  must_set(config, {"vip", "ping"}, {{"address", "203.0.113.12:1/tcp"}, {"idle-timeout", "2h"}});

  api::Configuration expected;
  expected.revision = 42;
  expected.hash_key = {1, 2, 3};
  expected.pools = {
      {"dns", api::Method::kDsr, {{endpoint("[2001:db8::1]:53"), 1, api::ServerState::kUp}}},
      {"web",
       api::Method::kNat,
       {{endpoint("192.0.2.11:80"), 1, api::ServerState::kUp},
        {endpoint("192.0.2.12:8080"), 256, api::ServerState::kUp},
        {endpoint("192.0.2.13:80"), 0, api::ServerState::kUp},
        {endpoint("192.0.2.14:80"), 1, api::ServerState::kDraining}}}};
  expected.vips = {
      {"dns", net::ServiceAddress::parse("[2001:db8::10]:53/udp").value(), "dns", {}, 0},
      {"ping", net::ServiceAddress::parse("203.0.113.12:1/tcp").value(), "", {}, 7200},
      {"shared",
       net::ServiceAddress::parse("203.0.113.13:80/tcp").value(),
       "web",
       {net::IpAddress::v4(192, 0, 2, 210), net::IpAddress::v4(192, 0, 2, 211)},
       0},
      {"web",
       net::ServiceAddress::parse("203.0.113.10:80/tcp").value(),
       "web",
       {net::IpAddress::v4(192, 0, 2, 200), net::IpAddress::v4(192, 0, 2, 201)},
       2}};
  const auto states = ServerStates().following(config, kEarly);
  EXPECT_EQ(compile(config, states, 42, {1, 2, 3}), expected);
}

TEST(Compile, ListsThatAVipNamesAndItsLimitsReachTheDataPlane) {
  model::Config config;
  must_set(config, {"list", "bad", "prefix", "198.51.100.0/24"}, {});
  must_set(config, {"list", "bad", "prefix", "2001:db8:bad::/48"}, {});
  must_set(config, {"list", "none"}, {});
  must_set(config, {"list", "unused", "prefix", "10.0.0.0/8"}, {});
  must_set(config, {"vip", "web"},
           {{"address", "203.0.113.10:80/tcp"},
            {"allow", "none"},
            {"deny", "bad"},
            {"max-flows", "100"},
            {"new-flow-rate", "20"},
            {"client-new-flow-rate", "3"},
            {"client-prefix-length", "24"}});
  const auto compiled = compile(config, {}, 1, {});
  ASSERT_EQ(compiled.lists.size(), 2U);
  EXPECT_EQ(compiled.lists[0].name, "bad");
  EXPECT_EQ(compiled.lists[0].prefixes, api::PrefixSet({*net::Prefix::parse("198.51.100.0/24"),
                                                        *net::Prefix::parse("2001:db8:bad::/48")}));
  EXPECT_EQ(compiled.lists[1], (api::PrefixList{"none", {}}));
  const api::Vip& vip = compiled.vips.front();
  EXPECT_EQ(vip.allow, "none");
  EXPECT_EQ(vip.deny, "bad");
  EXPECT_EQ(vip.limits, (api::FlowLimits{100, 20, 3, 24, 64}));
}

TEST(PrefixSets, AreReadAgainWhereTheyDiffer) {
  model::Config config;
  must_set(config, {"list", "a", "prefix", "10.0.0.0/8"}, {});
  must_set(config, {"list", "b", "prefix", "10.0.0.0/8"}, {});
  const auto first = PrefixSets().following(config);
  must_set(config, {"list", "a", "prefix", "11.0.0.0/8"}, {});
  const auto next = first.following(config);
  EXPECT_EQ(next.of("a").size(), 2U);
  EXPECT_EQ(next.of("b").prefixes().data(), first.of("b").prefixes().data());
  ASSERT_TRUE(config.remove(model::Path{{"list", "b"}}));
  EXPECT_EQ(next.following(config).of("b").size(), 0U);
}

struct StateCase {
  const char* name;
  bool checked, enabled;
  Verdict verdict;
  api::ServerState published;
};

TEST(ServerStates, WhatIsPublishedFollowsFromCheckSwitchAndVerdict) {
  using enum api::ServerState;
  for (const StateCase& c : std::initializer_list<StateCase>{
           {"not checked", false, true, Verdict::kUnknown, kUp},
           {"not checked, was down", false, true, Verdict::kDown, kUp},
           {"not yet checked", true, true, Verdict::kUnknown, kDown},
           {"healthy", true, true, Verdict::kUp, kUp},
           {"not healthy", true, true, Verdict::kDown, kDown},
           {"switched off", false, false, Verdict::kUnknown, kDraining},
           {"switched off and healthy", true, false, Verdict::kUp, kDraining},
           {"switched off and not healthy", true, false, Verdict::kDown, kDraining}}) {
    const ServerStatus status{
        .verdict = c.verdict, .checked = c.checked, .enabled = c.enabled, .since = kEarly};
    EXPECT_EQ(status.published(), c.published) << c.name;
  }
}

class Following : public testing::Test {
 protected:
  Following() {
    must_set(config_, {"pool", "web", "server", "192.0.2.11:80"}, {});
    must_set(config_, {"pool", "web", "check", "tcp"}, {});
    states_ = ServerStates().following(config_, kEarly);
  }
  void follow() { states_ = states_.following(config_, kLate); }
  [[nodiscard]] const ServerStatus& status() const { return *states_.find(id_); }

  model::Config config_;
  ServerStates states_;
  ServerId id_{"web", endpoint("192.0.2.11:80")};
};

TEST_F(Following, AServerThatStaysKeepsItsVerdict) {
  EXPECT_TRUE(states_.report(id_, Verdict::kUp, kEarly));
  must_set(config_, {"pool", "web", "server", "192.0.2.11:80"}, {{"weight", "9"}});
  must_set(config_, {"pool", "web", "server", "192.0.2.12:80"}, {});
  follow();
  EXPECT_EQ(status().verdict, Verdict::kUp);
  EXPECT_EQ(status().since, kEarly);
  EXPECT_EQ(states_.pool("web").size(), 2U);
}

TEST_F(Following, AServerOfAPoolThatGotAnotherNameKeepsItsVerdict) {
  EXPECT_TRUE(states_.report(id_, Verdict::kUp, kEarly));
  ASSERT_TRUE(config_.remove(model::Path{{"pool", "web"}}));
  must_set(config_, {"pool", "www", "server", "192.0.2.11:80"}, {});
  must_set(config_, {"pool", "www", "check", "tcp"}, {});
  follow();
  EXPECT_EQ(states_.find({"www", id_.server})->verdict, Verdict::kUp);
}

TEST_F(Following, AServerThatLeavesAndReturnsIsNew) {
  EXPECT_TRUE(states_.report(id_, Verdict::kUp, kEarly));
  const auto with = config_;
  ASSERT_TRUE(config_.remove(model::Path{{"pool", "web", "server", "192.0.2.11:80"}}));
  follow();
  EXPECT_EQ(states_.find(id_), nullptr);
  config_ = with;
  follow();
  EXPECT_EQ(status().verdict, Verdict::kUnknown);
  EXPECT_EQ(status().published(), api::ServerState::kDown);
}

TEST_F(Following, AServerInUseStaysUpWhenItsPoolGainsAFirstCheck) {
  ASSERT_TRUE(config_.remove(model::Path{{"pool", "web", "check", "tcp"}}));
  states_ = ServerStates().following(config_, kEarly);
  EXPECT_EQ(status().published(), api::ServerState::kUp);
  must_set(config_, {"pool", "web", "check", "http"}, {});
  follow();
  EXPECT_EQ(status().published(), api::ServerState::kUp);
  EXPECT_TRUE(states_.report(id_, Verdict::kDown, kLate));
  EXPECT_EQ(status().published(), api::ServerState::kDown);
}

TEST_F(Following, WithoutItsLastCheckAServerIsUp) {
  EXPECT_FALSE(states_.report(id_, Verdict::kDown, kEarly)) << "it was not in use before";
  ASSERT_TRUE(config_.remove(model::Path{{"pool", "web", "check", "tcp"}}));
  follow();
  EXPECT_EQ(status().published(), api::ServerState::kUp);
  EXPECT_EQ(status().since, kLate);
}

TEST_F(Following, SwitchingAServerOffDrainsItAndOnBringsItBackAsItIs) {
  EXPECT_TRUE(states_.report(id_, Verdict::kUp, kEarly));
  must_set(config_, {"pool", "web", "server", "192.0.2.11:80"}, {{"enabled", "no"}});
  follow();
  EXPECT_EQ(status().published(), api::ServerState::kDraining);
  EXPECT_EQ(status().since, kLate);
  EXPECT_FALSE(states_.report(id_, Verdict::kDown, kLate)) << "nothing to tell the data plane";
  must_set(config_, {"pool", "web", "server", "192.0.2.11:80"}, {{"enabled", "yes"}});
  follow();
  EXPECT_EQ(status().published(), api::ServerState::kDown);
}

TEST_F(Following, ACopyIsNotChangedByWhatIsReportedToTheOther) {
  const ServerStates before = states_;
  EXPECT_TRUE(states_.report(id_, Verdict::kUp, kLate));
  EXPECT_EQ(before.find(id_)->verdict, Verdict::kUnknown);
  EXPECT_EQ(status().verdict, Verdict::kUp);
}

// However a configuration is come to, by many commits or by one, the servers, their switches and
// whether they are checked are those it names; and what is known of those that stayed is kept.
TEST(ServerStates, FollowingStepByStepIsFollowingAtOnce) {
  std::mt19937 random(5);
  const auto one_of = [&random](unsigned count) { return static_cast<unsigned>(random() % count); };
  model::Config config;
  ServerStates stepwise;
  for (int step = 0; step < 400; ++step) {
    const std::string pool = "p" + std::to_string(one_of(5));
    const std::string server = "192.0.2." + std::to_string(one_of(4)) + ":80";
    switch (one_of(5)) {
      case 0:
        (void)config.remove(model::Path{{"pool", pool}});
        break;
      case 1:
        (void)config.remove(model::Path{{"pool", pool, "server", server}});
        break;
      case 2:
        must_set(config, {"pool", pool, "check", "tcp"}, {});
        break;
      default:
        must_set(config, {"pool", pool, "server", server},
                 {{"enabled", one_of(2) == 0 ? "yes" : "no"}});
    }
    const ServerStates before = stepwise;
    stepwise = stepwise.following(config, kLate);
    const ServerStates at_once = ServerStates().following(config, kLate);
    std::size_t servers = 0;
    at_once.for_each_pool([&](const std::string& name, const ServerStates::Pool& expected) {
      const auto& pool_now = stepwise.pool(name);
      ASSERT_EQ(pool_now.size(), expected.size()) << "step " << step;
      for (const auto& [endpoint, status] : expected) {
        ++servers;
        const auto& now = pool_now.at(endpoint);
        EXPECT_EQ(now.enabled, status.enabled);
        EXPECT_EQ(now.checked, status.checked);
        const ServerStatus* known = before.find({name, endpoint});
        const bool first_check = known != nullptr && !known->checked && now.checked;
        if (known != nullptr && !first_check) {
          EXPECT_EQ(now.verdict, known->verdict);
        }
      }
    });
    std::size_t held = 0;
    stepwise.for_each_pool(
        [&](const std::string&, const auto& of_pool) { held += of_pool.size(); });
    EXPECT_EQ(held, servers) << "none is left of those that went";
    if (one_of(2) == 0) {
      (void)stepwise.report({pool, endpoint("192.0.2.1:80")},
                            one_of(2) == 0 ? Verdict::kUp : Verdict::kDown, kLate);
    }
  }
}

TEST_F(Following, DrainingIsNotAdoptedAsHealth) {
  states_.adopt({{"web", id_.server, api::ServerState::kDraining},
                 {"gone", id_.server, api::ServerState::kUp}},
                kLate);
  EXPECT_EQ(status().verdict, Verdict::kUnknown);
  states_.adopt({{"web", id_.server, api::ServerState::kUp}}, kLate);
  EXPECT_EQ(status().verdict, Verdict::kUp);
  states_.adopt({{"web", id_.server, api::ServerState::kDown}}, kLate);
  EXPECT_EQ(status().verdict, Verdict::kUp) << "what is known is not replaced";
}

TEST_F(Following, DifferencesAreTheServersThatRunInAnotherStateOrNotAtAll) {
  EXPECT_TRUE(states_.report(id_, Verdict::kUp, kEarly));
  EXPECT_EQ(states_
                .differences({{"web", id_.server, api::ServerState::kUp},
                              {"gone", id_.server, api::ServerState::kUp}})
                .size(),
            0U);
  const std::vector<api::ServerStateChange> up{{"web", id_.server, api::ServerState::kUp}};
  EXPECT_EQ(states_.differences({{"web", id_.server, api::ServerState::kDown}}), up);
  EXPECT_EQ(states_.differences({}), up);
}

TEST(Compile, EverySchedulerReachesTheDataPlane) {
  const std::pair<const char*, api::Scheduler> kAll[] = {
      {"maglev", api::Scheduler::kMaglev},
      {"round-robin", api::Scheduler::kRoundRobin},
      {"least-connections", api::Scheduler::kLeastConnections},
      {"source-hash", api::Scheduler::kSourceHash},
      {"response-time", api::Scheduler::kResponseTime}};
  for (const auto& [word, scheduler] : kAll) {
    model::Config config;
    must_set(config, {"pool", "web"}, {{"scheduler", word}});
    const auto states = ServerStates().following(config, kEarly);
    EXPECT_EQ(compile(config, states, 1, {}).pools[0].scheduler, scheduler) << word;
  }
  const model::Field& field = *model::find_field(*model::find_type("pool"), "scheduler");
  EXPECT_EQ(field.choices.size(), std::size(kAll));
}

// A checked server of a pool with this scheduler.
model::Config timed_config(const char* scheduler) {
  model::Config config;
  must_set(config, {"pool", "web"}, {{"scheduler", scheduler}});
  must_set(config, {"pool", "web", "server", "192.0.2.11:80"}, {});
  must_set(config, {"pool", "web", "check", "tcp"}, {});
  return config;
}

TEST(ServerStates, AResponseTimeIsToldWhereTheSchedulerGoesByItAlone) {
  using namespace std::chrono_literals;
  const ServerId id{"web", endpoint("192.0.2.11:80")};
  auto maglev = ServerStates().following(timed_config("maglev"), kEarly);
  EXPECT_FALSE(maglev.report_response(id, 5ms));
  EXPECT_EQ(maglev.find(id)->response, 5ms) << "known all the same";
  EXPECT_EQ(told_of(id, *maglev.find(id)).response_us, 0U);

  auto timed = maglev.following(timed_config("response-time"), kEarly);
  EXPECT_EQ(told_of(id, *timed.find(id)).response_us, 5000U);
  EXPECT_FALSE(timed.report_response(id, 5ms));
  EXPECT_TRUE(timed.report_response(id, 7ms));
  EXPECT_EQ(compile(timed_config("response-time"), timed, 1, {}).pools[0].servers[0].response_us,
            7000U);
  EXPECT_FALSE(timed.report_response({"web", endpoint("192.0.2.99:80")}, 7ms)) << "gone";
  EXPECT_TRUE(timed.report_response(id, 3h));
  EXPECT_EQ(told_of(id, *timed.find(id)).response_us, 0xffff'ffffU);
}

TEST(ServerStates, ResponseTimesAreTakenOverAndCompared) {
  using namespace std::chrono_literals;
  const ServerId id{"web", endpoint("192.0.2.11:80")};
  auto states = ServerStates().following(timed_config("response-time"), kEarly);
  const api::ServerStateChange told{"web", id.server, api::ServerState::kUp, 4000};
  states.adopt({told}, kLate);
  EXPECT_EQ(states.find(id)->response, 4ms);
  EXPECT_TRUE(states.differences({told}).empty());
  EXPECT_TRUE(states.report_response(id, 8ms));
  states.adopt({told}, kLate);
  EXPECT_EQ(states.find(id)->response, 8ms) << "what is known is not replaced";
  EXPECT_EQ(states.differences({told}).size(), 1U);
  auto unchecked = timed_config("response-time");
  ASSERT_TRUE(unchecked.remove(model::Path{{"pool", "web", "check", "tcp"}}));
  EXPECT_EQ(states.following(unchecked, kLate).find(id)->response, 0ms) << "nobody measures it";
}

// Of a unit that stands alone nothing is held: it would wait for a lease that nobody grants.
TEST(Compile, TheGroupsOfAPairAreServedUnderALeaseAlone) {
  model::Config config;
  must_set(config, {"group", "blue"}, {{"vrid", "2"}});
  must_set(config, {"vip", "web"}, {{"address", "203.0.113.10:80/tcp"}, {"group", "blue"}});
  must_set(config, {"vip", "dns"}, {{"address", "203.0.113.11:53/udp"}});
  const auto alone = compile(config, {}, 1, {}, {});
  EXPECT_TRUE(alone.groups.empty());
  EXPECT_EQ(alone.vips[1].group, "");
  must_set(config, {"ha", ""}, {{"interface", "ha0"}, {"data-interface", "wan"}});
  const auto pair = compile(config, {}, 1, {}, {});
  EXPECT_EQ(pair.groups,
            (std::vector<api::Group>{{"", api::Lease::kHeld}, {"blue", api::Lease::kHeld}}));
  EXPECT_EQ(pair.vips[0].group, "");
  EXPECT_EQ(pair.vips[1].group, "blue");
}

TEST(Compile, ThePeerIsToldOfFlowsUnlessAVipSaysOtherwise) {
  model::Config config;
  must_set(config, {"vip", "dns"}, {{"address", "203.0.113.11:53/udp"}, {"sync", "none"}});
  must_set(config, {"vip", "web"}, {{"address", "203.0.113.10:80/tcp"}});
  const auto compiled = compile(config, {}, 1, {}, {});
  EXPECT_EQ(compiled.vips[0].sync, api::FlowSync::kNone);
  EXPECT_EQ(compiled.vips[1].sync, api::FlowSync::kSync);
}

TEST(Compile, AGroupThatIsDisabledTakesItsVipsAlongAndNobodyElse) {
  model::Config config;
  must_set(config, {"pool", "web"}, {});
  must_set(config, {"group", "blue"}, {});
  must_set(config, {"group", "green"}, {});
  const auto add = [&](const char* name, const char* address, model::Fields more) {
    more["address"] = address;
    more["pool"] = "web";
    must_set(config, {"vip", name}, more);
  };
  add("a", "203.0.113.1:80/tcp", {{"group", "blue"}});
  add("b", "203.0.113.2:80/tcp", {{"group", "blue"}, {"enabled", "no"}});
  add("c", "203.0.113.3:80/tcp", {{"group", "green"}});
  add("d", "203.0.113.4:80/tcp", {});
  const auto compiled = [&] {
    std::string names;
    const auto states = ServerStates().following(config, kEarly);
    for (const api::Vip& vip : compile(config, states, 1, {}).vips) names += vip.name;
    return names;
  };
  EXPECT_EQ(compiled(), "acd");
  must_set(config, {"group", "blue"}, {{"enabled", "no"}});
  EXPECT_EQ(compiled(), "cd");
  must_set(config, {"vip", "b"}, {{"enabled", "yes"}});
  EXPECT_EQ(compiled(), "cd");
  must_set(config, {"group", "green"}, {{"enabled", "no"}});
  EXPECT_EQ(compiled(), "d");
  must_set(config, {"group", "blue"}, {{"enabled", "yes"}});
  EXPECT_EQ(compiled(), "abd");
}

}  // namespace
}  // namespace yoke::commit
