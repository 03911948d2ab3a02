// SPDX-License-Identifier: Apache-2.0
#include "mgmt/alarms/store_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "mgmt/store/unit_file.h"
#include "tests/unit/health/loop.h"
#include "tests/unit/store/store_fixture.h"

namespace yoke::alarms {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class StoreWatchTest : public testing::Test {
 protected:
  StoreWatchTest() : store_(store::must_open(where_.file())) {
    EXPECT_TRUE(store::commit(*store_, store::first_config()));
    // So that all is in the file itself: what a log still has hides damage to it.
    store_.reset();
    store_ = store::must_open(where_.file());
  }

  [[nodiscard]] std::vector<Condition> looked() {
    watch_.look_soon();
    EXPECT_TRUE(loop_.until([&] { return slices_ > 0 && !watch_.is_looking(); }));
    slices_ = 0;
    return watch_.conditions();
  }

  // In the pages of the file, behind its first ones, which the process has in memory.
  void overwrite(const std::string& bytes, std::size_t at) {
    std::fstream file(where_.file(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(at));
    file << bytes;
  }

  store::TempFolder where_;
  health::Loop loop_;
  std::unique_ptr<store::ConfigStore> store_;
  int slices_ = 0;
  StoreWatch watch_{loop_.get(),
                    {.path = where_.file(),
                     .later =
                         [this](const auto& job) {
                           ++slices_;
                           job();
                         },
                     .interval = 1h,
                     .pause = 0ms}};
};

TEST_F(StoreWatchTest, AWholeStoreIsNoAlarmAndCommitsGoOnBetweenSlices) {
  EXPECT_TRUE(looked().empty());
  watch_.look_soon();
  ASSERT_TRUE(loop_.until([&] { return slices_ == 3; }));
  EXPECT_TRUE(watch_.is_looking());
  model::Config next = store::first_config();
  store::must_set(next, {"pool", "later"}, {});
  EXPECT_TRUE(store::commit(*store_, next));
  ASSERT_TRUE(loop_.until([&] { return !watch_.is_looking(); }));
  EXPECT_TRUE(watch_.conditions().empty());
}

TEST_F(StoreWatchTest, APageDamagedUnderTheProcessIsAnAlarmUntilItIsWhole) {
  const std::string whole = store::read_file(where_.file());
  overwrite(std::string(whole.size() - 4096, '\x5a'), 4096);
  const auto found = looked();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front().kind, events::Kind::kStoreDamaged);
  EXPECT_THAT(found.front().text, testing::AllOf(HasSubstr(where_.file() + ": is damaged ("),
                                                 HasSubstr("yoke export set secrets > FILE"),
                                                 testing::Not(HasSubstr("request restore"))));
  EXPECT_EQ(store_->running().config, store::first_config()) << "as it is in memory";
  overwrite(whole.substr(4096), 4096);
  EXPECT_TRUE(looked().empty());
}

TEST_F(StoreWatchTest, AValueThatIsAnotherIsFound) {
  const std::string whole = store::read_file(where_.file());
  int times = 0;  // in the table, and whatever else has it
  for (auto at = whole.find("192.0.2.11"); at != std::string::npos;
       at = whole.find("192.0.2.11", at + 1)) {
    overwrite("193", at);
    ++times;
  }
  ASSERT_GT(times, 0);
  ASSERT_EQ(looked().size(), 1U);
}

TEST_F(StoreWatchTest, SoIsAUnitFileThatIsNone) {
  store::write_file(store::unit_path(where_.file()), std::string(5000, 'x'));
  const auto found = looked();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found.front().text, HasSubstr("unit.db"));
}

}  // namespace
}  // namespace yoke::alarms
