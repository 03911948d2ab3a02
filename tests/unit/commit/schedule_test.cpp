// SPDX-License-Identifier: Apache-2.0
#include "mgmt/commit/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "tests/unit/commit/process.h"
#include "tests/unit/model/edited.h"

// Commits that are made at a time.
namespace yoke::commit {
namespace {

using namespace std::chrono_literals;
using model::testing::edited;
using std::chrono::milliseconds;
using std::chrono::system_clock;

const system_clock::time_point kNow(1'700'000'000s);

class ScheduleTest : public Process {
 protected:
  ScheduleTest() : Process({"boot", 1h, kNow}) {}

  void begin_duty() override {
    schedule_ = std::make_unique<Schedule>(
        loop_.get(), *committer_, [this](const auto&, const auto&) { return permit_; },
        [this] { return now_; });
    committer_->on_change([this] { schedule_->follow(); });
  }
  void end_duty() override { schedule_.reset(); }
  // What is due is made with the loop's next turn.
  void follow() override {
    schedule_->follow();
    for (int i = 0; i < 4; ++i) (void)sd_event_run(loop_.get(), 2000);
  }

  tl::expected<Committed, Refusal> commit(const model::Config& config) {
    return committer_->commit(config, {"bob", "pid 8", "cli"}, {});
  }
  // The web configuration with a name, in an hour.
  void plan(std::optional<milliseconds> confirm_within = {},
            const std::vector<std::string>& edits = {"set system name lb-7"}) {
    ASSERT_TRUE(
        committer_->schedule(store::Scheduled{.at = now_.wall + 1h,
                                              .base = committer_->running().config,
                                              .config = edited(committer_->running().config, edits),
                                              .is_whole = whole_,
                                              .user = "ann",
                                              .origin = "10.1.1.9 ssh",
                                              .note = "at night",
                                              .uid = 1000,
                                              .confirm_within = confirm_within}));
  }
  // As whoever opens the file after a kill would find.
  [[nodiscard]] int plans_on_disk() const {
    sqlite3* handle = nullptr;
    sqlite3_stmt* statement = nullptr;
    EXPECT_EQ(sqlite3_open(folder_.file().c_str(), &handle), SQLITE_OK);
    EXPECT_EQ(sqlite3_prepare_v2(handle, "SELECT count(*) FROM scheduled", -1, &statement, nullptr),
              SQLITE_OK);
    EXPECT_EQ(sqlite3_step(statement), SQLITE_ROW);
    const int count = sqlite3_column_int(statement, 0);
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(handle);
    return count;
  }
  [[nodiscard]] std::string name() const {
    return committer_->running().config.value(model::only("system"), "name");
  }

  Status permit_;
  bool whole_ = false;
  std::unique_ptr<Schedule> schedule_;
};

TEST_F(ScheduleTest, IsMadeWhenItsTimeHasComeAndNotBefore) {
  plan();
  pass(1h - 1ms);
  EXPECT_EQ(name(), "");
  EXPECT_TRUE(committer_->scheduled());
  pass(1ms);
  EXPECT_EQ(name(), "lb-7");
  EXPECT_FALSE(committer_->scheduled());
  EXPECT_EQ(committer_->running().revision, 2U) << "once";
  EXPECT_EQ(last().user, "ann");
  EXPECT_EQ(last().origin, "10.1.1.9 ssh");
  EXPECT_EQ(last().how, "scheduled");
  EXPECT_EQ(last().note, "at night");
}

TEST_F(ScheduleTest, TheLoopDoesItByItself) {
  schedule_ = std::make_unique<Schedule>(loop_.get(), *committer_,
                                         [](const auto&, const auto&) { return Status(); });
  now_.wall = system_clock::now() - 1h + 50ms;
  plan();
  const auto until = MonoClock::now() + 20s;
  while (committer_->scheduled() && MonoClock::now() < until) {
    (void)sd_event_run(loop_.get(), 100'000);
  }
  EXPECT_EQ(name(), "lb-7");
}

TEST_F(ScheduleTest, ItWaitsForItsConfirmationIfItIsTo) {
  plan(5min);
  pass(1h);
  EXPECT_EQ(name(), "lb-7");
  ASSERT_TRUE(committer_->unconfirmed());
  EXPECT_EQ(committer_->unconfirmed()->revision, 2U);
  EXPECT_FALSE(committer_->scheduled());
}

TEST_F(ScheduleTest, AnotherProcessMakesIt) {
  plan();
  restart();
  ASSERT_TRUE(committer_->scheduled());
  EXPECT_EQ(committer_->scheduled()->user, "ann");
  now_.wall += 1h + 10min;
  restart();
  EXPECT_EQ(name(), "lb-7");
  restart();
  EXPECT_EQ(committer_->running().revision, 2U);
}

TEST_F(ScheduleTest, OnceRejectedItIsNotMadeAgainWhateverWasKilled) {
  plan(5min);
  pass(1h);
  ASSERT_TRUE(committer_->unconfirmed());
  restart();
  ASSERT_TRUE(committer_->reject({"bob", "pid 8", "reject"}));
  follow();
  restart();
  pass(10min);
  EXPECT_EQ(name(), "");
  EXPECT_EQ(committer_->running().revision, 3U);
}

TEST_F(ScheduleTest, ItIsOverWithItsRevisionInOneTransaction) {
  plan();
  EXPECT_EQ(plans_on_disk(), 1);
  int activations = 0;
  data_plane_.on_activate = [&] {
    ++activations;
    EXPECT_FALSE(store_->scheduled());
    EXPECT_EQ(plans_on_disk(), 0) << "a kill from here on must not make it again";
  };
  pass(1h);
  EXPECT_EQ(activations, 1);
  EXPECT_EQ(name(), "lb-7");
}

TEST_F(ScheduleTest, OneThatKillsTheDataPlaneIsNotTriedAgain) {
  plan();
  data_plane_.activate_fails = {FakeDataPlane::Fails::kDies};
  pass(1h);
  EXPECT_EQ(name(), "");
  EXPECT_FALSE(committer_->scheduled());
  const auto revision = committer_->running().revision;
  pass(1min);
  EXPECT_EQ(committer_->running().revision, revision);
}

TEST_F(ScheduleTest, WhoMayNoLongerMakeItDoesNot) {
  plan();
  permit_ = fail(Errc::kDenied, "E-413", "not permitted");
  pass(1h);
  EXPECT_EQ(name(), "");
  EXPECT_FALSE(committer_->scheduled());
}

TEST_F(ScheduleTest, WhileSomebodyEditsAloneItWaits) {
  plan();
  permit_ = fail(Errc::kConflict, "E-412", "bob edits alone");
  pass(1h);
  EXPECT_TRUE(committer_->scheduled());
  permit_ = {};
  pass(5s);
  EXPECT_EQ(name(), "lb-7");
}

TEST_F(ScheduleTest, AWholeDocumentIsNotMixedWithWhatOthersCommit) {
  whole_ = true;
  plan();
  ASSERT_TRUE(commit(edited(committer_->running().config, {"set pool dns"})));
  pass(1h);
  EXPECT_EQ(name(), "");
  EXPECT_FALSE(committer_->scheduled());
  plan();
  pass(1h);
  EXPECT_EQ(name(), "lb-7");
}

TEST_F(ScheduleTest, OneThatIsAnHourLateIsGivenUp) {
  plan();
  now_.wall += 2h + 1ms;
  restart();
  EXPECT_EQ(name(), "");
  EXPECT_FALSE(committer_->scheduled());
  EXPECT_EQ(committer_->running().revision, 1U);
}

TEST_F(ScheduleTest, WhatOthersHaveCommittedMeanwhileStays) {
  plan();
  ASSERT_TRUE(commit(edited(committer_->running().config, {"set pool dns"})));
  pass(1h);
  EXPECT_EQ(name(), "lb-7");
  EXPECT_NE(committer_->running().config.find({{"pool", "dns"}}), nullptr);
}

TEST_F(ScheduleTest, InConflictWithWhatOthersHaveCommittedItIsGivenUp) {
  plan();
  ASSERT_TRUE(commit(edited(committer_->running().config, {"set system name lb-8"})));
  pass(1h);
  EXPECT_EQ(name(), "lb-8");
  EXPECT_FALSE(committer_->scheduled());
}

TEST_F(ScheduleTest, WithoutADataPlaneItIsTriedAgain) {
  plan({}, {"set system name lb-7", "set pool dns"});
  data_plane_.alive = false;
  pass(1h);
  EXPECT_EQ(name(), "");
  EXPECT_TRUE(committer_->scheduled());
  data_plane_.alive = true;
  ASSERT_TRUE(committer_->reconcile(MonoClock::now()));
  pass(10s);
  EXPECT_EQ(name(), "lb-7");
}

TEST_F(ScheduleTest, BehindACommitThatWaitsItWaitsToo) {
  plan();
  Request request;
  request.confirm_within = 2h;
  ASSERT_TRUE(committer_->commit(edited(committer_->running().config, {"set pool dns"}),
                                 {"bob", "pid 8", "cli"}, request));
  pass(1h);
  EXPECT_EQ(name(), "");
  ASSERT_TRUE(committer_->confirm({"bob", "pid 8", "cli"}));
  pass(5s);
  EXPECT_EQ(name(), "lb-7");
}

TEST_F(ScheduleTest, OneThatBreaksARuleByThenIsGivenUp) {
  auto config = edited(committer_->running().config, {"set vip second 203.0.113.99:80/tcp"});
  ASSERT_TRUE(committer_->schedule(store::Scheduled{.at = now_.wall + 1h,
                                                    .base = committer_->running().config,
                                                    .config = config,
                                                    .user = "ann",
                                                    .origin = "",
                                                    .note = ""}));
  ASSERT_TRUE(commit(edited(committer_->running().config, {"set vip third 203.0.113.99:80/tcp"})));
  pass(1h);
  EXPECT_EQ(committer_->running().config.find({{"vip", "second"}}), nullptr);
  EXPECT_FALSE(committer_->scheduled());
}

TEST_F(ScheduleTest, OneThatIsDamagedKeepsNobodyFromWorking) {
  plan();
  kill();
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(folder_.file().c_str(), &handle), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(handle, "UPDATE scheduled SET document = '{}'", nullptr, nullptr, nullptr),
            SQLITE_OK);
  EXPECT_EQ(sqlite3_close(handle), SQLITE_OK);
  start();
  EXPECT_FALSE(committer_->scheduled());
  pass(2h);
  EXPECT_EQ(name(), "");
  plan();
  pass(1h);
  EXPECT_EQ(name(), "lb-7");
}

TEST_F(ScheduleTest, CancelledItIsNotMade) {
  plan();
  ASSERT_TRUE(committer_->schedule(std::nullopt));
  restart();
  pass(1h);
  EXPECT_EQ(name(), "");
}

}  // namespace
}  // namespace yoke::commit
