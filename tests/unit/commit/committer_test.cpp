// SPDX-License-Identifier: Apache-2.0
#include "mgmt/commit/committer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/commit/committer_fixture.h"

namespace yoke::commit {
namespace {

using store::must_set;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Fails = FakeDataPlane::Fails;

TEST_F(CommitterTest, WhatThisUnitLacksStopsACommitAsRulesDo) {
  committer_.use_rules([](const model::Config& after, const model::Config& before) {
    EXPECT_NE(after, before);
    return std::vector<model::Violation>{{"system", "E-253", "no such zone"}};
  });
  const auto refused = commit(web_config());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error.id, "E-450");
  ASSERT_EQ(refused.error().violations.size(), 1U);
  EXPECT_EQ(refused.error().violations[0].id, "E-253");
  EXPECT_EQ(committer_.violations(web_config()).size(), 1U);
  EXPECT_EQ(committer_.running().revision, 0U);
}

TEST_F(CommitterTest, ACommitIsStagedThenStoredThenActivated) {
  const auto done = commit(web_config());
  ASSERT_TRUE(done) << done.error().error.text;
  EXPECT_EQ(done->revision, 1U);
  EXPECT_EQ(done->changes, 5U);
  EXPECT_THAT(data_plane_.calls, ElementsAre("stage", "activate"));
  expect_everywhere(web_config(), 1);
  const auto history = committer_.history(5).value();
  ASSERT_EQ(history.size(), 1U);
  EXPECT_EQ(history[0].info.user, "ann");
  EXPECT_EQ(history[0].info.origin, "pid 7");
  EXPECT_EQ(history[0].info.how, "cli");
  EXPECT_EQ(history[0].info.note, "a note");
  EXPECT_EQ(history[0].info.changes, "+1 pool +2 servers +1 check +1 vip");
}

TEST_F(CommitterTest, WithNothingToChangeThereIsNoRevisionAndNoCall) {
  begin_with_web();
  const auto done = commit(web_config());
  ASSERT_TRUE(done);
  EXPECT_EQ(done->revision, 1U);
  EXPECT_EQ(done->changes, 0U);
  EXPECT_THAT(data_plane_.calls, IsEmpty());
  EXPECT_EQ(committer_.history(5)->size(), 1U);
}

TEST_F(CommitterTest, EveryRuleViolatedIsToldAndNothingHappens) {
  model::Config bad;
  must_set(bad, {"vip", "a"}, {{"address", "203.0.113.10:80/tcp"}, {"pool", "gone"}});
  must_set(bad, {"vip", "b"}, {{"address", "203.0.113.10:80/tcp"}});
  must_set(bad, {"vip", "c"}, {});
  const auto refused = commit(bad);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error.id, "E-450");
  EXPECT_EQ(refused.error().error.kind, Errc::kFailed);
  std::vector<std::string> ids;
  for (const auto& violation : refused.error().violations) ids.push_back(violation.id);
  EXPECT_THAT(ids, testing::UnorderedElementsAre("E-201", "E-202", "E-203"));
  EXPECT_THAT(data_plane_.calls, IsEmpty());
  EXPECT_EQ(committer_.running().revision, 0U);
}

struct StageCase {
  Fails fails;
  const char* id;
  Errc kind;
  const char* word;
};

class StageFails : public CommitterTest, public testing::WithParamInterface<StageCase> {};

TEST_P(StageFails, NothingIsChangedAnywhere) {
  begin_with_web();
  data_plane_.stage_fails = {GetParam().fails};
  const auto refused = commit(weighted_config());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error.id, GetParam().id);
  EXPECT_EQ(refused.error().error.kind, GetParam().kind);
  EXPECT_THAT(refused.error().error.text, HasSubstr("nothing is changed"));
  EXPECT_THAT(refused.error().error.text, HasSubstr(GetParam().word));
  EXPECT_THAT(data_plane_.calls, ElementsAre("stage"));
  EXPECT_EQ(store_->history(5)->size(), 1U);
  expect_everywhere(web_config(), 1);
  data_plane_.alive = true;
  EXPECT_EQ(commit(weighted_config())->revision, 2U) << "and it can be tried again";
  expect_everywhere(weighted_config(), 2);
}

INSTANTIATE_TEST_SUITE_P(
    Commit, StageFails,
    testing::Values(StageCase{Fails::kUnreachable, "E-451", Errc::kUnavailable, "not running"},
                    StageCase{Fails::kDies, "E-451", Errc::kUnavailable, "not running"},
                    StageCase{Fails::kAnswersTooLate, "E-451", Errc::kTimeout, "did not answer"},
                    StageCase{Fails::kRefuses, "E-320", Errc::kFailed, "more servers"},
                    StageCase{Fails::kOtherDigest, "E-452", Errc::kFailed, "one release"}));

class ActivateFails : public CommitterTest, public testing::WithParamInterface<Fails> {};

TEST_P(ActivateFails, TheConfigurationBeforeIsBackAsANewRevision) {
  begin_with_web();
  data_plane_.activate_fails = {GetParam()};
  const auto refused = commit(weighted_config());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error.id, "E-453");
  EXPECT_THAT(refused.error().error.text, HasSubstr("revision 2 could not be activated"));
  EXPECT_THAT(refused.error().error.text, HasSubstr("revision 3 brings back"));
  EXPECT_EQ(committer_.running().config, web_config());
  const auto history = committer_.history(5).value();
  ASSERT_EQ(history.size(), 3U);
  EXPECT_EQ(history[0].info.how, "revert");
  EXPECT_THAT(history[0].info.note, HasSubstr("revision 2 could not be activated"));
  if (!data_plane_.alive) {
    EXPECT_FALSE(committer_.reconciled());
    data_plane_.restart();
    ASSERT_TRUE(committer_.reconcile(kNow));
  }
  expect_everywhere(web_config(), 3);
  EXPECT_EQ(data_plane_.state_of("web", "192.0.2.11:80"), api::ServerState::kUp)
      << "what was known of the servers is not lost";
}

INSTANTIATE_TEST_SUITE_P(Commit, ActivateFails,
                         testing::Values(Fails::kRefuses, Fails::kOtherDigest, Fails::kDies,
                                         Fails::kUnreachable, Fails::kAnswersTooLate));

TEST_F(CommitterTest, AnActivationThatHappenedAfterItsDeadlineIsUndoneOnReconnect) {
  begin_with_web();
  data_plane_.activate_fails = {Fails::kAnswersTooLate};
  data_plane_.stage_fails = {Fails::kNothing, Fails::kUnreachable};  // going back finds nobody
  ASSERT_FALSE(commit(weighted_config()));
  EXPECT_EQ(data_plane_.running->pools[0].servers[0].weight, 5U) << "it runs what failed";
  EXPECT_FALSE(committer_.reconciled());
  ASSERT_TRUE(committer_.reconcile(kNow));
  EXPECT_TRUE(committer_.reconciled());
  expect_everywhere(web_config(), 3);
}

// A data plane that lets the store go bad between stage and commit, as a disk that fills does.
TEST_F(CommitterTest, WhenTheStoreCannotWriteNothingIsActivated) {
  begin_with_web();
  const auto blocker = store_->begin(weighted_config(), store::info());
  ASSERT_TRUE(blocker);
  const auto refused = commit(weighted_config());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error.id, "E-508");
  EXPECT_THAT(data_plane_.calls, ElementsAre("stage"));
  expect_everywhere(web_config(), 1);
}

TEST_F(CommitterTest, WhenItCannotBeUndoneEitherTheNewOneIsWhatRunsInTheEnd) {
  begin_with_web();
  data_plane_.activate_fails = {Fails::kRefuses};
  std::optional<store::ConfigStore::Pending> in_the_way;
  data_plane_.on_activate = [&] {
    if (!in_the_way) in_the_way.emplace(store_->begin(web_config(), store::info()).value());
  };
  const auto refused = commit(weighted_config());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error.id, "E-454");
  EXPECT_FALSE(committer_.reconciled());
  in_the_way.reset();
  data_plane_.on_activate = {};
  ASSERT_TRUE(committer_.reconcile(kNow));
  expect_everywhere(weighted_config(), 2);
}

TEST_F(CommitterTest, ARestartedDataPlaneGetsTheConfigurationAndTheStatesKnown) {
  begin_with_web();
  committer_.report(kSecond, Verdict::kDown, kNow);
  ASSERT_TRUE(committer_.publish());
  data_plane_.restart();
  ASSERT_TRUE(committer_.reconcile(kNow));
  expect_everywhere(web_config(), 1);
  EXPECT_EQ(data_plane_.state_of("web", "192.0.2.11:80"), api::ServerState::kUp);
  EXPECT_EQ(data_plane_.state_of("web", "192.0.2.12:80"), api::ServerState::kDown);
}

TEST_F(CommitterTest, ARestartedManagementPlaneAdoptsTheStatesAndChangesNothing) {
  begin_with_web();
  committer_.report(kSecond, Verdict::kDown, kNow);
  ASSERT_TRUE(committer_.publish());
  data_plane_.calls.clear();
  Committer again(*store_, data_plane_);
  ASSERT_TRUE(again.reconcile(kNow));
  EXPECT_THAT(data_plane_.calls, ElementsAre("status"));
  EXPECT_EQ(again.servers().find(kFirst)->verdict, Verdict::kUp);
  EXPECT_EQ(again.servers().find(kSecond)->verdict, Verdict::kDown);
  expect_everywhere(web_config(), 1);
}

TEST_F(CommitterTest, ACommitBeforeTheFirstReconcileTakesNoServerOutOfUse) {
  begin_with_web();
  Committer again(*store_, data_plane_);
  ASSERT_TRUE(again.commit(weighted_config(), {"ann", "pid 7", "cli"}, {}));
  EXPECT_THAT(data_plane_.calls, ElementsAre("status", "stage", "activate"));
  EXPECT_EQ(data_plane_.state_of("web", "192.0.2.11:80"), api::ServerState::kUp);
  EXPECT_EQ(data_plane_.state_of("web", "192.0.2.12:80"), api::ServerState::kUp);
}

TEST_F(CommitterTest, ACommitAfterARestartIsRefusedWhileNothingIsKnownOfTheDataPlane) {
  begin_with_web();
  Committer again(*store_, data_plane_);
  data_plane_.alive = false;
  const auto refused = again.commit(weighted_config(), {"ann", "pid 7", "cli"}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error.id, "E-451");
  EXPECT_EQ(
      refused.error().error.text.rfind("nothing is changed: the data plane is not running", 0), 0U);
  EXPECT_EQ(store_->running().revision, 1U);
}

TEST_F(CommitterTest, AVerdictFromBeforeTheFirstContactCountsMoreThanWhatIsAdopted) {
  begin_with_web();
  Committer again(*store_, data_plane_);
  again.report(kFirst, Verdict::kDown, kNow);
  ASSERT_TRUE(again.reconcile(kNow));
  EXPECT_EQ(again.servers().find(kFirst)->verdict, Verdict::kDown);
  EXPECT_EQ(data_plane_.state_of("web", "192.0.2.11:80"), api::ServerState::kDown);
}

TEST_F(CommitterTest, ADataPlaneWithTheRightRulesAndAnotherRevisionGetsOurs) {
  begin_with_web();
  data_plane_.running->revision = 77;
  ASSERT_TRUE(committer_.reconcile(kNow));
  expect_everywhere(web_config(), 1);
}

TEST_F(CommitterTest, VerdictsGoOutInOneBatchAndOnlyWhereTheyChangeSomething) {
  begin_with_web();
  committer_.report(kFirst, Verdict::kDown, kNow);
  committer_.report(kSecond, Verdict::kDown, kNow);
  committer_.report(kFirst, Verdict::kUp, kNow);
  committer_.report(kFirst, Verdict::kUp, kNow);
  committer_.report({"gone", kFirst.server}, Verdict::kDown, kNow);
  ASSERT_TRUE(committer_.publish());
  ASSERT_EQ(data_plane_.batches.size(), 1U);
  EXPECT_EQ(data_plane_.batches[0].size(), 2U);
  EXPECT_EQ(data_plane_.state_of("web", "192.0.2.11:80"), api::ServerState::kUp);
  EXPECT_EQ(data_plane_.state_of("web", "192.0.2.12:80"), api::ServerState::kDown);
  ASSERT_TRUE(committer_.publish());
  EXPECT_EQ(data_plane_.batches.size(), 1U);
}

// Whoever tells of all pools of a large unit in one go waits for as long as all are built.
TEST_F(CommitterTest, VerdictsOfManyPoolsGoOutSomePoolsAtATime) {
  model::Config config;
  std::vector<ServerId> servers;
  for (int i = 0; i < 100; ++i) {
    const std::string pool = "p" + std::to_string(i);
    for (const char* address : {"192.0.2.11:80", "192.0.2.12:80"}) {
      must_set(config, {"pool", pool, "server", address}, {});
      servers.push_back({pool, net::Endpoint::parse(address).value()});
    }
    must_set(config, {"pool", pool, "check", "tcp"}, {});
  }
  ASSERT_TRUE(commit(config));
  data_plane_.batches.clear();
  for (const ServerId& server : servers) committer_.report(server, Verdict::kUp, kNow);
  while (committer_.publish_some().value()) {
    ASSERT_LT(data_plane_.batches.size(), 100U);
  }
  EXPECT_GT(data_plane_.batches.size(), 1U);
  std::set<std::string> told;
  for (const auto& batch : data_plane_.batches) {
    std::set<std::string> pools;
    for (const auto& change : batch) pools.insert(change.pool);
    EXPECT_LE(pools.size(), 32U);
    for (const std::string& pool : pools) EXPECT_TRUE(told.insert(pool).second) << "built twice";
  }
  EXPECT_EQ(told.size(), 100U);
  for (const ServerId& server : servers) {
    EXPECT_EQ(data_plane_.state_of(server.pool, server.server.to_string()), api::ServerState::kUp);
  }
}

TEST_F(CommitterTest, AVerdictThatCouldNotBeToldIsToldByTheNextReconcile) {
  begin_with_web();
  data_plane_.states_fail = {Fails::kUnreachable};
  committer_.report(kFirst, Verdict::kDown, kNow);
  EXPECT_FALSE(committer_.publish());
  EXPECT_FALSE(committer_.reconciled());
  ASSERT_TRUE(committer_.reconcile(kNow));
  EXPECT_EQ(data_plane_.state_of("web", "192.0.2.11:80"), api::ServerState::kDown);
}

TEST_F(CommitterTest, AServerNewInTheConfigurationIsNotUsedUntilItsFirstCheckDecides) {
  begin_with_web();
  model::Config grown = web_config();
  must_set(grown, {"pool", "web", "server", "192.0.2.13:80"}, {});
  ASSERT_TRUE(commit(grown));
  EXPECT_EQ(data_plane_.state_of("web", "192.0.2.11:80"), api::ServerState::kUp);
  EXPECT_EQ(data_plane_.state_of("web", "192.0.2.13:80"), api::ServerState::kDown);
  committer_.report({"web", net::Endpoint::parse("192.0.2.13:80").value()}, Verdict::kUp, kNow);
  ASSERT_TRUE(committer_.publish());
  EXPECT_EQ(data_plane_.state_of("web", "192.0.2.13:80"), api::ServerState::kUp);
}

class Passively : public CommitterTest {
 protected:
  // web_config() with passive checks, and others beside them or not.
  static model::Config config(bool is_checked, bool is_passive = true) {
    model::Config config = web_config();
    if (!is_checked) (void)config.remove(model::Path{{"pool", "web", "check", "tcp"}});
    must_set(config, {"pool", "web"}, {{"passive-failures", is_passive ? "5" : "0"}});
    return config;
  }
  void report(Verdict verdict) {
    committer_.report(kFirst, verdict, kNow);
    ASSERT_TRUE(committer_.publish());
  }
  std::optional<api::ServerState> state() { return data_plane_.state_of("web", "192.0.2.11:80"); }
};

TEST_F(Passively, AServerIsUpFromTheStartAndGoesDownAndUpAsReported) {
  ASSERT_TRUE(commit(config(false)));
  EXPECT_EQ(state(), api::ServerState::kUp);
  report(Verdict::kDown);
  EXPECT_EQ(state(), api::ServerState::kDown);
  report(Verdict::kUp);
  EXPECT_EQ(state(), api::ServerState::kUp);
}

TEST_F(Passively, WhoIsHeldIsLetGoWithThePassiveChecks) {
  ASSERT_TRUE(commit(config(false)));
  report(Verdict::kDown);
  ASSERT_TRUE(commit(config(false, false)));
  EXPECT_EQ(state(), api::ServerState::kUp);
  ASSERT_TRUE(commit(config(false)));
  EXPECT_EQ(state(), api::ServerState::kUp) << "nothing is left of what they said";
}

TEST_F(Passively, WhoIsHeldStaysSoWhenAnotherCheckComesOrGoes) {
  ASSERT_TRUE(commit(config(false)));
  report(Verdict::kDown);
  ASSERT_TRUE(commit(config(true)));
  EXPECT_EQ(state(), api::ServerState::kDown);
  ASSERT_TRUE(commit(config(false)));
  EXPECT_EQ(state(), api::ServerState::kDown);
}

TEST_F(Passively, WhatACheckSaidIsOverWithItWhereTheyComeInItsPlace) {
  ASSERT_TRUE(commit(config(true, false)));
  report(Verdict::kDown);
  ASSERT_TRUE(commit(config(false)));
  EXPECT_EQ(state(), api::ServerState::kUp);
}

TEST_F(CommitterTest, ChangesOfTheRunningConfigurationAreAnnounced) {
  std::vector<std::uint64_t> seen;
  committer_.on_change([&] { seen.push_back(committer_.running().revision); });
  begin_with_web();
  (void)commit(web_config());
  data_plane_.stage_fails = {Fails::kRefuses};
  (void)commit(weighted_config());
  (void)commit(weighted_config());
  EXPECT_THAT(seen, ElementsAre(1, 2));
}

// web_config() by response times.
model::Config timed_config() {
  model::Config config = web_config();
  must_set(config, {"pool", "web"}, {{"scheduler", "response-time"}});
  return config;
}

TEST_F(CommitterTest, ResponseTimesAreToldInOneGoAndBringNothingOutOfStep) {
  using namespace std::chrono_literals;
  begin_with_web();
  ASSERT_TRUE(commit(timed_config()));
  data_plane_.calls.clear();
  committer_.report_response(kFirst, 5ms);
  committer_.report_response(kSecond, 9ms);
  committer_.report_response(kSecond, 8ms);
  EXPECT_THAT(data_plane_.calls, IsEmpty());
  ASSERT_TRUE(committer_.publish());
  ASSERT_EQ(data_plane_.batches.size(), 1U);
  EXPECT_THAT(
      data_plane_.batches[0],
      ElementsAre(api::ServerStateChange{"web", kFirst.server, api::ServerState::kUp, 5000},
                  api::ServerStateChange{"web", kSecond.server, api::ServerState::kUp, 8000}));
  expect_everywhere(timed_config(), 2);
  EXPECT_TRUE(committer_.reconciled());
  data_plane_.calls.clear();
  ASSERT_TRUE(committer_.reconcile(kNow));
  EXPECT_THAT(data_plane_.calls, ElementsAre("status")) << "no difference";
  // With the next commit they are there from the start.
  model::Config next = timed_config();
  must_set(next, {"pool", "web", "server", "192.0.2.11:80"}, {{"weight", "2"}});
  ASSERT_TRUE(commit(next));
  expect_everywhere(next, 3);
}

TEST_F(CommitterTest, AVerdictDoesNotForgetTheResponseTime) {
  using namespace std::chrono_literals;
  begin_with_web();
  ASSERT_TRUE(commit(timed_config()));
  committer_.report_response(kFirst, 5ms);
  ASSERT_TRUE(committer_.publish());
  committer_.report(kFirst, Verdict::kDown, kNow);
  ASSERT_TRUE(committer_.publish());
  committer_.report(kFirst, Verdict::kUp, kNow);
  ASSERT_TRUE(committer_.publish());
  EXPECT_EQ(data_plane_.batches.back()[0].response_us, 5000U);
}

}  // namespace
}  // namespace yoke::commit
