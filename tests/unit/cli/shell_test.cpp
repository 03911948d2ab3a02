// SPDX-License-Identifier: Apache-2.0
#include "cli/shell.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <thread>

#include "tests/unit/cli/desk.h"

namespace yoke::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST(ExitCode, IsOneForEachKindOfFailure) {
  const std::pair<Errc, int> rows[] = {
      {Errc::kFailed, 1},   {Errc::kInvalid, 2}, {Errc::kDenied, 3},      {Errc::kNotFound, 4},
      {Errc::kConflict, 5}, {Errc::kRefused, 6}, {Errc::kUnavailable, 7}, {Errc::kTimeout, 124},
  };
  FakeMgmt mgmt;
  Desk desk(mgmt);
  for (const auto& [kind, code] : rows) {
    EXPECT_EQ(exit_code(kind), code);
    mgmt.answer("show", Error{kind, "E-999", "because", 3});
    EXPECT_EQ(desk.run("show pool"), code);
    EXPECT_EQ(desk.talk.str(), "E-999 because\n");
    EXPECT_EQ(desk.data.str(), "");
  }
}

TEST(Shell, PutsDataAndTalkApart) {
  FakeMgmt mgmt;
  mgmt.answer("show", json{{"rows", {{{"name", "web"}, {"method", "nat"}}}}});
  Desk desk(mgmt);
  EXPECT_EQ(desk.run("show pool"), 0);
  EXPECT_THAT(desk.data.str(), StartsWith("NAME  METHOD"));
  EXPECT_EQ(desk.talk.str(), "");
  EXPECT_EQ(desk.run("show bogus"), 2);
  EXPECT_EQ(desk.data.str(), "");
  EXPECT_THAT(desk.talk.str(), StartsWith("show bogus\n     ^"));
}

TEST(Shell, WhatGoesToAFileFromATerminalIsWhole) {
  FakeMgmt mgmt;
  const std::string words(300, 'w');
  mgmt.answer("show", json{{"rows", {{{"name", "web"}, {"method", "nat"}, {"vips", words}}}}});
  const TempFolder folder;
  Desk desk(mgmt);
  EXPECT_EQ(desk.run("show pool"), 0);
  EXPECT_THAT(desk.data.str(), HasSubstr("..."));
  EXPECT_EQ(desk.run("show pool | save " + folder.file("pools")), 0);
  EXPECT_EQ(desk.run("show pool"), 0);
  std::ifstream saved(folder.file("pools"));
  const std::string text{std::istreambuf_iterator<char>(saved), {}};
  EXPECT_THAT(text, HasSubstr(words + "\n"));
}

TEST(Shell, OfTheLogTheUnitChooses) {
  FakeMgmt mgmt;
  mgmt.answer("show", json{{"rows", json::array()}});
  Desk desk(mgmt);
  EXPECT_EQ(desk.run("show log since 2h level warning event server-down"), 0) << desk.talk.str();
  EXPECT_EQ(desk.run("show log event server-down"), 0) << desk.talk.str();
  EXPECT_EQ(desk.run("show log"), 0);
  EXPECT_EQ(mgmt.calls("show"), (std::vector<json>{{{"object", "log"},
                                                    {"since_ms", 7'200'000},
                                                    {"level", "warning"},
                                                    {"event", "server-down"}},
                                                   {{"object", "log"}, {"event", "server-down"}},
                                                   {{"object", "log"}}}));
  EXPECT_EQ(desk.run("show log since yesterday"), 2);
  EXPECT_EQ(desk.run("show log level"), 2);
  EXPECT_EQ(desk.run("show log level bad"), 2);
}

TEST(Shell, InJsonAnErrorIsOneObjectToo) {
  FakeMgmt mgmt;
  Desk desk(mgmt, Mode::kScript, {.json = true, .pretty = false});
  EXPECT_EQ(desk.run("show bogus"), 2);
  EXPECT_EQ(desk.data.str(), "");
  const json wrong = json::parse(desk.talk.str());
  EXPECT_EQ(wrong["schema"], "yoke/1");
  EXPECT_EQ(wrong["error"]["id"], "E-101");
  EXPECT_EQ(wrong["error"]["kind"], "invalid");
  EXPECT_EQ(wrong["error"]["line"], "show bogus");
  EXPECT_EQ(wrong["error"]["column"], 5);
  mgmt.answer("show", Error{Errc::kConflict, "E-999", "because", 3});
  EXPECT_EQ(desk.run("show pool"), 5);
  EXPECT_EQ(json::parse(desk.talk.str())["error"],
            (json{{"id", "E-999"}, {"kind", "conflict"}, {"text", "because"}}));
  EXPECT_EQ(desk.run("show \xff"), 2);
  EXPECT_TRUE(json::accept(desk.talk.str())) << "though what was typed is no UTF-8";
}

TEST(Shell, InJsonARefusedCommitTellsEachRuleThatIsBroken) {
  FakeMgmt mgmt;
  Desk desk(mgmt, Mode::kScript, {.json = true, .pretty = false});
  EXPECT_EQ(desk.run("set vip web pool nowhere"), 0);
  EXPECT_EQ(desk.run("commit"), 1);
  const json wrong = json::parse(desk.talk.str())["error"];
  ASSERT_TRUE(wrong["more"].is_array() && !wrong["more"].empty()) << wrong;
  EXPECT_THAT(wrong["more"][0].get<std::string>(), StartsWith("E-2"));
}

TEST(Shell, WhoWaitsLongIsToldOnceACall) {
  FakeMgmt mgmt;
  mgmt.on("show", [](const json&) -> yoke::Result<json> {
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    return json{{"rows", json::array()}};
  });
  Desk desk(mgmt);
  int told = 0;
  desk.connection.when_late(std::chrono::milliseconds(5), [&] { ++told; });
  EXPECT_EQ(desk.run("show pool"), 0);
  EXPECT_EQ(told, 1);
}

TEST(Shell, InJsonEveryCommandThatPrintsAnswersWithOneObject) {
  FakeMgmt mgmt;
  mgmt.commit_lines(kWeb);
  mgmt.answer("show", json{{"schema", "yoke/1"}, {"rows", json::array()}});
  Desk desk(mgmt, Mode::kScript, {.json = true, .pretty = false});
  for (const char* line :
       {"show pool", "show pool | json", "show configuration", "diff", "check", "commit", "help"}) {
    EXPECT_EQ(desk.run(line), 0) << line;
    EXPECT_TRUE(json::accept(desk.data.str())) << line << ": " << desk.data.str();
    EXPECT_EQ(desk.talk.str(), "") << line;
  }
  EXPECT_EQ(desk.run("commit"), 0);
  EXPECT_EQ(json::parse(desk.data.str()),
            (json{{"schema", "yoke/1"}, {"revision", 6}, {"changes", 0}}));
  EXPECT_EQ(desk.run("set pool web"), 0);
  EXPECT_EQ(desk.data.str(), "");
  // What is wrong is data as well.
  EXPECT_EQ(desk.run("set vip other pool nowhere"), 0);
  EXPECT_EQ(desk.run("check"), 1);
  EXPECT_FALSE(json::parse(desk.data.str())["violations"].empty());
}

TEST(Shell, SkipsBlanksAndComments) {
  FakeMgmt mgmt;
  mgmt.stop();
  Desk desk(mgmt);
  for (const char* line : {"", "   ", "\t", "# set pool web", "  # x", "\r"}) {
    EXPECT_EQ(desk.run(line), 0) << line;
    EXPECT_EQ(desk.talk.str(), "") << line;
  }
}

TEST(Shell, StopsAtTheFirstErrorAndSaysWhere) {
  FakeMgmt mgmt;
  Desk desk(mgmt);
  std::istringstream script("# comment\r\nset pool web\r\nset pool web bogus\ncommit");
  EXPECT_EQ(desk.shell.run_all(script), 2);
  EXPECT_THAT(desk.talk.str(), HasSubstr("set pool web bogus\n             ^\nE-101"));
  EXPECT_THAT(desk.talk.str(), HasSubstr("Stopped at line 3."));
  EXPECT_THAT(mgmt.calls("commit"), IsEmpty());
  desk.talk.str("");
  desk.shell.tell_of_lost_edits(desk.connection);
  EXPECT_THAT(desk.talk.str(), HasSubstr("not committed"));
}

TEST(Shell, OfSeveralCommandsNamesTheOneThatFailed) {
  FakeMgmt mgmt;
  Desk desk(mgmt);
  EXPECT_EQ(desk.shell.run_all(std::vector<std::string>{"set pool web", "delete pool x", "commit"}),
            4);
  EXPECT_THAT(desk.talk.str(), HasSubstr("Stopped at command 2."));
  EXPECT_EQ(desk.shell.run_all(std::vector<std::string>{"set pool web", "exit", "commit"}), 0);
  EXPECT_THAT(mgmt.calls("commit"), IsEmpty());
}

TEST(Shell, ReadsWordsOfAnArgumentListAsTheyAre) {
  const std::vector<std::string> lists[] = {
      {"show", "pool", "web"},
      {"commit", "note", "say \"hi\" \\ | there"},
      {"commit", "note", ""},
      {"show", "pool", "|", "match", "a b"},
  };
  for (const auto& words : lists) {
    const std::string line = line_of(words);
    const auto split = split_line(line);
    ASSERT_TRUE(split) << line;
    std::vector<std::string> texts;
    for (const model::Word& word : *split) texts.push_back(word.text);
    EXPECT_EQ(texts, words) << line;
    EXPECT_TRUE(read_line(line, Mode::kScript)) << line;
  }
}

}  // namespace
}  // namespace yoke::cli
