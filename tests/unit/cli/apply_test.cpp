// SPDX-License-Identifier: Apache-2.0
#include "cli/apply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/unit/cli/fake_mgmt.h"

namespace yoke::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr std::string_view kCommands =
    "# a unit\r\n"
    "\n"
    "set pool web server 192.0.2.11:80 192.0.2.12:80\r\n"
    "  set pool web server 192.0.2.12:80 weight 2\n"
    "set pool old\n"
    "delete pool old\n"
    "set vip web 203.0.113.10:80/tcp pool web";
constexpr std::string_view kCanonical =
    "set pool web server 192.0.2.11:80\n"
    "set pool web server 192.0.2.12:80 weight 2\n"
    "set vip web 203.0.113.10:80/tcp pool web\n";

TEST(ReadConfiguration, TakesCommandsAndDocumentsAlike) {
  const auto commands = read_configuration(kCommands);
  ASSERT_TRUE(commands) << commands.error().error.text;
  EXPECT_EQ(model::to_commands(*commands), kCanonical);
  const auto document = read_configuration("\r\n  " + model::to_json(*commands).dump(2));
  ASSERT_TRUE(document) << document.error().error.text;
  EXPECT_EQ(*document, *commands);
}

TEST(ReadConfiguration, SkipsTheMarkThatEditorsPutBeforeUtf8) {
  const std::string mark = "\xef\xbb\xbf";
  const auto commands = read_configuration(mark + "set pool web\n");
  ASSERT_TRUE(commands) << commands.error().error.text;
  const auto document = read_configuration(mark + model::to_json(*commands).dump());
  ASSERT_TRUE(document) << document.error().error.text;
  EXPECT_EQ(*document, *commands);
}

struct BadFile {
  std::string_view text;
  std::string_view id;
  std::size_t line;
  int column;
};

const BadFile kBadFiles[] = {
    {"set pool web\nset pool web bogus", "E-101", 2, 13},
    {"\n\n  shw pool", "E-101", 3, 2},
    {"commit", "E-101", 1, 0},
    {"set pool web | count", "E-101", 1, 13},
    {"set pool web\r\nset pool\r\n", "E-106", 2, 8},
    {"set vip web \"203", "E-107", 1, 12},
    {"set pool we\x01", "E-107", 1, 11},
    {"se pool web", "E-101", 1, 0},
    {"delete pool web", "E-404", 1, -1},
    {"", "E-406", 0, -1},
    {"# nothing\n\n", "E-406", 0, -1},
    {"set pool a server 192.0.2.11:80\ndelete pool a\n", "E-406", 0, -1},
    {"{\"schema\":\"yoke/1\",\"pool\":{}}", "E-406", 0, -1},
    {"{", "E-110", 0, -2},
    {"{\"schema\":\"yoke/1\",\"pool\":7}", "E-111", 0, -2},
    {"{\"schema\":\"yoke/9\"}", "E-111", 0, -2},
};

TEST(ReadConfiguration, SaysWhichLineIsWrong) {
  for (const BadFile& row : kBadFiles) {
    SCOPED_TRACE(row.text);
    const auto config = read_configuration(row.text);
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().error.id, row.id);
    EXPECT_EQ(config.error().line, row.line);
    if (row.column > -2) {
      EXPECT_EQ(config.error().error.column, row.column);
    }
  }
}

struct Desk {
  explicit Desk(FakeMgmt& mgmt) : connection(mgmt.socket()) {}
  int apply(const std::string& file, Style style = {}) { return run({file, "", false}, style); }
  int trial(const std::string& file, Style style = {}) { return run({file, "", true}, style); }
  int run(const ApplyOptions& options, Style style = {}) {
    data.str("");
    talk.str("");
    return apply_file(options, connection, style, data, talk);
  }
  Connection connection;
  std::ostringstream data, talk;
};

TEST(Apply, MakesTheFileTheWholeConfigurationOnce) {
  FakeMgmt mgmt;
  mgmt.commit_lines("set pool gone\n");
  const TempFolder folder;
  const std::string file = folder.write("unit.conf", kCommands);
  Desk desk(mgmt);
  EXPECT_EQ(desk.run({.file = file, .note = "why", .dry_run = false}), 0);
  EXPECT_EQ(desk.data.str(),
            "- pool gone\n+ pool web\n+ pool web server 192.0.2.11:80\n"
            "+ pool web server 192.0.2.12:80 weight 2\n"
            "+ vip web 203.0.113.10:80/tcp pool web\n");
  EXPECT_EQ(desk.talk.str(), "Revision 7: 5 changes.\n");
  EXPECT_EQ(mgmt.running(), kCanonical);
  EXPECT_EQ(mgmt.calls("commit"), (std::vector<json>{{{"note", "why"}}}));
  EXPECT_EQ(desk.apply(file), 0);
  EXPECT_EQ(desk.data.str(), "");
  EXPECT_EQ(desk.talk.str(), "No change: revision 7 stays.\n");
}

TEST(Apply, ADryRunSaysWhatWouldChangeAndChangesNothing) {
  FakeMgmt mgmt;
  const TempFolder folder;
  const std::string file = folder.write("unit.conf", "set pool web\n");
  Desk desk(mgmt);
  EXPECT_EQ(desk.trial(file), 0);
  EXPECT_EQ(desk.data.str(), "+ pool web\n");
  EXPECT_EQ(desk.talk.str(), "Dry run: +1 pool not committed.\n");
  EXPECT_EQ(mgmt.running(), "");
  EXPECT_THAT(mgmt.calls("commit"), IsEmpty());
  EXPECT_EQ(desk.trial(file, {.json = true, .pretty = false}), 0);
  EXPECT_EQ(json::parse(desk.data.str())["changes"].size(), 1U);
  mgmt.commit_lines("set pool web\n");
  EXPECT_EQ(desk.trial(file), 0);
  EXPECT_EQ(desk.talk.str(), "Dry run: no change.\n");
}

TEST(Apply, TellsWhatItDoesToOpenConnections) {
  FakeMgmt mgmt;
  const json impact = {{{"path", "vip old"}, {"effect", "cut"}, {"flows", 120}},
                       {{"path", "port wan"}, {"effect", "restart"}, {"flows", 0}}};
  mgmt.answer("diff",
              json{{"changes", {{{"sign", "-"}, {"path", {"vip", "old"}}}}}, {"impact", impact}});
  const TempFolder folder;
  const std::string file = folder.write("unit.conf", "set pool web\n");
  Desk desk(mgmt);
  const std::string told =
      "- vip old\n  vip old: 120 open flows cut\n"
      "  port wan: from the data plane's next start on\n"
      "impact: 120 open flows cut, no open flows drain\n";
  EXPECT_EQ(desk.trial(file), 0);
  EXPECT_EQ(desk.data.str(), told);
  EXPECT_EQ(desk.trial(file, {.json = true, .pretty = false}), 0);
  EXPECT_EQ(json::parse(desk.data.str())["impact"], impact);
  EXPECT_EQ(desk.apply(file), 0);
  EXPECT_EQ(desk.data.str(), told);
}

TEST(Apply, InJsonAnswersWithOneObject) {
  FakeMgmt mgmt;
  const TempFolder folder;
  Desk desk(mgmt);
  EXPECT_EQ(desk.apply(folder.write("a", "set pool web\n"), {.json = true, .pretty = false}), 0);
  EXPECT_EQ(json::parse(desk.data.str()),
            (json{{"schema", "yoke/1"}, {"revision", 7}, {"changes", 1}}));
}

TEST(Apply, AFileThatIsWrongNamesItsLineAndReachesNobody) {
  FakeMgmt mgmt;
  const TempFolder folder;
  const std::string file = folder.write("unit.conf", "set pool web\nset pool web bogus\n");
  Desk desk(mgmt);
  EXPECT_EQ(desk.apply(file), 2);
  EXPECT_THAT(desk.talk.str(),
              StartsWith(file + ", line 2:\nset pool web bogus\n             ^\nE-101"));
  EXPECT_THAT(mgmt.calls("hello"), IsEmpty());
}

TEST(Apply, AConfigurationThatBreaksRulesIsNotApplied) {
  FakeMgmt mgmt;
  const TempFolder folder;
  const std::string file = folder.write("unit.conf", "set vip web pool nowhere\n");
  Desk desk(mgmt);
  EXPECT_EQ(desk.apply(file), 1);
  EXPECT_THAT(desk.talk.str(), HasSubstr("E-202 vip web"));
  EXPECT_THAT(desk.talk.str(), HasSubstr("is not applied: 2 errors"));
  EXPECT_THAT(mgmt.calls("commit"), IsEmpty());
}

TEST(Apply, FilesThatCannotBeReadAreNotEmptyOnes) {
  FakeMgmt mgmt;
  mgmt.commit_lines("set pool web\n");
  const TempFolder folder;
  Desk desk(mgmt);
  EXPECT_EQ(desk.apply(folder.file("not-there")), 4);
  EXPECT_THAT(desk.talk.str(), HasSubstr("E-405"));
  EXPECT_THAT(desk.talk.str(), HasSubstr("No such file"));
  EXPECT_EQ(desk.apply(folder.path()), 1);
  EXPECT_THAT(desk.talk.str(), HasSubstr("E-405"));
  EXPECT_THAT(desk.talk.str(), HasSubstr("directory"));
  EXPECT_EQ(mgmt.running(), "set pool web\n");
}

TEST(Apply, TakesEverythingAwayOnlyFromWhoSaysSo) {
  FakeMgmt mgmt;
  mgmt.commit_lines("set pool web\n");
  const TempFolder folder;
  Desk desk(mgmt);
  const std::string nothing = folder.write("nothing.conf", "set pool a\ndelete pool a\n");
  for (const bool dry_run : {true, false}) {
    EXPECT_EQ(desk.run({.file = nothing, .note = "", .dry_run = dry_run}), 6);
    EXPECT_THAT(desk.talk.str(), HasSubstr("E-406"));
    EXPECT_THAT(desk.talk.str(), HasSubstr("{\"schema\":\"yoke/1\"}"));
  }
  EXPECT_THAT(mgmt.calls("load"), IsEmpty());
  EXPECT_EQ(desk.apply(folder.write("empty.json", "{\"schema\":\"yoke/1\"}\n")), 0);
  EXPECT_EQ(mgmt.running(), "");
}

TEST(Apply, AServerThatRestartsInBetweenIsNoSuccess) {
  const TempFolder folder;
  const std::string file = folder.write("unit.conf", "set pool web\n");
  for (const char* method : {"load", "check", "diff"}) {
    FakeMgmt mgmt;
    mgmt.restart_after(method);
    Desk desk(mgmt);
    EXPECT_EQ(desk.apply(file), 7) << method << ": " << desk.talk.str();
    EXPECT_EQ(mgmt.running(), "") << method;
  }
}

TEST(Apply, RefusalsKeepTheirExitCode) {
  const TempFolder folder;
  const std::string file = folder.write("unit.conf", "set pool web\n");
  for (const char* method : {"load", "check", "diff", "commit"}) {
    FakeMgmt mgmt;
    mgmt.answer(method, Error{Errc::kConflict, "E-409", "overtaken", -1});
    Desk desk(mgmt);
    EXPECT_EQ(desk.apply(file), 5) << method;
    EXPECT_EQ(desk.talk.str(), "E-409 overtaken\n") << method;
  }
  FakeMgmt mgmt;
  mgmt.stop();
  Desk desk(mgmt);
  EXPECT_EQ(desk.apply(file), 7);
}

TEST(Apply, AnswersOfAnotherShapeAreNoCrash) {
  const TempFolder folder;
  const std::string file = folder.write("unit.conf", "set pool web\n");
  for (const char* method : {"load", "check", "diff", "commit"}) {
    for (const json& shape :
         {json(), json(7), json::array({1}), json{{"changes", 7}, {"violations", 7}}}) {
      for (const bool as_json : {false, true}) {
        FakeMgmt mgmt;
        mgmt.answer(method, shape);
        Desk desk(mgmt);
        const int code = desk.apply(file, {.json = as_json, .pretty = false});
        EXPECT_GE(code, 0) << method << ' ' << shape.dump();
        if (method == std::string("check") || method == std::string("diff")) {
          EXPECT_NE(code, 0) << method << ' ' << shape.dump();
        }
      }
    }
  }
}

}  // namespace
}  // namespace yoke::cli
