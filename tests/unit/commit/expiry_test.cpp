// SPDX-License-Identifier: Apache-2.0
#include "mgmt/commit/expiry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <limits>

#include "mgmt/commit/compile.h"
#include "tests/unit/commit/process.h"

// Commits that are undone unless somebody confirms them.
namespace yoke::commit {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::system_clock;
using testing::ElementsAre;
using testing::HasSubstr;

Clocks at(const std::string& boot, milliseconds since_boot, milliseconds wall) {
  return {boot, since_boot, system_clock::time_point(1'700'000'000s + wall)};
}

TEST(Remaining, GoesByTheBootsClockWithinItAndByTheWallClockAfterwards) {
  const auto deadline = deadline_in(5min, at("one", 10s, 0s));
  const struct {
    const char* why;
    Clocks now;
    milliseconds left;
  } rows[] = {
      {"at once", at("one", 10s, 0s), 5min},
      {"a minute later", at("one", 70s, 60s), 4min},
      {"wall clock set back a year", at("one", 70s, -8760h), 4min},
      {"wall clock set forward a year", at("one", 70s, 8760h), 4min},
      {"time is up", at("one", 310s, 300s), 0s},
      {"long ago", at("one", 9999s, 0s), 0s},
      {"another boot", at("two", 1s, 60s), 4min},
      {"another boot, later", at("two", 1s, 10min), 0s},
      {"another boot with a clock that stands before the commit", at("two", 1s, -1s), 0s},
      {"another boot without a clock", at("two", 1s, -1'700'000'000s), 0s},
      {"a boot without an id", at("", 1s, 60s), 4min},
  };
  for (const auto& row : rows) EXPECT_EQ(remaining(deadline, row.now), row.left) << row.why;
  EXPECT_EQ(remaining(deadline_in(5min, at("", 10s, 0s)), at("", 11s, 60s)), 4min);
}

TEST(Clocks, AreThoseOfThisMachine) {
  const Clocks first = read_clocks();
  const Clocks second = read_clocks();
  EXPECT_EQ(first.boot.size(), 36U) << first.boot;
  EXPECT_EQ(first.boot, second.boot);
  EXPECT_GT(first.since_boot, 0s);
  EXPECT_LE(first.since_boot, second.since_boot);
}

class ExpiryTest : public Process {
 protected:
  ExpiryTest() : Process(at("one", 1h, 0s)) {}

  void begin_duty() override {
    expiry_ = std::make_unique<Expiry>(loop_.get(), *committer_, [this] { return now_; });
    committer_->on_change([this] { follow(); });
    follow();
  }
  void end_duty() override { expiry_.reset(); }
  void follow() override { expiry_->follow(); }

  tl::expected<Committed, Refusal> commit(const model::Config& config, milliseconds within = 0s) {
    Request request;
    if (within.count() > 0) request.confirm_within = within;
    return committer_->commit(config, {"ann", "pid 7", "cli"}, request);
  }
  void expect_everywhere(const model::Config& config, std::uint64_t revision) {
    EXPECT_EQ(committer_->running().config, config);
    EXPECT_EQ(committer_->running().revision, revision);
    ASSERT_TRUE(data_plane_.running);
    EXPECT_EQ(*data_plane_.running,
              compile(config, committer_->servers(), revision, store_->hash_key()));
  }

  std::unique_ptr<Expiry> expiry_;
};

TEST_F(ExpiryTest, WithoutAConfirmationTheCommitIsUndoneWhenTimeIsUp) {
  ASSERT_TRUE(commit(weighted_config(), 5min));
  pass(5min - 1ms);
  expect_everywhere(weighted_config(), 2);
  pass(1ms);
  expect_everywhere(web_config(), 3);
  EXPECT_FALSE(committer_->unconfirmed());
  EXPECT_EQ(last().how, "unconfirmed");
  EXPECT_EQ(last().note, "revision 2 was not confirmed in time");
  EXPECT_TRUE(commit(weighted_config())) << "and life goes on";
}

TEST_F(ExpiryTest, AClockSetBackAYearIsToldAndStandsInNobodysWay) {
  EXPECT_EQ(committer_->clock_problem(), std::nullopt);
  now_.wall -= 30s;
  EXPECT_EQ(committer_->clock_problem(), std::nullopt) << "clocks are set now and then";
  now_.wall -= 8760h;
  EXPECT_THAT(committer_->clock_problem().value(),
              testing::AllOf(HasSubstr("8760h before revision 1"), HasSubstr("set the time")));
  ASSERT_TRUE(commit(weighted_config(), 5min));
  EXPECT_EQ(last().at, now_.wall);
  EXPECT_THAT(committer_->clock_problem().value(), HasSubstr("8760h before revision 1"))
      << "a commit by a clock that is wrong does not make it right";
  pass(4min);
  expect_everywhere(weighted_config(), 2);
  pass(1min);
  expect_everywhere(web_config(), 3);
  restart();
  expect_everywhere(web_config(), 3);
  const auto history = committer_->history(10).value();
  ASSERT_EQ(history.size(), 3U);
  EXPECT_EQ(history.front().id, 3U) << "newest first, whatever the clock said";
  EXPECT_EQ(committer_->config_of(2).value(), weighted_config());
}

TEST_F(ExpiryTest, TheLoopDoesItByItself) {
  const Clocks began = read_clocks();
  expiry_ = std::make_unique<Expiry>(loop_.get(), *committer_);
  now_ = began;
  ASSERT_TRUE(commit(weighted_config(), 50ms));
  const auto until = MonoClock::now() + 20s;
  while (committer_->unconfirmed() && MonoClock::now() < until) {
    (void)sd_event_run(loop_.get(), 100'000);
  }
  EXPECT_GE(read_clocks().since_boot, began.since_boot + 50ms);
  expect_everywhere(web_config(), 3);
}

TEST_F(ExpiryTest, OnceConfirmedItStays) {
  ASSERT_TRUE(commit(weighted_config(), 5min));
  ASSERT_TRUE(committer_->confirm({"ann", "pid 7", "cli"}));
  pass(10min);
  restart();
  expect_everywhere(weighted_config(), 2);
  const auto again = committer_->confirm({"ann", "pid 7", "cli"});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().id, "E-456");
}

TEST_F(ExpiryTest, RejectedItIsUndoneAtOnce) {
  ASSERT_TRUE(commit(weighted_config(), 5min));
  const auto done = committer_->reject({"bob", "pid 8", "reject"});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->revision, 3U);
  EXPECT_EQ(done->changes, 1U);
  expect_everywhere(web_config(), 3);
  EXPECT_EQ(last().user, "bob");
  EXPECT_EQ(last().how, "reject");
  EXPECT_EQ(committer_->reject({"bob", "pid 8", "reject"}).error().error.id, "E-456");
}

TEST_F(ExpiryTest, WhileItWaitsNoOtherCommitIsTakenAndNothingIsConfirmedByOne) {
  ASSERT_TRUE(commit(weighted_config(), 5min));
  for (const milliseconds within : {milliseconds(0), milliseconds(1min)}) {
    const auto refused = commit(other_config(), within);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().error.id, "E-455");
    EXPECT_EQ(refused.error().error.kind, Errc::kConflict);
    EXPECT_THAT(refused.error().error.text, HasSubstr("revision 2"));
  }
  EXPECT_EQ(commit(weighted_config()).error().error.id, "E-455") << "though it changes nothing";
  expect_everywhere(weighted_config(), 2);
  pass(5min);
  expect_everywhere(web_config(), 3);
}

TEST_F(ExpiryTest, TheTimeCountsFromWhenTheCommitIsWritten) {
  data_plane_.on_stage = [this] { now_.since_boot += 10s; };
  ASSERT_TRUE(commit(weighted_config(), 5s));
  expect_everywhere(weighted_config(), 2);
  pass(5s);
  expect_everywhere(web_config(), 3);
}

TEST_F(ExpiryTest, ACommitOverWhatCannotBeReadAgainIsRefusedAndOneThatCannotBeUndoneBlocksNobody) {
  const auto damage = [this](int revision) {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(folder_.file().c_str(), &handle), SQLITE_OK);
    const auto text = "UPDATE revision SET document = '{' WHERE id = " + std::to_string(revision);
    EXPECT_EQ(sqlite3_exec(handle, text.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    EXPECT_EQ(sqlite3_close(handle), SQLITE_OK);
  };
  ASSERT_TRUE(commit(weighted_config(), 5min));
  damage(1);
  restart();
  pass(5min);
  expect_everywhere(weighted_config(), 2);
  EXPECT_TRUE(committer_->unconfirmed()) << "it is tried again";
  EXPECT_TRUE(commit(web_config())) << "by hand, what could not be read";
  EXPECT_FALSE(committer_->unconfirmed());
  expect_everywhere(web_config(), 3);
  damage(3);
  const auto refused = commit(weighted_config(), 5min);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error.id, "E-504");
  expect_everywhere(web_config(), 3);
}

TEST_F(ExpiryTest, AKilledProcessUndoesItOnTimeOnceItIsBack) {
  ASSERT_TRUE(commit(weighted_config(), 5min));
  now_.since_boot += 1min;
  restart();
  expect_everywhere(weighted_config(), 2);
  pass(4min);
  expect_everywhere(web_config(), 3);

  ASSERT_TRUE(commit(weighted_config(), 5min));
  kill();
  now_.since_boot += 1h;
  data_plane_.calls.clear();
  start();
  expect_everywhere(web_config(), 5);
}

TEST_F(ExpiryTest, ARebootOrPowerCutDoesNotConfirmIt) {
  ASSERT_TRUE(commit(weighted_config(), 5min));
  data_plane_.restart();
  now_ = at("two", 20s, 1min);
  restart();
  expect_everywhere(weighted_config(), 2);
  pass(4min);
  expect_everywhere(web_config(), 3);

  ASSERT_TRUE(commit(weighted_config(), 5min));
  data_plane_.restart();
  now_ = at("three", 20s, -24h);  // the battery of its clock is empty
  restart();
  expect_everywhere(web_config(), 5);
}

// A store that takes no writes for as long as it lives: somebody else's transaction is open.
class Unwritable {
 public:
  explicit Unwritable(const std::string& file) {
    EXPECT_EQ(sqlite3_open(file.c_str(), &handle_), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(handle_, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  }
  Unwritable(const Unwritable&) = delete;
  Unwritable& operator=(const Unwritable&) = delete;
  ~Unwritable() { sqlite3_close(handle_); }

 private:
  sqlite3* handle_ = nullptr;
};

TEST_F(ExpiryTest, WhatTheStoreDoesNotTakeRunsNeverthelessOnTimeAndIsStoredLater) {
  ASSERT_TRUE(commit(weighted_config(), 5min));
  auto disk = std::make_optional<Unwritable>(folder_.file());
  pass(5min);
  expect_everywhere(web_config(), 3);
  EXPECT_FALSE(committer_->unconfirmed());
  EXPECT_EQ(last().how, "cli") << "the store is as it was";
  ASSERT_TRUE(committer_->store_behind());
  EXPECT_EQ(committer_->store_behind()->id, "E-462");
  EXPECT_THAT(committer_->store_behind()->text, HasSubstr("revision 2 was not confirmed in time"));
  EXPECT_EQ(committer_->config_of(3).value(), web_config());
  const Author bob{"bob", "pid 8", "cli"};
  EXPECT_EQ(commit(other_config()).error().error.id, "E-462");
  EXPECT_EQ(committer_->confirm(bob).error().id, "E-462");
  EXPECT_EQ(committer_->reject(bob).error().error.id, "E-462");
  expect_everywhere(web_config(), 3);
  data_plane_.calls.clear();
  disk.reset();
  pass(1s);
  expect_everywhere(web_config(), 3);
  EXPECT_FALSE(committer_->store_behind());
  EXPECT_THAT(data_plane_.calls, ElementsAre()) << "it runs already";
  EXPECT_EQ(last().how, "unconfirmed");
  restart();
  expect_everywhere(web_config(), 3);
}

TEST_F(ExpiryTest, RejectedItRunsNoMoreThoughTheStoreTakesNothingAndTheProcessIsKilled) {
  ASSERT_TRUE(commit(weighted_config(), 5min));
  auto disk = std::make_optional<Unwritable>(folder_.file());
  EXPECT_EQ(committer_->reject({"bob", "pid 8", "reject"}).error().error.id, "E-462");
  expect_everywhere(web_config(), 3);
  disk.reset();
  restart();
  pass(1s);
  expect_everywhere(web_config(), 3);
  EXPECT_EQ(last().how, "reject");
  EXPECT_FALSE(committer_->unconfirmed());
}

TEST_F(ExpiryTest, TheNextCommitStoresWhatTheStoreDidNotTakeFirst) {
  ASSERT_TRUE(commit(weighted_config(), 5min));
  auto disk = std::make_optional<Unwritable>(folder_.file());
  pass(5min);
  disk.reset();
  ASSERT_TRUE(commit(other_config()));
  expect_everywhere(other_config(), 4);
  EXPECT_EQ(committer_->config_of(3).value(), web_config());
}

TEST_F(ExpiryTest, WithoutADataPlaneItIsUndoneInTheStoreAndActivatedLater) {
  ASSERT_TRUE(commit(weighted_config(), 5min));
  data_plane_.alive = false;
  pass(5min);
  EXPECT_EQ(committer_->running().revision, 3U);
  EXPECT_FALSE(committer_->unconfirmed());
  EXPECT_FALSE(committer_->reconciled());
  data_plane_.restart();
  ASSERT_TRUE(committer_->reconcile(MonoClock::now()));
  expect_everywhere(web_config(), 3);
}

TEST_F(ExpiryTest, ADataPlaneThatRefusesIsAskedAgain) {
  ASSERT_TRUE(commit(weighted_config(), 5min));
  data_plane_.stage_fails = {FakeDataPlane::Fails::kRefuses};
  pass(5min);
  EXPECT_EQ(committer_->running().revision, 3U);
  EXPECT_FALSE(committer_->reconciled());
  ASSERT_TRUE(committer_->reconcile(MonoClock::now()));
  expect_everywhere(web_config(), 3);
}

TEST_F(ExpiryTest, ACommitThatFailsToActivateLeavesNothingWaiting) {
  data_plane_.activate_fails = {FakeDataPlane::Fails::kRefuses};
  EXPECT_FALSE(commit(weighted_config(), 5min));
  EXPECT_FALSE(committer_->unconfirmed());
  expect_everywhere(web_config(), 3);
  pass(10min);
  expect_everywhere(web_config(), 3);
}

TEST_F(ExpiryTest, NothingChangedIsNothingToConfirm) {
  const auto done = commit(web_config(), 5min);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->changes, 0U);
  EXPECT_FALSE(committer_->unconfirmed());
}

}  // namespace
}  // namespace yoke::commit
