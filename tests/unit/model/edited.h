// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "mgmt/model/commands.h"

namespace yoke::model::testing {

// `config` after these lines, as somebody types them; each must be accepted.
inline Config edited(Config config, const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    const auto operations = parse_command(line);
    const Status done =
        operations ? edit(config, *operations) : Status(tl::unexpected<Error>(operations.error()));
    EXPECT_TRUE(done) << line << ": " << (done ? "" : done.error().text);
  }
  return config;
}

}  // namespace yoke::model::testing
