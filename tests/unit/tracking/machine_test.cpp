// SPDX-License-Identifier: Apache-2.0
#include "mgmt/tracking/machine.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace yoke::tracking {
namespace {

TEST(Machine, KnowsItsOwnLoopback) {
  EXPECT_TRUE(has_link("lo").has_value());
  EXPECT_EQ(has_link("no-such-link"), std::nullopt);
  EXPECT_EQ(has_link("a-name-longer-than-any"), std::nullopt);
}

TEST(Machine, AProcessRunsUntilItHasEndedWaitedForOrNot) {
  const std::string name = "tracked) S (1x";  // what a name may hold
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    (void)::prctl(PR_SET_NAME, name.c_str());
    for (;;) (void)::pause();
  }
  for (int tries = 0; tries < 1000 && is_running(name) != true; ++tries) (void)::usleep(10'000);
  EXPECT_EQ(is_running(name), true);
  (void)::kill(child, SIGKILL);
  siginfo_t ended{};
  (void)::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT);
  EXPECT_EQ(is_running(name), false) << "a zombie does nothing";
  (void)::waitpid(child, nullptr, 0);
  EXPECT_EQ(is_running(name), false);
}

}  // namespace
}  // namespace yoke::tracking
