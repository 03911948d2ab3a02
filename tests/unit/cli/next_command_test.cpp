// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "cli/line_reader.h"
#include "mgmt/events/event.h"

// What an event tells a person to type next can be typed.
namespace yoke::cli {
namespace {

TEST(NextCommand, OfEveryKindOfEventIsACommand) {
  for (const auto& row : events::kinds()) {
    const std::string line = events::command_of(row.kind, {{"POOL", "web"},
                                                           {"VIP", "web"},
                                                           {"SERVER", "10.0.0.1:80"},
                                                           {"SYSLOG", "central"},
                                                           {"NOTIFY", "webhook:page"}});
    if (line.empty()) continue;
    EXPECT_EQ(line.find('{'), std::string::npos) << row.id;
    const auto command = read_line(line, Mode::kScript);
    EXPECT_TRUE(command) << row.id << ": " << line << ": " << command.error().text;
  }
}

}  // namespace
}  // namespace yoke::cli
