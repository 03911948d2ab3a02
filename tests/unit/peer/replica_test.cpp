// SPDX-License-Identifier: Apache-2.0
// Two units with real stores in one process: letters go from hand to hand.
#include "mgmt/peer/replica.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "mgmt/commit/errors.h"
#include "tests/unit/commit/fake_data_plane.h"
#include "tests/unit/commit/web_config.h"

namespace yoke::peer {
namespace {

using namespace std::chrono_literals;

hal::Event make_loop() {
  sd_event* made = nullptr;
  EXPECT_GE(sd_event_new(&made), 0);
  return hal::Event(made);
}

model::Config of_unit(model::Config config, const std::string& link) {
  store::must_set(config, {"ha", ""},
                  {{"interface", "ha0"}, {"data-interface", "wan"}, {"data-links", link}});
  return config;
}

class Replicas : public ::testing::Test {
 protected:
  // One job at a time, others' letters while it waits.
  struct Box {
    explicit Box(Replicas& test, unsigned index)
        : store(store::must_open(folder.file())),
          committer(*store, data_plane),
          replica(test.loop.get(), {.store = *store,
                                    .committer = committer,
                                    .send =
                                        [&test, index](const auto& letter) {
                                          if (test.connected)
                                            test.letters.emplace_back(1 - index, letter);
                                        },
                                    .look = [this] { replica.elect(election); },
                                    .record = [](const auto&) {},
                                    .changed = [] {},
                                    .later = [this](auto job) { jobs.push_back(std::move(job)); },
                                    .aside =
                                        [&test](const auto& work) {
                                          test.turn();
                                          work();
                                        },
                                    .make_carried =
                                        [this](std::uint64_t base, const std::string& request) {
                                          bases.push_back(base);
                                          return make(request);
                                        }}) {
      EXPECT_TRUE(committer.reconcile(MonoClock::now()));
      committer.use_peer(replica);
    }
    std::string make(const std::string& name) {
      const auto done = commit(name);
      return done ? "{\"result\":{\"revision\":" + std::to_string(done->revision) + "}}"
                  : done.error().error.id;
    }
    tl::expected<commit::Committed, commit::Refusal> commit(const std::string& pool) {
      model::Config config = committer.running().config;
      store::must_set(config, {"pool", pool}, {});
      return committer.commit(config, {"ann", "pid 7", "cli"}, {});
    }
    [[nodiscard]] bool has(const std::string& pool) const {
      return store->running().config.find({{"pool", pool}}) != nullptr;
    }

    store::TempFolder folder;
    std::unique_ptr<store::ConfigStore> store;
    commit::FakeDataPlane data_plane;
    commit::Committer committer;
    Election election;
    std::deque<std::function<void()>> jobs;
    bool works = false;
    std::vector<std::uint64_t> bases;
    Replica replica;
  };

  void SetUp() override {
    elect(0, 1);
    for (unsigned i = 0; i < 2; ++i) {
      auto config = of_unit(commit::web_config(), i == 0 ? "eth0" : "eth1");
      ASSERT_TRUE(units[i]->committer.commit(config, {"ann", "pid 7", "cli"}, {}));
      units[i]->replica.follow(units[i]->committer.running().config);
    }
    settle();
  }

  void elect(unsigned writer, std::uint64_t epoch) {
    for (unsigned i = 0; i < 2; ++i) {
      units[i]->election = {i == 0 ? "a" : "b", i == writer, epoch, i != writer};
      units[i]->replica.elect(units[i]->election);
    }
  }

  // What the loop would do next.
  void turn() {
    (void)sd_event_run(loop.get(), 0);
    for (auto count = letters.size(); count > 0; --count) {
      const auto [to, letter] = std::move(letters.front());
      letters.pop_front();
      units[to]->replica.hear(letter);
    }
    for (auto& unit : units) {
      if (unit->works || unit->jobs.empty()) continue;
      unit->works = true;
      const auto job = std::move(unit->jobs.front());
      unit->jobs.pop_front();
      job();
      unit->works = false;
    }
  }
  void until(const std::function<bool()>& is_so) {
    const auto end = MonoClock::now() + 30s;
    while (!is_so() && MonoClock::now() < end) {
      turn();
      (void)sd_event_run(loop.get(), 1000);
    }
    EXPECT_TRUE(is_so());
  }
  [[nodiscard]] bool alike() const {
    const auto& tip = units[0]->store->position();
    if (tip.epoch == 0 || tip != units[1]->store->position()) return false;
    const auto knows = [](const auto& unit) {
      const auto rows = unit->replica.rows();
      return rows.size() == 2 && rows[0]["state"] == "alike" && rows[1]["state"] == "alike";
    };
    return knows(units[0]) && knows(units[1]);
  }
  void settle() {
    until([this] { return alike(); });
  }
  // A commit is a job, as the program has it.
  auto commit(unsigned index, const std::string& pool) {
    units[index]->works = true;
    auto done = units[index]->commit(pool);
    units[index]->works = false;
    return done;
  }
  void cut() {
    connected = false;
    letters.clear();
    for (unsigned i = 0; i < 2; ++i) {
      until([&] { return units[i]->replica.rows()[1]["state"] == "silent"; });
    }
  }
  [[nodiscard]] std::vector<events::Kind> alarms(unsigned index) const {
    std::vector<events::Kind> kinds;
    for (const auto& each : units[index]->replica.conditions()) kinds.push_back(each.kind);
    return kinds;
  }

  hal::Event loop = make_loop();
  bool connected = true;
  std::deque<std::pair<unsigned, replication::Letter>> letters;
  std::array<std::unique_ptr<Box>, 2> units{std::make_unique<Box>(*this, 0U),
                                            std::make_unique<Box>(*this, 1U)};
};

TEST_F(Replicas, ACommitIsOnBothDisksAndWhatIsTheUnitsOwnOnNone) {
  const auto done = commit(0, "shop");
  ASSERT_TRUE(done) << done.error().error.text;
  EXPECT_EQ(done->kept.replicated, true);
  settle();
  EXPECT_TRUE(units[1]->has("shop"));
  EXPECT_EQ(units[1]->store->running().config.value(model::only("ha"), "data-links"), "eth1");
  EXPECT_EQ(units[1]->data_plane.running->revision, done->revision);
}

TEST_F(Replicas, WhatIsTypedOnTheStandbyIsMadeByTheWriterUnderItsName) {
  const auto base = units[1]->store->running().revision;
  units[1]->works = true;
  EXPECT_TRUE(units[1]->replica.carries());
  EXPECT_FALSE(units[0]->replica.carries());
  const auto answer = units[1]->replica.carry("shop");
  units[1]->works = false;
  ASSERT_TRUE(answer) << answer.error().text;
  EXPECT_EQ(*answer, "{\"result\":{\"revision\":" + std::to_string(base + 1) + "}}");
  EXPECT_TRUE(units[1]->has("shop"));  // who typed it finds it
  EXPECT_EQ(units[0]->bases, std::vector<std::uint64_t>{base});
  EXPECT_EQ(units[0]->store->history(1)->front().info.origin, "pid 7, unit b");
}

TEST_F(Replicas, WhereNobodyAnswersItIsNotCarried) {
  cut();
  units[1]->works = true;
  const auto answer = units[1]->replica.carry("shop");
  units[1]->works = false;
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().id, commit::kOtherWrites);
}

TEST_F(Replicas, WhoWasAwayCatchesUpByRevisionsAndByASnapshot) {
  for (const int missed : {2, 66}) {
    cut();
    for (int i = 0; i < missed; ++i) {
      const auto done = commit(0, "pool" + std::to_string(missed) + "-" + std::to_string(i));
      ASSERT_TRUE(done) << done.error().error.text;
      EXPECT_EQ(done->kept.replicated, false);
    }
    EXPECT_THAT(alarms(0), testing::Contains(events::Kind::kConfigUnreplicated));
    connected = true;
    settle();
    EXPECT_TRUE(units[1]->has("pool" + std::to_string(missed) + "-0"));
    EXPECT_THAT(alarms(0), testing::IsEmpty());
  }
}

TEST_F(Replicas, OfTwoHistoriesTheLaterClaimsStaysAndTheBranchIsToldUntilItIsSeen) {
  cut();
  ASSERT_TRUE(commit(0, "lost"));
  elect(1, 7);
  ASSERT_TRUE(commit(1, "stays"));
  connected = true;
  settle();
  EXPECT_TRUE(units[0]->has("stays"));
  EXPECT_FALSE(units[0]->has("lost"));
  EXPECT_THAT(alarms(0), testing::Contains(events::Kind::kConfigDiverged));
  const auto branches = *units[0]->store->branches();
  EXPECT_EQ(units[0]->replica.see_branch("another", true).error().id, "E-404");
  ASSERT_TRUE(units[0]->replica.see_branch(branches.front().name, false));
  EXPECT_THAT(alarms(0), testing::IsEmpty());
  ASSERT_TRUE(units[0]->replica.see_branch(branches.front().name, true));
  EXPECT_EQ(units[0]->store->branches()->size() + 1, branches.size());
}

}  // namespace
}  // namespace yoke::peer
