// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/wake.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <thread>

namespace yoke::io {
namespace {

bool is_ready(const Wake& wake) {
  pollfd wait{wake.fd(), POLLIN, 0};
  return ::poll(&wait, 1, 0) == 1;
}

TEST(Wake, ACallWhileAwakeCostsNothing) {
  Wake wake;
  wake.call();
  EXPECT_FALSE(is_ready(wake));
}

TEST(Wake, ACallAfterPrepareEndsTheWait) {
  Wake wake;
  wake.prepare();
  wake.call();
  EXPECT_TRUE(is_ready(wake));
}

TEST(Wake, OnceClearedItIsQuietUntilTheNextCall) {
  Wake wake;
  for (int i = 0; i < 3; ++i) {
    wake.prepare();
    wake.call();
    wake.call();
    wake.done();
    wake.clear();
    EXPECT_FALSE(is_ready(wake));
  }
}

TEST(Wake, AfterDoneNobodyCalls) {
  Wake wake;
  wake.prepare();
  wake.done();
  wake.call();
  EXPECT_FALSE(is_ready(wake));
}

// Each side waits for the other, so one call lost would leave both waiting.
TEST(Wake, NoCallIsLostBetweenTwoThreads) {
  constexpr unsigned kTimes = 5'000;
  Wake wake;
  std::atomic<unsigned> put = 0;
  std::atomic<unsigned> seen = 0;
  std::atomic<bool> stuck = false;
  std::thread sleeper([&] {
    pollfd wait{wake.fd(), POLLIN, 0};
    while (seen < kTimes && !stuck) {
      wake.prepare();
      if (put == seen && ::poll(&wait, 1, 10'000) == 0) stuck = true;
      wake.done();
      wake.clear();
      seen = put.load();
    }
  });
  while (seen < kTimes && !stuck) {
    if (put != seen) {
      std::this_thread::yield();
      continue;
    }
    ++put;
    wake.call();
  }
  sleeper.join();
  EXPECT_FALSE(stuck);
}

}  // namespace
}  // namespace yoke::io
