// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "hal/linux/kernel_watchdog.h"
#include "mgmt/pair/daemon/feeder.h"
#include "mgmt/pair/daemon/watchdog_keeper.h"

namespace yoke::pair {
namespace {

// What became of a machine's watchdog.
struct Kennel {
  int opened = 0, fed = 0, stopped = 0;
  bool armed = false, is_there = true, takes_it = true;
};

class FakeWatchdog final : public hal::Watchdog {
 public:
  explicit FakeWatchdog(Kennel& kennel) : kennel_(kennel) {
    ++kennel_.opened;
    kennel_.armed = true;
  }
  [[nodiscard]] std::chrono::seconds timeout() const noexcept override {
    return WatchdogKeeper::kTimeout;
  }
  bool keep_alive() noexcept override {
    kennel_.fed += kennel_.takes_it ? 1 : 0;
    return kennel_.takes_it;
  }
  void stop() noexcept override {
    ++kennel_.stopped;
    kennel_.armed = false;
  }

 private:
  Kennel& kennel_;
};

class WatchdogTest : public testing::Test {
 protected:
  Kennel kennel;
  WatchdogKeeper keeper{
      [this](const std::string&) -> tl::expected<std::unique_ptr<hal::Watchdog>, int> {
        if (!kennel.is_there) return tl::unexpected(ENOENT);
        return std::make_unique<FakeWatchdog>(kennel);
      }};
};

TEST_F(WatchdogTest, NoneIsOpenedUnasked) {
  keeper.look(1);
  keeper.look(2);
  EXPECT_EQ(kennel.opened, 0);
  EXPECT_FALSE(keeper.is_fed());
}

TEST_F(WatchdogTest, IsFedWhileTheThreadComesRoundAndStaysArmedWhereItDoesNot) {
  keeper.use("/dev/watchdog");
  for (std::uint64_t round = 1; round <= 3; ++round) keeper.look(round);
  EXPECT_EQ(kennel.fed, 3);
  EXPECT_TRUE(keeper.is_fed());
  keeper.look(3);
  keeper.look(3);
  EXPECT_EQ(kennel.fed, 3);
  EXPECT_FALSE(keeper.is_fed());
  EXPECT_TRUE(kennel.armed);
  keeper.look(4);
  EXPECT_EQ(kennel.fed, 4);
}

TEST_F(WatchdogTest, IsDisarmedByAnOrderlyEndAndByOtherSettings) {
  keeper.use("/dev/watchdog");
  keeper.look(1);
  keeper.use("/dev/watchdog");
  EXPECT_EQ(kennel.stopped, 0);
  keeper.use("");
  EXPECT_EQ(kennel.stopped, 1);
  keeper.use("/dev/watchdog1");
  keeper.look(2);
  keeper.end();
  keeper.look(3);
  EXPECT_EQ(kennel.opened, 2);
  EXPECT_EQ(kennel.stopped, 2);
  EXPECT_FALSE(kennel.armed);
}

TEST_F(WatchdogTest, OneThatComesLaterOrRefusesIsOpenedAnew) {
  kennel.is_there = false;
  keeper.use("/dev/watchdog");
  keeper.look(1);
  EXPECT_FALSE(keeper.is_fed());
  kennel.is_there = true;
  keeper.look(2);
  EXPECT_TRUE(keeper.is_fed());
  kennel.takes_it = false;
  keeper.look(3);
  EXPECT_FALSE(keeper.is_fed());
  kennel.takes_it = true;
  keeper.look(4);
  EXPECT_TRUE(keeper.is_fed());
  EXPECT_EQ(kennel.opened, 2);
}

// The control thread may be at a disk that does not answer: nobody but the real-time thread counts.
TEST(FeederTest, FeedsWhileTheThreadComesRoundWhateverItsOwnerDoes) {
  Kennel kennel;
  std::atomic<std::uint64_t> rounds{0}, told{0};
  std::atomic<bool> runs{true};
  Feeder feeder(
      [&](const std::string&) -> tl::expected<std::unique_ptr<hal::Watchdog>, int> {
        return std::make_unique<FakeWatchdog>(kennel);
      },
      std::chrono::milliseconds(1), [&] { ++told; });
  const auto until = [](const auto& is_so) {
    for (int i = 0; i < 2000 && !is_so(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return is_so();
  };
  feeder.use("/dev/watchdog", [&] { return runs ? ++rounds : rounds.load(); });
  EXPECT_TRUE(until([&] { return feeder.is_fed() && told > 2; }));
  EXPECT_EQ(feeder.path(), "/dev/watchdog");
  runs = false;
  EXPECT_TRUE(until([&] { return !feeder.is_fed(); })) << "the thread hangs";
  const std::uint64_t before = told;
  std::this_thread::sleep_for(3 * Feeder::kEvery);
  EXPECT_EQ(told, before);
  runs = true;
  EXPECT_TRUE(until([&] { return feeder.is_fed(); }));
  feeder.end();
  EXPECT_EQ(kennel.stopped, 1);
  EXPECT_FALSE(feeder.is_fed());
}

// A file takes what a device would.
TEST(KernelWatchdog, WritesToItAndTheMagicLetterLast) {
  std::string folder = testing::TempDir() + "/watchdog-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/device";
  const auto missing = hal::KernelWatchdog::open(path, std::chrono::seconds(10));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error(), ENOENT);
  std::ofstream(path).flush();
  auto watchdog = hal::KernelWatchdog::open(path, std::chrono::seconds(10));
  ASSERT_TRUE(watchdog);
  EXPECT_EQ((*watchdog)->timeout(), std::chrono::seconds(10));
  EXPECT_TRUE((*watchdog)->keep_alive());
  EXPECT_TRUE((*watchdog)->keep_alive());
  (*watchdog)->stop();
  EXPECT_FALSE((*watchdog)->keep_alive());
  std::ifstream file(path, std::ios::binary);
  const std::string written(std::istreambuf_iterator<char>(file), {});
  EXPECT_EQ(written, std::string("\0\0V", 3));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace yoke::pair
