// SPDX-License-Identifier: Apache-2.0
#include "mgmt/snmp/alarm_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace yoke::snmp {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t kMany = 100;

json alarm(const std::string& subject, int raised = 1, const std::string& state = "raised") {
  return {{"state", state}, {"alarm", "server-down"}, {"subject", subject}, {"raised", raised}};
}

// "+a" is raised, "-a" is cleared.
std::vector<std::string> told(AlarmBook& book, std::size_t most = kMany) {
  std::vector<std::string> told;
  for (const auto& change : book.take_changes(most)) {
    told.push_back((change.raised ? "+" : "-") + change.row["subject"].get<std::string>());
  }
  return told;
}

TEST(AlarmBook, EachChangeIsToldOnce) {
  AlarmBook book;
  EXPECT_THAT(told(book), IsEmpty());
  book.follow(json::array({alarm("a"), alarm("b"), alarm("old", 1, "cleared")}));
  EXPECT_THAT(told(book), ElementsAre("+a", "+b"));
  EXPECT_THAT(told(book), IsEmpty());
  book.follow(json::array({alarm("b"), alarm("c")}));
  EXPECT_THAT(told(book), ElementsAre("-a", "+c"));
  book.follow(json::array());
  EXPECT_THAT(told(book), ElementsAre("-b", "-c"));
  EXPECT_THAT(told(book), IsEmpty());
}

TEST(AlarmBook, ANumberIsAnAlarmsOwnForGood) {
  AlarmBook book;
  book.follow(json::array({alarm("a"), alarm("b")}));
  const json before = book.rows();
  book.follow(json::array({alarm("b"), alarm("a")}));
  EXPECT_EQ(book.rows(), before);
  book.follow(json::array({alarm("b")}));
  book.follow(json::array({alarm("b"), alarm("a", 2)}));
  EXPECT_EQ(book.rows()[0]["number"], 3);
  EXPECT_EQ(book.rows()[1], before[1]);
}

TEST(AlarmBook, AManagementPlaneThatBeginsAnewClearsNothingByItsSilence) {
  AlarmBook book;
  book.follow(json::array({alarm("a"), alarm("b")}));
  EXPECT_THAT(told(book), ElementsAre("+a", "+b"));
  const json before = book.rows();
  book.follow(json::array(), true);
  EXPECT_THAT(told(book), IsEmpty());
  EXPECT_EQ(book.rows(), before);
  book.follow(json::array({alarm("a", 7), alarm("c", 8)}), true);
  EXPECT_THAT(told(book), ElementsAre("+c"));
  book.follow(json::array({alarm("a", 7), alarm("c", 8, "cleared")}), true);
  EXPECT_THAT(told(book), ElementsAre("-c")) << "that it has seen";
  book.follow(json::array({alarm("a", 7)}));
  EXPECT_THAT(told(book), ElementsAre("-b")) << "by now it would have been found";
  EXPECT_EQ(book.rows()[0]["number"], before[0]["number"]);
}

TEST(AlarmBook, WhatIsRaisedAnewBetweenTwoLooksIsOverAndThereAgain) {
  AlarmBook book;
  book.follow(json::array({alarm("a", 1)}));
  EXPECT_THAT(told(book), ElementsAre("+a"));
  book.follow(json::array({alarm("a", 2)}));
  EXPECT_THAT(told(book), ElementsAre("-a", "+a"));
}

TEST(AlarmBook, WhatCameAndWentUntoldIsNotTold) {
  AlarmBook book;
  book.follow(json::array({alarm("a")}));
  book.follow(json::array());
  EXPECT_THAT(told(book), IsEmpty());
}

TEST(AlarmBook, SoManyAreToldAtOnceAndTheOthersLater) {
  AlarmBook book;
  book.follow(json::array({alarm("a"), alarm("b"), alarm("c")}));
  EXPECT_THAT(told(book, 2), ElementsAre("+a", "+b"));
  EXPECT_THAT(told(book, 2), ElementsAre("+c"));
  EXPECT_THAT(told(book, 2), IsEmpty());
}

TEST(AlarmBook, WhatIsNoAlarmIsPassedOver) {
  AlarmBook book;
  for (const json& alarms : {json(), json(1), json::array({1, nullptr, json::object()})}) {
    book.follow(alarms);
    EXPECT_EQ(book.rows(), json::array());
  }
}

}  // namespace
}  // namespace yoke::snmp
