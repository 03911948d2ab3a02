// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "mgmt/model/commands.h"
#include "mgmt/model/rules.h"

namespace yoke::pair::testing {

// What a configuration holds after these lines of commands; it keeps the rules.
inline model::Config config_of(const std::string& lines) {
  model::Config config;
  std::istringstream each(lines);
  for (std::string line; std::getline(each, line);) {
    const auto operations = model::parse_command(line);
    EXPECT_TRUE(operations) << line << ": " << operations.error().text;
    if (operations) {
      EXPECT_TRUE(model::edit(config, *operations)) << line;
    }
  }
  EXPECT_TRUE(model::violations(config).empty()) << lines;
  return config;
}

}  // namespace yoke::pair::testing
