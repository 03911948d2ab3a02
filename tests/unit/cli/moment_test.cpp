// SPDX-License-Identifier: Apache-2.0
#include "cli/moment.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace yoke::cli {
namespace {

using std::chrono::system_clock;

// A zone with summer time, whatever the machine's is.
class Moment : public testing::Test {
 protected:
  Moment() {
    EXPECT_EQ(::setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1), 0);
    ::tzset();
  }
  ~Moment() override {
    (void)::unsetenv("TZ");
    ::tzset();
  }

  static system_clock::time_point at(const char* text) {
    const auto time = moment(text, system_clock::time_point());
    EXPECT_TRUE(time) << text;
    return time.value_or(system_clock::time_point());
  }
};

TEST_F(Moment, IsTheNextTimeOrThatDay) {
  struct Row {
    const char* now;
    const char* typed;
    const char* meant;
  };
  const Row rows[] = {
      {"2026-11-21T15:00", "16:00", "2026-11-21 16:00:00"},
      {"2026-11-21T15:00", "15:00", "2026-11-22 15:00:00"},
      {"2026-11-21T15:00", "02:00", "2026-11-22 02:00:00"},
      {"2026-12-31T23:59", "00:00", "2027-01-01 00:00:00"},
      {"2026-02-28T12:00", "11:59", "2026-03-01 11:59:00"},
      {"2026-03-28T12:00", "02:30", "2026-03-30 02:30:00"},  // the 29th has no such time
      {"2026-11-21T15:00", "2026-12-01T02:00", "2026-12-01 02:00:00"},
      {"2026-11-21T15:00", "2026-12-01 02:00", "2026-12-01 02:00:00"},
      {"2026-11-21T15:00", "2028-02-29T02:00", "2028-02-29 02:00:00"},
      {"2026-11-21T15:00", "15:00:30", "2026-11-21 15:00:30"},
      {"2026-11-21T15:00:31", "15:00:30", "2026-11-22 15:00:30"},
      {"2026-11-21T15:00", "2026-12-01T02:00:59", "2026-12-01 02:00:59"},
  };
  for (const Row& row : rows) {
    const auto time = moment(row.typed, at(row.now));
    ASSERT_TRUE(time) << row.typed << ": " << time.error().text;
    EXPECT_EQ(moment_text(*time), row.meant) << row.now << ", " << row.typed;
  }
}

TEST_F(Moment, ThatIsNoneIsRefused) {
  for (const char* text : {"",
                           "2",
                           "2:00",
                           "24:00",
                           "12:60",
                           "12-00",
                           "ab:cd",
                           "noon",
                           "2026-12-01",
                           "2026-13-01T02:00",
                           "2026-02-29T02:00",
                           "2026-12-00T02:00",
                           "2026-12-01T2:00",
                           "2026-12-01T02:00:60",
                           "02:00:",
                           "2:00:00",
                           "02:00:00Z",
                           "2026/12/01T02:00",
                           "2025-12-01T02:00",
                           "2027-03-28T02:30",
                           "+1:00",
                           "-1:00"}) {
    const auto time = moment(text, at("2026-11-21T15:00"));
    ASSERT_FALSE(time) << text;
    EXPECT_EQ(time.error().id, "E-102") << text;
  }
}

}  // namespace
}  // namespace yoke::cli
