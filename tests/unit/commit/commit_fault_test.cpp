// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mgmt/commit/committer.h"
#include "mgmt/commit/compile.h"
#include "tests/unit/commit/fake_data_plane.h"
#include "tests/unit/commit/web_config.h"
#include "tests/unit/store/faulty_disk.h"
#include "tests/unit/store/sqlite_calls.h"

// A whole commit with each call to SQLite failing in turn, then with each operation on the disk,
// while the data plane does its part or does not. Afterwards, in this process and in one started
// anew, store and data plane have the same configuration: the old or the new one, whole, and the
// new one if that is what the caller was told.
namespace yoke::commit {
namespace {

using store::calls::Fault;
using Fails = FakeDataPlane::Fails;

const MonoTime kNow = MonoTime(std::chrono::hours(5));

// A unit at revision 1, web_config().
class Unit {
 public:
  Unit() {
    start();
    EXPECT_TRUE(commit(web_config()));
    const ServerStates states = committer().servers();
    states.for_each_pool([&](const std::string& name, const ServerStates::Pool& servers) {
      for (const auto& [server, status] : servers) {
        committer().report({name, server}, Verdict::kUp, kNow);
      }
    });
    EXPECT_TRUE(committer().publish());
  }

  void start() {
    store_ = store::must_open(folder_.file());
    committer_.emplace(*store_, data_plane_);
    EXPECT_TRUE(committer_->reconcile(kNow));
  }
  void kill() {
    committer_.reset();
    store_.reset();
  }
  [[nodiscard]] bool commit(const model::Config& config) {
    return committer_->commit(config, {"ann", "pid 7", "cli"}, {.note = "a note"}).has_value();
  }

  // What both run; a failure of the test where they differ.
  [[nodiscard]] model::Config agreed() {
    const auto& held = committer_->running();
    EXPECT_EQ(data_plane_.running.value(),
              compile(held.config, committer_->servers(), held.revision, store_->hash_key()));
    return held.config;
  }
  [[nodiscard]] Committer& committer() { return *committer_; }
  [[nodiscard]] FakeDataPlane& data_plane() { return data_plane_; }

 private:
  store::TempFolder folder_;
  std::unique_ptr<store::ConfigStore> store_;
  FakeDataPlane data_plane_;
  std::optional<Committer> committer_;
};

struct Case {
  const char* name;
  int code;
  Fault fault;
  Fails activate = Fails::kNothing;
};

std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

// Fails the n-th operation, lets it be, and says whether it has happened.
struct Saboteur {
  std::function<void(long n)> arm;
  std::function<bool()> disarm;
  // What is told may be wrong after a kill: the exception that ConfigStore::Pending::finish()
  // names.
  std::function<bool()> may_be_found_later = [] { return false; };
};

// True once no operation has failed: n is beyond the last one.
bool commit_with_fault(long n, const Saboteur& saboteur, Fails activate, bool killed) {
  SCOPED_TRACE(testing::Message() << "operation " << n << (killed ? ", then killed" : ""));
  Unit unit;
  unit.data_plane().activate_fails = {activate};
  saboteur.arm(n);
  const bool told_ok = unit.commit(other_config());
  unit.data_plane().activate_fails.clear();  // where the commit did not come that far
  if (killed) unit.kill();
  const bool may_be_found = killed && saboteur.may_be_found_later();
  const bool happened = saboteur.disarm();
  if (killed) {
    unit.start();
  } else if (activate != Fails::kNothing) {
    EXPECT_TRUE(unit.committer().reconcile(kNow));
  }
  const model::Config agreed = unit.agreed();
  EXPECT_TRUE(agreed == web_config() || agreed == other_config());
  if (told_ok) {
    EXPECT_EQ(agreed, other_config());
  } else if (activate == Fails::kNothing && !may_be_found) {
    EXPECT_EQ(agreed, web_config()) << "a refused commit has come into force";
  }
  EXPECT_TRUE(unit.commit(weighted_config())) << "and life goes on";
  EXPECT_EQ(unit.agreed(), weighted_config());
  return !happened;
}

void fail_each(const Saboteur& saboteur, Fails activate, long at_least) {
  for (const bool killed : {false, true}) {
    long n = 1;
    while (!commit_with_fault(n, saboteur, activate, killed)) {
      ASSERT_LT(++n, 1000) << "the commit never came to an end";
      if (testing::Test::HasFailure()) return;
    }
    EXPECT_GT(n, at_least) << "too few operations to be true";
  }
}

class SqliteCallFails : public testing::TestWithParam<Case> {};

TEST_P(SqliteCallFails, StoreAndDataPlaneAgreeInTheEnd) {
  const Case& c = GetParam();
  fail_each({.arm = [&c](long n) { store::calls::arm(n, c.code, c.fault); },
             .disarm = [] { return store::calls::disarm(); }},
            c.activate, 20);
}

using store::calls::kBusy;
using store::calls::kDiskFull;
using store::calls::kIoError;
using store::calls::kNoMemory;

INSTANTIATE_TEST_SUITE_P(
    Commit, SqliteCallFails,
    testing::Values(Case{"disk full", kDiskFull, Fault::kOnce},
                    Case{"disk broken from there on", kIoError, Fault::kFromThere},
                    Case{"no memory from there on", kNoMemory, Fault::kFromThere},
                    Case{"done, but said to have failed", kBusy, Fault::kAfterwards},
                    Case{"disk full, activation refused", kDiskFull, Fault::kOnce, Fails::kRefuses},
                    Case{"disk broken, activation refused", kIoError, Fault::kFromThere,
                         Fails::kRefuses},
                    Case{"disk full, activation without an answer", kDiskFull, Fault::kOnce,
                         Fails::kAnswersTooLate},
                    Case{"done, another digest", kBusy, Fault::kAfterwards, Fails::kOtherDigest}));

class DiskFails : public testing::TestWithParam<Case> {};

TEST_P(DiskFails, StoreAndDataPlaneAgreeInTheEnd) {
  const Case& c = GetParam();
  store::FaultyDisk disk;
  fail_each(
      {.arm = [&](long n) { disk.arm(n, c.code, c.fault == Fault::kFromThere); },
       .disarm =
           [&disk] {
             const bool happened = !disk.failed().empty();
             disk.disarm();
             return happened;
           },
       .may_be_found_later =
           [&] { return c.fault == Fault::kFromThere && disk.failed() == "sync config.db-wal"; }},
      c.activate, 2);
}

INSTANTIATE_TEST_SUITE_P(Commit, DiskFails,
                         testing::Values(Case{"full for a moment", kDiskFull, Fault::kOnce},
                                         Case{"full from there on", kDiskFull, Fault::kFromThere},
                                         Case{"full, activation refused", kDiskFull,
                                              Fault::kFromThere, Fails::kRefuses}));

}  // namespace
}  // namespace yoke::commit
