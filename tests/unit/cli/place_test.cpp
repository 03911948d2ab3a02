// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/completion.h"
#include "cli/shell.h"
#include "tests/unit/cli/fake_mgmt.h"

// `edit`, `up` and `top`: where set and delete begin.
namespace yoke::cli {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const model::Path kTop;
const model::Path kPool{{"pool", "web"}};
const model::Path kServer{{"pool", "web", "server", "192.0.2.11:80"}};
const model::Path kCheck{{"pool", "web", "check", "http"}};

struct EnterRow {
  std::string_view line;
  model::Path from;
  model::Path to;
};

const EnterRow kEntered[] = {
    {"edit pool web", kTop, kPool},
    {"edit pool web server 192.0.2.11:80", kTop, kServer},
    {"ed poo web s 192.0.2.11:80", kTop, kServer},
    {"edit server 192.0.2.11:80", kPool, kServer},
    {"edit check http", kPool, kCheck},
    {"edit pool pool", kTop, {{"pool", "pool"}}},
};

TEST(Place, IsEnteredFromWhereOneStands) {
  for (const EnterRow& row : kEntered) {
    const auto command = read_line(row.line, Mode::kConfig, row.from);
    ASSERT_TRUE(command) << row.line << ": " << command.error().text;
    EXPECT_EQ(command->place, row.to) << row.line;
    EXPECT_THAT(command->edits, IsEmpty());
  }
}

struct EditRow {
  std::string_view line;
  model::Path place;
  std::string_view in_full;
};

const EditRow kEdits[] = {
    {"set method dsr", kPool, "set pool web method dsr"},
    {"set me dsr", kPool, "set pool web method dsr"},
    {"set server 192.0.2.12:80 192.0.2.13:80 weight 2", kPool,
     "set pool web server 192.0.2.12:80 192.0.2.13:80 weight 2"},
    {"set weight 3", kServer, "set pool web server 192.0.2.11:80 weight 3"},
    {"set GET /x expect 200 204", kCheck, "set pool web check http GET /x expect 200 204"},
    {"delete weight", kServer, "delete pool web server 192.0.2.11:80 weight"},
    {"delete server 192.0.2.11:80", kPool, "delete pool web server 192.0.2.11:80"},
    {"set 203.0.113.10:80/tcp pool web",
     {{"vip", "web"}},
     "set vip web 203.0.113.10:80/tcp pool web"},
    {"disable", kServer, "disable pool web server 192.0.2.11:80"},
    {"disable server 192.0.2.11:80", kPool, "disable pool web server 192.0.2.11:80"},
    {"set name lb-a", model::only("system"), "set system name lb-a"},
    {"rename to shop", kPool, "rename pool web to shop"},
    {"copy server 192.0.2.11:80 to 192.0.2.12:80", kPool,
     "copy pool web server 192.0.2.11:80 to 192.0.2.12:80"},
};

TEST(Place, IsWhereTheWordsOfAnEditBegin) {
  for (const EditRow& row : kEdits) {
    const auto command = read_line(row.line, Mode::kConfig, row.place);
    ASSERT_TRUE(command) << row.line << ": " << command.error().text;
    EXPECT_EQ(command->edits, *model::parse_command(row.in_full)) << row.line;
  }
}

struct BadRow {
  std::string_view line;  // with a @ where the caret belongs
  model::Path place;
  std::string_view id;
  std::string_view part_of_text = "";
};

const BadRow kBad[] = {
    {"edit@", kTop, "E-106", "pool, vip, "},
    {"edit pool@", kTop, "E-106", "which pool"},
    {"edit @bogus", kTop, "E-101", "pool, vip, "},
    {"edit @polo web", kTop, "E-101", "did you mean pool?"},
    {"edit @server 192.0.2.11:80", kTop, "E-101"},
    {"edit pool @9web", kTop, "E-102"},
    {"edit pool web @method", kTop, "E-101", "server or check"},
    {"edit pool web server 192.0.2.11:80 @192.0.2.12:80", kTop, "E-101", "should end before"},
    {"edit@", kServer, "E-106"},
    {"edit @weight", kServer, "E-101", "should end before"},
    // A line without words of its own would make or remove the record that was entered.
    {"set@", kPool, "E-106", "method"},
    {"delete@", kPool, "E-106", "method"},
    {"delete@", kServer, "E-106", "weight"},
    // A second key would edit two records where one was entered.
    {"set @192.0.2.12:80", kServer, "E-101", "weight"},
    {"delete @192.0.2.12:80", kServer, "E-101", "weight"},
    {"set @pool web", kPool, "E-101"},
    {"set @\"method\" dsr", kPool, "E-101"},
    {"set method @nta", kPool, "E-102"},
    {"disable@", kTop, "E-106", "pool, vip, group, interface or snmp"},
    {"disable@", kPool, "E-106", "server or check"},
    {"rename@", kPool, "E-106", "to, server or check"},
    {"up @2", kPool, "E-101"},
    {"top @2", kPool, "E-101"},
};

TEST(Place, SaysWhatIsWrongAndWhere) {
  for (const BadRow& row : kBad) {
    SCOPED_TRACE(row.line);
    const auto at = row.line.find('@');
    const std::string line =
        std::string(row.line.substr(0, at)) + std::string(row.line.substr(at + 1));
    const auto command = read_line(line, Mode::kConfig, row.place);
    ASSERT_FALSE(command);
    EXPECT_EQ(command.error().id, row.id) << command.error().text;
    EXPECT_EQ(command.error().column, static_cast<int>(at)) << command.error().text;
    EXPECT_THAT(command.error().text, HasSubstr(std::string(row.part_of_text)));
  }
}

std::vector<std::string> offered(std::string_view line, const model::Path& place) {
  const auto keys = [](std::string_view kind, const model::Path& parent) {
    return kind == "server" && parent == kPool ? std::vector<std::string>{"192.0.2.11:80"}
                                               : std::vector<std::string>{};
  };
  std::vector<std::string> list;
  for (const Candidate& candidate : complete(line, Mode::kConfig, keys, place).candidates) {
    list.push_back(candidate.text);
  }
  return list;
}

TEST(Place, IsWhereCompletionBegins) {
  EXPECT_THAT(offered("edit ", kTop), testing::IsSupersetOf({"pool", "vip", "system"}));
  EXPECT_THAT(offered("edit pool web ", kTop), ElementsAre("server", "check"));
  EXPECT_THAT(offered("edit ", kPool), ElementsAre("server", "check"));
  EXPECT_THAT(offered("edit server ", kPool), ElementsAre("192.0.2.11:80", "<endpoint>"));
  EXPECT_THAT(offered("edit ", kServer), IsEmpty());
  EXPECT_THAT(offered("set ", kServer), ElementsAre("weight", "enabled"));
  EXPECT_THAT(offered("set ", kPool),
              ElementsAre("method", "scheduler", "require", "passive-failures", "passive-window",
                          "passive-hold", "server", "check"));
  EXPECT_THAT(offered("delete server ", kPool), Contains("192.0.2.11:80"));
  // At the top a line may still name several.
  EXPECT_THAT(offered("set pool web server 192.0.2.12:80 ", kTop), Contains("192.0.2.11:80"));
  EXPECT_THAT(offered("set server 192.0.2.12:80 ", kPool), Contains("192.0.2.11:80"));
}

TEST(Place, EnterIsOfferedWhereTheLineMayEnd) {
  const auto may_end = [](std::string_view line, const model::Path& place) {
    return complete(
               line, Mode::kConfig, [](auto, const auto&) { return std::vector<std::string>{}; },
               place)
        .may_end;
  };
  EXPECT_FALSE(may_end("set ", kPool));
  EXPECT_FALSE(may_end("edit ", kPool));
  EXPECT_FALSE(may_end("delete ", kServer));
  EXPECT_TRUE(may_end("edit pool web ", kTop));
  EXPECT_TRUE(may_end("set method dsr ", kPool));
  EXPECT_TRUE(may_end("up ", kTop));
  EXPECT_TRUE(may_end("enable ", kServer));
  EXPECT_FALSE(may_end("enable ", kPool));
  EXPECT_FALSE(may_end("enable ", kTop));
}

class InASession : public testing::Test {
 protected:
  int run(const std::string& line) {
    data_.str("");
    talk_.str("");
    return shell_.run(line);
  }
  FakeMgmt mgmt_;
  Connection connection_{mgmt_.socket()};
  Session session_{connection_, Mode::kOper};
  std::ostringstream data_, talk_;
  Shell shell_{session_, {}, data_, talk_};
};

TEST_F(InASession, PromptAndEditsFollowThePlace) {
  ASSERT_TRUE(connection_.greet());
  EXPECT_EQ(run("edit pool web"), 2) << "of the other mode";
  EXPECT_EQ(run("configure"), 0);
  EXPECT_EQ(run("edit pool web"), 0);
  EXPECT_EQ(session_.prompt(), "lb-a [pool web]# ");
  EXPECT_THAT(mgmt_.calls("edit"), IsEmpty()) << "to look at a place changes nothing";
  EXPECT_EQ(run("set method dsr"), 0);
  EXPECT_EQ(run("edit server 192.0.2.11:80"), 0);
  EXPECT_EQ(run("set weight 2"), 0);
  EXPECT_EQ(session_.prompt(), "lb-a [pool web server 192.0.2.11:80]*# ");
  EXPECT_EQ(run("up"), 0);
  EXPECT_EQ(session_.prompt(), "lb-a [pool web]*# ");
  EXPECT_EQ(run("up"), 0);
  EXPECT_EQ(run("up"), 0) << "at the top already";
  EXPECT_EQ(session_.prompt(), "lb-a*# ");
  EXPECT_EQ(run("edit pool web server 192.0.2.11:80"), 0);
  EXPECT_EQ(run("top"), 0);
  EXPECT_EQ(session_.prompt(), "lb-a*# ");
  EXPECT_EQ(run("commit"), 0);
  EXPECT_EQ(mgmt_.running(),
            "set pool web method dsr\nset pool web server 192.0.2.11:80 weight 2\n");
}

TEST_F(InASession, ThePlaceFollowsARecordThatIsRenamed) {
  ASSERT_TRUE(connection_.greet());
  EXPECT_EQ(run("configure"), 0);
  EXPECT_EQ(run("set vip web 203.0.113.10:80/tcp pool web"), 0);
  EXPECT_EQ(run("edit pool web server 192.0.2.11:80"), 0);
  EXPECT_EQ(run("set weight 2"), 0);
  EXPECT_EQ(run("rename to 192.0.2.12:80"), 0);
  EXPECT_EQ(session_.prompt(), "lb-a [pool web server 192.0.2.12:80]*# ");
  EXPECT_EQ(run("disable"), 0);
  EXPECT_EQ(run("up"), 0);
  EXPECT_EQ(run("rename to shop"), 0);
  EXPECT_EQ(session_.prompt(), "lb-a [pool shop]*# ");
  EXPECT_EQ(run("rename to shop"), 5) << "taken, by itself";
  EXPECT_EQ(session_.prompt(), "lb-a [pool shop]*# ");
  EXPECT_EQ(run("commit"), 0);
  EXPECT_EQ(mgmt_.running(),
            "set pool shop server 192.0.2.12:80 weight 2 enabled no\n"
            "set vip web 203.0.113.10:80/tcp pool shop\n");
}

TEST_F(InASession, LeavingConfigurationModeLeavesThePlace) {
  ASSERT_TRUE(connection_.greet());
  EXPECT_EQ(run("configure"), 0);
  EXPECT_EQ(run("edit pool web"), 0);
  EXPECT_EQ(run("exit"), 0);
  EXPECT_EQ(session_.prompt(), "lb-a> ");
  EXPECT_EQ(run("configure"), 0);
  EXPECT_EQ(session_.prompt(), "lb-a# ");
}

TEST_F(InASession, ALongPlaceLeavesRoomOnTheLine) {
  ASSERT_TRUE(connection_.greet());
  EXPECT_EQ(run("configure"), 0);
  EXPECT_EQ(run("edit pool " + std::string(32, 'n') +
                " server [2001:db8:1111:2222:3333:4444:5555:6666]:65535"),
            0);
  EXPECT_LE(session_.prompt().size(), 60U);
  EXPECT_THAT(session_.prompt(), HasSubstr(":6666]:65535]# "));
}

TEST_F(InASession, AScriptHasAPlaceToo) {
  Session script(connection_, Mode::kScript);
  Shell shell(script, {}, data_, talk_);
  std::istringstream lines(
      "edit pool web\nset server 192.0.2.11:80\ntop\nset vip web pool web\n"
      "show configuration candidate\nset method dsr\n");
  EXPECT_EQ(shell.run_all(lines), 2);
  EXPECT_EQ(data_.str(), "set pool web server 192.0.2.11:80\nset vip web pool web\n");
  EXPECT_THAT(talk_.str(), HasSubstr("Stopped at line 6."));
}

}  // namespace
}  // namespace yoke::cli
