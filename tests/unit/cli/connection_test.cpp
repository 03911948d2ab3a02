// SPDX-License-Identifier: Apache-2.0
#include "cli/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "tests/unit/cli/desk.h"

namespace yoke::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST(Connection, ComesBackByItselfWhereNothingWasLost) {
  FakeMgmt mgmt;
  mgmt.commit_lines(kWeb);
  Desk desk(mgmt);
  EXPECT_EQ(desk.run("show configuration"), 0);
  mgmt.restart();
  EXPECT_EQ(desk.run("show configuration"), 0);
  EXPECT_EQ(desk.data.str(), kWeb);
  EXPECT_EQ(mgmt.calls("hello").size(), 2U);
}

TEST(Connection, SaysThatEditsAreLostAndThenGoesOn) {
  FakeMgmt mgmt;
  Desk desk(mgmt);
  EXPECT_EQ(desk.run("set pool web"), 0);
  mgmt.restart();
  EXPECT_EQ(desk.run("commit"), 7);
  EXPECT_THAT(desk.talk.str(), HasSubstr("the uncommitted edits are lost"));
  EXPECT_THAT(mgmt.calls("commit"), IsEmpty());
  EXPECT_FALSE(desk.connection.has_edits());
  EXPECT_EQ(desk.run("set pool web"), 0);
  EXPECT_EQ(desk.run("commit"), 0);
}

// Answers the first call as a connection is told that has made room for another.
FakeMgmt::Reply dismissed_once(const json& result) {
  return [result, is_first = true](const json&) mutable -> Result<json> {
    if (!std::exchange(is_first, false)) return result;
    return fail(Errc::kUnavailable, "E-607", "it has made room for another; connect anew");
  };
}

TEST(Connection, ThatMadeRoomForAnotherComesBackByItself) {
  FakeMgmt mgmt;
  mgmt.on("diff", dismissed_once({{"changes", json::array()}}));
  Connection connection(mgmt.socket());
  ASSERT_TRUE(connection.greet());
  EXPECT_TRUE(connection.call("diff", json::object()));
  EXPECT_EQ(mgmt.calls("diff").size(), 2U);
  EXPECT_EQ(mgmt.calls("hello").size(), 2U) << "by a connection of its own";
}

TEST(Connection, ThatMadeRoomForAnotherSaysThatEditsAreLost) {
  FakeMgmt mgmt;
  Desk desk(mgmt);
  EXPECT_EQ(desk.run("set pool web"), 0);
  mgmt.on("commit", dismissed_once({{"revision", 7}}));
  EXPECT_EQ(desk.run("commit"), 7);
  EXPECT_THAT(desk.talk.str(), HasSubstr("the uncommitted edits are lost"));
  EXPECT_EQ(mgmt.calls("commit").size(), 1U) << "nothing is sent again";
  EXPECT_FALSE(desk.connection.has_edits());
}

TEST(Connection, EditsThatCompletionFoundLostAreToldAtTheNextCommand) {
  FakeMgmt mgmt;
  Desk desk(mgmt, Mode::kOper);
  EXPECT_EQ(desk.run("configure"), 0);
  EXPECT_EQ(desk.run("set pool web"), 0);
  mgmt.restart();
  EXPECT_THAT(desk.session.keys("pool", {}), IsEmpty());
  EXPECT_EQ(desk.run("commit"), 7);
  EXPECT_THAT(desk.talk.str(), HasSubstr("the uncommitted edits are lost"));
  EXPECT_THAT(mgmt.calls("commit"), IsEmpty());
  EXPECT_EQ(desk.run("diff"), 0) << "told once";
}

TEST(Connection, WithoutAServerIsUnavailable) {
  FakeMgmt mgmt;
  mgmt.stop();
  Desk desk(mgmt);
  EXPECT_EQ(desk.run("show pool"), 7);
  EXPECT_THAT(desk.talk.str(), StartsWith("E-601 "));
  const TempFolder empty;
  Connection nowhere(socket_below(empty.path()));
  const auto greeted = nowhere.greet();
  ASSERT_FALSE(greeted);
  EXPECT_EQ(greeted.error().kind, Errc::kUnavailable);
}

TEST(Connection, GreetsWithItsVersionAndPassesARefusalOn) {
  FakeMgmt mgmt;
  mgmt.answer("hello", Error{Errc::kRefused, "E-403", "another version", -1});
  Desk desk(mgmt);
  EXPECT_EQ(desk.run("show pool"), 6);
  EXPECT_EQ(desk.talk.str(), "E-403 another version\n");
  EXPECT_EQ(mgmt.calls("hello"), (std::vector<json>{{{"version", 1}, {"from", ""}}}));
}

TEST(Connection, FindsTheSocketBelowARoot) {
  EXPECT_EQ(socket_below(""), "/run/yoke/mgmt.sock");
  EXPECT_EQ(socket_below("/"), "/run/yoke/mgmt.sock");
  EXPECT_EQ(socket_below("/tmp/a"), "/tmp/a/run/yoke/mgmt.sock");
  EXPECT_EQ(socket_below("/tmp/a//"), "/tmp/a/run/yoke/mgmt.sock");
}

}  // namespace
}  // namespace yoke::cli
