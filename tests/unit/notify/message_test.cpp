// SPDX-License-Identifier: Apache-2.0
#include "mgmt/notify/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "hal/base/base64.h"
#include "tests/unit/notify/news.h"

namespace yoke::notify {
namespace {

using events::Kind;
using nlohmann::json;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string mail_of(const News& news) {
  return mail(news, "lb-a@example.net", {"ops@example.net", "night@example.net"});
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(Document, HoldsAllThatIsKnownOfEachEvent) {
  const json whole = json::parse(document(news()));
  EXPECT_EQ(whole["schema"], "yoke-events/1");
  EXPECT_EQ(whole["unit"], "lb-a");
  EXPECT_EQ(whole["id"], "9f3c");
  EXPECT_EQ(whole["lost"], 0);
  ASSERT_EQ(whole["events"].size(), 2U);
  const json& first = whole["events"][0];
  EXPECT_EQ(first["at"], 1'700'000'001'000);
  EXPECT_EQ(first["event"], "server-down");
  EXPECT_EQ(first["code"], "V-402");
  EXPECT_EQ(first["level"], "warning");
  EXPECT_EQ(first["text"], "server 192.0.2.11:80 is down");
  EXPECT_EQ(first["fields"], (json{{"POOL", "web"}}));
}

TEST(Document, IsJsonWhateverATextHolds) {
  News odd = news();
  odd.events[0] = told(Kind::kVipDown, std::string("\"\n\x01\xff\xc3", 5));
  EXPECT_FALSE(json::parse(document(odd), nullptr, false).is_discarded());
}

TEST(Headline, IsTheWorstAndHowManyMore) {
  EXPECT_EQ(headline(news()), "lb-a: vip web is down (and 1 more)");
  News one = news();
  one.events.pop_back();
  EXPECT_EQ(headline(one), "lb-a: server 192.0.2.11:80 is down");
}

TEST(Mail, ReadsAsAPersonWantsIt) {
  const std::string whole = mail_of(news());
  const std::string head =
      "From: lb-a@example.net\r\n"
      "To: ops@example.net,\r\n night@example.net\r\n"
      "Subject: lb-a: vip web is down (and 1 more)\r\n"
      "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"
      "Message-ID: <9f3c@example.net>\r\n"
      "Auto-Submitted: auto-generated\r\n"
      "MIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=utf-8\r\n"
      "Content-Transfer-Encoding: base64\r\n"
      "\r\n";
  ASSERT_THAT(whole, StartsWith(head));
  std::string encoded = whole.substr(head.size());
  std::erase(encoded, '\r');
  std::erase(encoded, '\n');
  EXPECT_EQ(from_base64(encoded), body(news()));
  EXPECT_EQ(body(news()),
            "2023-11-14 22:13:21 UTC  warning V-402 server-down\r\n"
            "  server 192.0.2.11:80 is down\r\n"
            "  next: show check web {SERVER}\r\n"
            "\r\n"
            "2023-11-14 22:13:22 UTC  error V-403 vip-down\r\n"
            "  vip web is down\r\n"
            "  next: show pool web\r\n"
            "\r\n");
}

TEST(Mail, SaysWhatWasLost) {
  News some = news();
  some.lost = 12;
  EXPECT_THAT(body(some), StartsWith("12 events before these were not told"));
}

// Of a unit whose servers all fail at once a person reads the cause, not 16,000 lines.
TEST(Mail, OfAStormListsTheWorstAndCountsTheRest) {
  News storm = news();
  storm.events.clear();
  for (int i = 0; i < 16'000; ++i) {
    storm.events.push_back(told(Kind::kServerDown, "server " + std::to_string(i)));
  }
  storm.events.push_back(told(Kind::kVipDown, "vip web is down"));
  storm.events.push_back(told(Kind::kServerDown, "the last"));
  const std::string text = body(storm);
  EXPECT_THAT(text, HasSubstr("  server 98\r\n"));
  EXPECT_THAT(text, Not(HasSubstr("  server 99\r\n")));
  EXPECT_THAT(text, HasSubstr("  vip web is down\r\n"));
  EXPECT_THAT(text, EndsWith("\r\nand 15902 more: 15902 server-down; see show log.\r\n"));
  EXPECT_LT(mail_of(storm).size(), 50'000U);
}

// A line of its own in a header would be a header of the attacker's.
TEST(Mail, NoTextMakesALineOrALineThatIsTooLong) {
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (std::size_t length = random() % 3000; text.size() < length;) {
      text += static_cast<char>(random() % 256);
    }
    News odd = news();
    odd.unit = text.substr(0, 40);
    odd.events = {told(Kind::kVipDown, text)};
    EXPECT_EQ(lines_of(body(odd)).size(), 4U);
    const auto lines = lines_of(mail_of(odd));
    for (const std::string& line : lines) {
      ASSERT_LE(line.size(), 998U);
      ASSERT_THAT(line, EndsWith("\r"));
      ASSERT_EQ(line.find('\r'), line.size() - 1);
      ASSERT_TRUE(std::ranges::all_of(line, [](char c) { return c > 0 && c < 127; }));
    }
    EXPECT_THAT(lines[3], StartsWith("Subject: "));
    EXPECT_THAT(lines[4], StartsWith("Date: "));
  }
}

TEST(Mail, IsCutBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "\xc3\xa9";
  for (const char* head : {"", "x"}) {
    News moved = news();
    moved.events[0] = told(Kind::kVipDown, head + text);
    EXPECT_THAT(body(moved), Not(HasSubstr("\xc3\r")));
  }
}

TEST(Id, IsOfOneBatchAlone) { EXPECT_NE(new_id(), new_id()); }

}  // namespace
}  // namespace yoke::notify
