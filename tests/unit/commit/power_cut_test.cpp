// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/store/power_cut.h"

#include "mgmt/commit/committer.h"
#include "mgmt/commit/compile.h"
#include "tests/unit/commit/fake_data_plane.h"
#include "tests/unit/commit/web_config.h"

// The unit loses its power at every write and sync of a commit's ways: taken, to be confirmed,
// confirmed, rejected, gone back from, refused by the data plane. When it is back, the store holds
// what was acknowledged or what was on its way, and the data plane is brought to run it.
namespace yoke::commit {
namespace {

using namespace std::chrono_literals;
using store::Held;
using Fails = FakeDataPlane::Fails;

const MonoTime kNow = MonoTime(std::chrono::hours(5));
const Author kAnn{"ann", "pid 7", "cli"};

Clocks clocks() { return {"a-boot", 10s, std::chrono::system_clock::time_point(1'700'000'000s)}; }

class Unit {
 public:
  explicit Unit(const std::string& path)
      : store_(store::must_open(path)), committer_(*store_, data_plane, clocks) {
    EXPECT_TRUE(committer_.reconcile(kNow));
  }
  [[nodiscard]] Committer& committer() { return committer_; }
  [[nodiscard]] Held held() const { return store::held_by(*store_); }
  void expect_runs_what_is_stored() {
    const auto& running = committer_.running();
    EXPECT_EQ(data_plane.running.value(),
              compile(running.config, committer_.servers(), running.revision, store_->hash_key()));
  }
  [[nodiscard]] const store::ConfigStore& store() const { return *store_; }

  FakeDataPlane data_plane;

 private:
  std::unique_ptr<store::ConfigStore> store_;
  Committer committer_;
};

void tell_story(Unit& unit, store::Story& story) {
  Committer& committer = unit.committer();
  ASSERT_TRUE(committer.commit(other_config(), kAnn, {.note = "a note"}));
  story.acknowledge(unit.held());
  ASSERT_TRUE(committer.commit(web_config(), kAnn, {.confirm_within = 5min}));
  story.acknowledge(unit.held());
  ASSERT_TRUE(committer.confirm(kAnn));
  story.acknowledge(unit.held());
  ASSERT_TRUE(committer.commit(weighted_config(), kAnn, {.confirm_within = 5min}));
  story.acknowledge(unit.held());
  ASSERT_TRUE(committer.reject(kAnn));
  story.acknowledge(unit.held());
  const auto old = committer.config_of(2);
  ASSERT_TRUE(old);
  ASSERT_TRUE(committer.commit(*old, {"ann", "pid 7", "rollback"}, {}));
  story.acknowledge(unit.held());
  unit.data_plane.activate_fails = {Fails::kRefuses};
  const std::uint64_t before = unit.held().revision;
  ASSERT_FALSE(committer.commit(web_config(), kAnn, {}));
  ASSERT_EQ(unit.held().revision, before + 2);
  story.acknowledge(unit.held(), {{before + 1, web_config(), {}}});
}

TEST(PowerCut, AtEveryWriteOfACommitLeavesAUnitThatRunsWhatWasAcknowledgedOrTheNext) {
  const store::TempFolder folder;
  { ASSERT_TRUE(Unit(folder.file()).committer().commit(web_config(), kAnn, {})); }
  store::RecordedDisk disk(folder.path());
  std::optional<Unit> unit(std::in_place, folder.file());
  store::Story story(disk, unit->held());
  tell_story(*unit, story);
  unit.reset();
  ASSERT_GT(disk.moments(), 30U);
  store::cut_at_every_moment(
      disk,
      [&](const store::TempFolder& found, std::size_t moment) {
        Unit after(found.file());
        const auto& possible = story.possible(moment);
        EXPECT_TRUE(std::ranges::find(possible, after.held()) != possible.end())
            << "found revision " << after.held().revision << " where " << possible.front().revision
            << " was acknowledged";
        after.expect_runs_what_is_stored();
        store::expect_whole_history(after.store());
      },
      {.story = &story});
}

}  // namespace
}  // namespace yoke::commit
