// SPDX-License-Identifier: Apache-2.0
#include "cli/origin.h"

#include <gtest/gtest.h>

namespace yoke::cli {
namespace {

TEST(Origin, IsWhereSomebodyLoggedInFrom) {
  struct Row {
    std::string ssh, terminal, origin;
  };
  const Row rows[] = {
      {"10.1.1.9 51234 10.1.1.1 22", "/dev/pts/0", "10.1.1.9 ssh"},
      {"2001:db8::9 51234 2001:db8::1 22", "", "2001:db8::9 ssh"},
      {"", "/dev/ttyS0", "ttyS0"},
      {"", "/dev/pts/3", "pts/3"},
      {"", "", ""},
      {" 51234", "/dev/ttyS0", "ttyS0"},
      {"\x1b[31m 1 2 3", "", ""},
      {std::string(100, 'a'), "/dev/" + std::string(100, 'b'), ""},
  };
  for (const Row& row : rows) EXPECT_EQ(origin(row.ssh, row.terminal), row.origin) << row.ssh;
}

}  // namespace
}  // namespace yoke::cli
