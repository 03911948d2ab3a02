// SPDX-License-Identifier: Apache-2.0
#include "mgmt/syslog/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <regex>

namespace yoke::syslog {
namespace {

using events::Entry;
using testing::HasSubstr;

const Origin kOrigin{.host = "lb-a", .process = "4711", .facility = 16};

Entry entry() {
  return {.at = std::chrono::system_clock::time_point(std::chrono::milliseconds(1'700'000'000'042)),
          .event = "server-down",
          .code = "V-402",
          .level = log::Level::kWarning,
          .text = "server 192.0.2.11:80 of pool web is down: http 503",
          .fields = {{"POOL", "web"}, {"SERVER", "192.0.2.11:80"}},
          .command = "show check web"};
}

TEST(Message, IsOfRfc5424) {
  EXPECT_EQ(message(entry(), kOrigin, 8192),
            "<132>1 2023-11-14T22:13:20.042Z lb-a yoke-mgmt 4711 server-down [yoke@32473 "
            "code=\"V-402\" pool=\"web\" server=\"192.0.2.11:80\"] server 192.0.2.11:80 of pool "
            "web is down: http 503");
  EXPECT_EQ(framed("<132>1 x"), "8 <132>1 x");
}

TEST(Message, PriorityIsFacilityAndLevel) {
  Entry error = entry();
  error.level = log::Level::kError;
  EXPECT_THAT(message(error, {.host = "h", .process = "1", .facility = 23}, 8192),
              testing::StartsWith("<187>1 "));
}

TEST(Message, IsCutBetweenCharacters) {
  Entry long_one = entry();
  long_one.fields.clear();
  long_one.text = std::string(3000, 'a') + "\xc3\xa9";
  const std::string whole = message(long_one, kOrigin, 1 << 20);
  EXPECT_EQ(message(long_one, kOrigin, 2048).size(), 2048U);
  EXPECT_EQ(message(long_one, kOrigin, whole.size() - 1), whole.substr(0, whole.size() - 2));
}

// The grammar of section 6, as far as a regular expression says it.
TEST(Message, OfAnyEventIsOneLineOfTheGrammar) {
  const std::regex grammar(
      R"re(<[0-9]{1,3}>1 [0-9-]{10}T[0-9:]{8}\.[0-9]{3}Z [!-~]{1,255} yoke-mgmt [!-~]{1,128} [!-~]{1,32} )re"
      R"re(\[yoke@32473( [!#-<>-\\^-~]{1,32}="([^"\\\]]|\\["\\\]])*")*\] .*)re");
  std::mt19937 random(3);
  const auto noise = [&](std::size_t most) {
    std::string text(random() % (most + 1), '\0');
    for (char& c : text) c = static_cast<char>(random());
    return text;
  };
  for (int round = 0; round < 3000; ++round) {
    Entry odd = entry();
    odd.event = noise(40);
    odd.code = noise(10);
    odd.text = noise(60);
    odd.fields = {{noise(40), noise(20)}, {"POOL", "]\"\\"}};
    const std::string line = message(odd, {noise(300), noise(9), 16}, 8192);
    EXPECT_EQ(line.find('\n'), line.npos);
    EXPECT_EQ(line.find('\0'), line.npos);
    EXPECT_TRUE(std::regex_match(line, grammar)) << line;
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace yoke::syslog
