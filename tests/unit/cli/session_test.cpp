// SPDX-License-Identifier: Apache-2.0
#include "cli/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/apply.h"
#include "tests/unit/cli/desk.h"

namespace yoke::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST(Session, EditsADifferenceAndCommitsIt) {
  FakeMgmt mgmt;
  mgmt.commit_lines(kWeb);
  Desk desk(mgmt);
  EXPECT_EQ(desk.run("set pool web server 192.0.2.12:80 weight 3"), 0);
  EXPECT_EQ(desk.talk.str(), "");
  EXPECT_TRUE(desk.connection.has_edits());
  EXPECT_EQ(desk.run("diff"), 0);
  EXPECT_EQ(desk.data.str(), "+ pool web server 192.0.2.12:80 weight 3\n");
  EXPECT_EQ(desk.run("check"), 0);
  EXPECT_EQ(desk.talk.str(),
            "The candidate breaks no rule; whether you may commit it, and the data plane takes it, "
            "commit tells.\n");
  EXPECT_EQ(desk.run("commit note a second server"), 0);
  EXPECT_EQ(desk.talk.str(), "Revision 7: 1 change.\n");
  EXPECT_EQ(mgmt.calls("commit"), (std::vector<json>{{{"note", "a second server"}}}));
  EXPECT_FALSE(desk.connection.has_edits());
  EXPECT_THAT(mgmt.running(), HasSubstr("192.0.2.12:80 weight 3"));
  EXPECT_EQ(desk.run("commit"), 0);
  EXPECT_EQ(desk.talk.str(), "No change: revision 7 stays.\n");
  EXPECT_EQ(desk.run("diff"), 0);
  EXPECT_EQ(desk.talk.str(), "No change.\n");
}

TEST(Session, ExportsWhatApplyTakes) {
  FakeMgmt mgmt;
  mgmt.commit_lines(kWeb);
  Desk desk(mgmt);
  EXPECT_EQ(desk.run("export"), 0);
  EXPECT_EQ(desk.data.str(),
            "set pool web server 192.0.2.11:80 weight 2\n"
            "set vip web 203.0.113.10:80/tcp pool web\n");
  const std::string commands = desk.data.str();
  EXPECT_EQ(desk.run("export set candidate"), 0);
  EXPECT_EQ(desk.data.str(), commands);
  EXPECT_EQ(desk.run("export json"), 0);
  EXPECT_EQ(read_configuration(desk.data.str()).value(), read_configuration(commands).value());
  EXPECT_EQ(desk.run("export json 5"), 0);
  EXPECT_EQ(mgmt.calls("config").back(), (json{{"revision", 5}}));
  EXPECT_EQ(desk.run("export yaml"), 2);
}

TEST(Session, ExportsWhatItKnowsOfTheSchemaWithoutADaemon) {
  Connection connection("/nowhere/mgmt.sock");
  Session session(connection, Mode::kScript);
  std::ostringstream data, talk;
  Shell shell(session, {}, data, talk);
  EXPECT_EQ(shell.run("export schema"), 0) << talk.str();
  EXPECT_EQ(json::parse(data.str())["properties"]["schema"]["const"], "yoke/1");
  data.str("");
  EXPECT_EQ(shell.run("export manual"), 0) << talk.str();
  EXPECT_THAT(data.str(), StartsWith("# Settings"));
}

TEST(Session, EditsAloneUntilItLeavesTheMode) {
  FakeMgmt mgmt;
  mgmt.answer("lock", json::object());
  mgmt.answer("unlock", json::object());
  Desk desk(mgmt, Mode::kOper);
  EXPECT_EQ(desk.run("configure exclusive"), 0) << desk.talk.str();
  EXPECT_EQ(mgmt.calls("lock").back(), (json{{"force", false}}));
  EXPECT_EQ(desk.session.prompt(), "lb-a [exclusive]# ");
  EXPECT_EQ(desk.run("exit"), 0);
  EXPECT_EQ(mgmt.calls("unlock").size(), 1U);
  EXPECT_EQ(desk.session.prompt(), "lb-a> ");
  EXPECT_EQ(desk.run("configure exclusive force"), 0);
  EXPECT_EQ(mgmt.calls("lock").back(), (json{{"force", true}}));
  EXPECT_EQ(desk.run("exit"), 0);
  mgmt.answer("lock", Error{Errc::kConflict, "E-412", "ann edits alone", -1});
  EXPECT_EQ(desk.run("configure exclusive"), 5);
  EXPECT_EQ(desk.session.mode(), Mode::kOper);
  EXPECT_EQ(desk.run("configure"), 0);
  EXPECT_EQ(desk.run("exit"), 0);
  EXPECT_EQ(mgmt.calls("unlock").size(), 2U) << "what was not locked";
}

// What E-412 names is to be typed where it is shown.
TEST(Session, EditsAloneAlsoFromWithinConfigurationMode) {
  FakeMgmt mgmt;
  mgmt.answer("lock", json::object());
  Desk desk(mgmt, Mode::kOper);
  EXPECT_EQ(desk.run("configure"), 0);
  EXPECT_EQ(desk.run("set pool web"), 0);
  EXPECT_EQ(desk.run("edit pool web"), 0);
  EXPECT_EQ(desk.run("configure exclusive force"), 0) << desk.talk.str();
  EXPECT_EQ(mgmt.calls("lock").back(), (json{{"force", true}}));
  EXPECT_EQ(desk.session.prompt(), "lb-a [pool web] [exclusive]*# ");
  EXPECT_EQ(desk.run("configure exclusive"), 0);
  EXPECT_EQ(desk.run("configure"), 2);
  EXPECT_THAT(desk.talk.str(), HasSubstr("E-113 this is configuration mode already"));
}

TEST(Session, ThePromptSaysWhatTheUnitIsInItsPair) {
  FakeMgmt mgmt;
  Desk desk(mgmt, Mode::kOper);
  const json alone = {{"unit", "lb-a"}, {"role", ""}, {"alone", false}, {"revision", nullptr}};
  json active = alone;
  active["role"] = "ACTIVE";
  mgmt.answer("unconfirmed", active);
  EXPECT_EQ(desk.session.look_for_unconfirmed(), "");
  EXPECT_EQ(desk.session.prompt(), "lb-a(ACTIVE)> ");
  mgmt.answer("unconfirmed", alone);
  EXPECT_EQ(desk.session.look_for_unconfirmed(), "");
  EXPECT_EQ(desk.session.prompt(), "lb-a> ");
}

TEST(Session, ShowsThePairAndAsksItToMove) {
  FakeMgmt mgmt;
  mgmt.answer("show", {{"object", "ha"},
                       {"rows",
                        {{{"group", "blue"},
                          {"vrid", 7},
                          {"role", "ACTIVE"},
                          {"peer_role", "STANDBY"},
                          {"peer_heard_ms", 3},
                          {"epoch", 12},
                          {"trouble", "jeopardy"}}}}});
  mgmt.answer("ha", {{"groups", 1}});
  Desk desk(mgmt, Mode::kOper);
  EXPECT_EQ(desk.run("show ha"), 0);
  EXPECT_THAT(desk.data.str(), HasSubstr("blue"));
  EXPECT_THAT(desk.data.str(), HasSubstr("STANDBY"));
  EXPECT_THAT(desk.data.str(), HasSubstr("jeopardy"));
  EXPECT_EQ(desk.run("show ha history"), 0);
  EXPECT_EQ(mgmt.calls("show").back(), (json{{"object", "ha-history"}}));
  EXPECT_EQ(desk.run("request ha failover"), 0);
  EXPECT_EQ(mgmt.calls("ha").back(), (json{{"request", "failover"}}));
  EXPECT_EQ(desk.run("request ha standby group blue force"), 0);
  EXPECT_EQ(mgmt.calls("ha").back(),
            (json{{"request", "standby"}, {"group", "blue"}, {"force", true}}));
  EXPECT_NE(desk.run("request ha"), 0);
}

TEST(Session, TheLockThatAnAdminTookIsToldAtThePrompt) {
  FakeMgmt mgmt;
  mgmt.answer("lock", json::object());
  Desk desk(mgmt, Mode::kOper);
  EXPECT_EQ(desk.run("configure exclusive"), 0);
  mgmt.answer("unconfirmed", {{"unit", "lb-a"}, {"alone", true}, {"revision", nullptr}});
  EXPECT_EQ(desk.session.look_for_unconfirmed(), "");
  mgmt.answer("unconfirmed", {{"unit", "lb-a"}, {"alone", false}, {"revision", nullptr}});
  EXPECT_THAT(desk.session.look_for_unconfirmed(), HasSubstr("alone no more"));
  EXPECT_EQ(desk.session.prompt(), "lb-a# ");
}

TEST(Session, ThatItNoLongerEditsAloneIsTold) {
  FakeMgmt mgmt;
  mgmt.answer("lock", json::object());
  Desk desk(mgmt, Mode::kOper);
  EXPECT_EQ(desk.run("configure exclusive"), 0);
  mgmt.restart();
  EXPECT_NE(desk.run("diff"), 0);
  EXPECT_THAT(desk.talk.str(), HasSubstr("others may edit again"));
  EXPECT_EQ(desk.session.prompt(), "lb-a# ");
  EXPECT_EQ(desk.run("diff"), 0);
}

// A probe as `show` and `tested` tell it.
json probe_row(const std::string& outcome, const std::string& text) {
  return {{"pool", "web"},
          {"server", "192.0.2.11:80"},
          {"check", "http:admin"},
          {"ago_s", 3},
          {"outcome", outcome},
          {"took_us", 2900},
          {"text", text},
          {"steps", json::array({{{"at_us", 400}, {"text", "connected"}},
                                 {{"at_us", 2900}, {"text", text}}})}};
}

TEST(Session, ShowsTheProbesOfAServerStepByStep) {
  FakeMgmt mgmt;
  mgmt.commit_lines(kWeb);
  Desk desk(mgmt);
  mgmt.answer("show", json{{"rows", json::array({probe_row("failed", "http 503, expected 200")})}});
  EXPECT_EQ(desk.run("show check web 192.0.2.11:80"), 0);
  EXPECT_EQ(mgmt.calls("show").back(),
            json({{"object", "probe"}, {"name", "web"}, {"server", "192.0.2.11:80"}}));
  EXPECT_THAT(desk.data.str(), HasSubstr("http:admin      3s  failed        2.9ms\n"
                                         "       0.4ms  connected\n"
                                         "       2.9ms  http 503, expected 200\n"));
}

TEST(Session, WaitsForTheProbesOfATestAndFailsWhereOneDoes) {
  FakeMgmt mgmt;
  mgmt.commit_lines(kWeb);
  Desk desk(mgmt);
  mgmt.answer("test", json{{"test", 5}});
  mgmt.answer("tested",
              json{{"done", true}, {"rows", json::array({probe_row("passed", "http 200 3ms")})}});
  EXPECT_EQ(desk.run("test check web 192.0.2.11:80"), 0);
  EXPECT_EQ(mgmt.calls("test"),
            (std::vector<json>{{{"pool", "web"}, {"server", "192.0.2.11:80"}}}));
  EXPECT_EQ(mgmt.calls("tested"), (std::vector<json>{{{"test", 5}}}));
  EXPECT_THAT(desk.data.str(), HasSubstr("http 200 3ms"));
  mgmt.answer("tested",
              json{{"done", true}, {"rows", json::array({probe_row("failed", "http 503")})}});
  EXPECT_EQ(desk.run("test check web"), 1);
  EXPECT_THAT(desk.talk.str(), HasSubstr("E-423 1 of 1 probe did not pass"));
  EXPECT_THAT(desk.data.str(), HasSubstr("http 503"));
  mgmt.answer("tested", json{{"done", true}, {"rows", json::array()}});
  EXPECT_EQ(desk.run("test check web"), 1) << "which says nothing good of any server";
}

TEST(Session, ADifferenceThatIsPassedOnHasItsImpactAndConflicts) {
  FakeMgmt mgmt;
  Desk desk(mgmt);
  json diff = {{"changes", {{{"sign", "-"}, {"path", {"vip", "old"}}}}},
               {"conflicts", json::array()},
               {"impact", {{{"path", "vip old"}, {"effect", "drain"}, {"flows", nullptr}}}}};
  mgmt.answer("diff", diff);
  EXPECT_EQ(desk.run("diff"), 0);
  EXPECT_EQ(desk.data.str(),
            "- vip old\n  vip old: some open flows drain\n"
            "impact: no open flows cut, some open flows drain\n");
  EXPECT_EQ(desk.talk.str(), "");
  diff["conflicts"] = {{{"text", "vip old: gone here, kept there"}}};
  diff["impact"] = json::array();
  mgmt.answer("diff", diff);
  EXPECT_EQ(desk.run("diff"), 0);
  EXPECT_EQ(desk.data.str(), "- vip old\n! vip old: gone here, kept there\n");
}

TEST(Session, ShowsOneRevisionWhole) {
  FakeMgmt mgmt;
  Desk desk(mgmt);
  const std::string note = std::string(70, 'a') + " " + std::string(70, 'b');
  json row = {{"revision", 7},          {"when", 1'700'000'000}, {"user", "ann"},
              {"from", "10.1.1.9 ssh"}, {"how", "cli"},          {"changes", "+1 pool"},
              {"note", note},           {"parent", 6},           {"hash", "0123456789abcdef"}};
  mgmt.answer("show", json{{"rows", {row}}});
  mgmt.answer("diff", json{{"changes", {{{"sign", "+"}, {"path", {"pool", "web"}}}}}});
  EXPECT_EQ(desk.run("show history 7"), 0) << desk.talk.str();
  EXPECT_EQ(mgmt.calls("show").back(), (json{{"object", "history"}, {"name", "7"}}));
  EXPECT_EQ(mgmt.calls("diff").back(), (json{{"from", 6}, {"to", 7}}));
  EXPECT_EQ(desk.data.str(), "REVISION  7\nWHEN      " + time_text(1'700'000'000) +
                                 "\nUSER      ann\nFROM      10.1.1.9 ssh\nHOW       cli\n"
                                 "NOTE      " +
                                 std::string(70, 'a') + "\n          " + std::string(70, 'b') +
                                 "\nPARENT    6\nHASH      0123456789abcdef\n"
                                 "CHANGES   +1 pool\n\n+ pool web\n");
  // The one before it is kept no more.
  mgmt.answer("diff", Error{Errc::kNotFound, "E-404", "there is no revision 6", -1});
  EXPECT_EQ(desk.run("show history 7"), 0) << desk.talk.str();
  EXPECT_THAT(desk.data.str(), testing::EndsWith("CHANGES   +1 pool\n"));
  EXPECT_EQ(desk.run("show history x"), 2);
}

TEST(Session, AnEditThatChangesNothingLeavesNoMark) {
  FakeMgmt mgmt;
  Desk desk(mgmt, Mode::kOper);
  EXPECT_EQ(desk.run("configure"), 0);
  mgmt.answer("edit", json{{"edited", 1}, {"changed", false}});
  EXPECT_EQ(desk.run("set pool web"), 0);
  EXPECT_EQ(desk.session.prompt(), "lb-a# ");
  EXPECT_EQ(desk.run("exit"), 0);
  EXPECT_EQ(desk.talk.str(), "");
}

TEST(Session, ForgetsEdits) {
  FakeMgmt mgmt;
  Desk desk(mgmt);
  EXPECT_EQ(desk.run("set pool web"), 0);
  EXPECT_EQ(desk.run("discard"), 0);
  EXPECT_FALSE(desk.connection.has_edits());
  EXPECT_EQ(desk.run("diff"), 0);
  EXPECT_EQ(desk.data.str(), "");
}

TEST(Session, ShowsTheConfigurationAndTheCandidateAsCommands) {
  FakeMgmt mgmt;
  Desk desk(mgmt);
  EXPECT_EQ(desk.run("show configuration"), 0);
  EXPECT_EQ(desk.talk.str(), "The configuration is empty.\n");
  mgmt.commit_lines(kWeb);
  EXPECT_EQ(desk.run("delete vip web"), 0);
  EXPECT_EQ(desk.run("show configuration"), 0);
  EXPECT_EQ(desk.data.str(), kWeb);
  EXPECT_EQ(desk.run("show configuration candidate"), 0);
  EXPECT_EQ(desk.data.str(), "set pool web server 192.0.2.11:80 weight 2\n");
}

TEST(Session, ARefusedCommitSaysWhatToMend) {
  FakeMgmt mgmt;
  Desk desk(mgmt);
  EXPECT_EQ(desk.run("set vip web pool nowhere"), 0);
  EXPECT_EQ(desk.run("check"), 1);
  EXPECT_THAT(desk.data.str(), HasSubstr("E-202 vip web"));
  EXPECT_THAT(desk.talk.str(), HasSubstr("E-450 the candidate cannot be committed: 2 errors"));
  EXPECT_EQ(desk.run("commit"), 1);
  EXPECT_THAT(desk.talk.str(), HasSubstr("E-202 vip web"));
  EXPECT_THAT(desk.talk.str(), HasSubstr("E-450"));
  EXPECT_TRUE(desk.connection.has_edits());
}

TEST(Session, AsksForOneByName) {
  FakeMgmt mgmt;
  mgmt.answer("show", json{{"rows", json::array()}});
  Desk desk(mgmt);
  EXPECT_EQ(desk.run("show pool web"), 0);
  EXPECT_EQ(desk.run("show pool"), 0);
  const std::vector<json> expected = {{{"object", "pool"}, {"name", "web"}}, {{"object", "pool"}}};
  EXPECT_EQ(mgmt.calls("show"), expected);
}

TEST(Session, PromptTellsUnitEditsAndMode) {
  FakeMgmt mgmt;
  Desk desk(mgmt, Mode::kOper);
  EXPECT_TRUE(desk.connection.greet());
  EXPECT_EQ(desk.session.prompt(), "lb-a> ");
  EXPECT_EQ(desk.run("configure"), 0);
  EXPECT_EQ(desk.session.prompt(), "lb-a# ");
  EXPECT_EQ(desk.run("set pool web"), 0);
  EXPECT_EQ(desk.session.prompt(), "lb-a*# ");
  EXPECT_EQ(desk.run("exit"), 0);
  EXPECT_EQ(desk.session.prompt(), "lb-a*> ");
}

TEST(Session, LeavesWithEditsOnlyWhenToldTwice) {
  FakeMgmt mgmt;
  Desk desk(mgmt, Mode::kOper);
  EXPECT_EQ(desk.run("configure"), 0);
  EXPECT_EQ(desk.run("set pool web"), 0);
  EXPECT_EQ(desk.run("exit"), 0);
  EXPECT_EQ(desk.run("exit"), 0);
  EXPECT_FALSE(desk.session.ended());
  EXPECT_THAT(desk.talk.str(), HasSubstr("uncommitted edits"));
  EXPECT_EQ(desk.run("show configuration"), 0);
  EXPECT_EQ(desk.run("exit"), 0);
  EXPECT_FALSE(desk.session.ended()) << "what came between makes it the first time again";
  EXPECT_EQ(desk.run("exit"), 0);
  EXPECT_TRUE(desk.session.ended());
}

TEST(Session, EditsThatAreKeptOutsideConfigurationModeCanBeSeenAndForgottenThere) {
  FakeMgmt mgmt;
  Desk desk(mgmt, Mode::kOper);
  EXPECT_EQ(desk.run("configure"), 0);
  EXPECT_EQ(desk.run("set pool web"), 0);
  EXPECT_EQ(desk.run("exit"), 0);
  EXPECT_THAT(desk.talk.str(), HasSubstr("The edits are kept"));
  EXPECT_EQ(desk.run("diff"), 0);
  EXPECT_EQ(desk.data.str(), "+ pool web\n");
  EXPECT_EQ(desk.run("diff 5 7"), 0);
  EXPECT_EQ(desk.run("discard"), 0);
  EXPECT_EQ(desk.session.prompt(), "lb-a> ");
}

TEST(Session, CompletesKeysOfTheCandidate) {
  FakeMgmt mgmt;
  mgmt.commit_lines(kWeb);
  Desk desk(mgmt);
  EXPECT_EQ(desk.run("set pool dns"), 0);
  EXPECT_EQ(desk.session.keys("pool", {}), (std::vector<std::string>{"dns", "web"}));
  EXPECT_EQ(desk.session.keys("server", {{"pool", "web"}}),
            std::vector<std::string>{"192.0.2.11:80"});
  mgmt.answer("config", json::array());
  EXPECT_THAT(desk.session.keys("pool", {}), IsEmpty());
  mgmt.stop();
  EXPECT_THAT(desk.session.keys("pool", {}), IsEmpty());
}

// Whatever shape an answer has, a command ends with an exit code.
TEST(Session, AnswersOfAnotherShapeAreNoCrash) {
  const json shapes[] = {
      nullptr,
      true,
      7,
      "text",
      json::array({1}),
      json::object(),
      {{"rows", 7}, {"document", 7}, {"changes", 7}, {"violations", 7}, {"revision", "x"}},
      {{"rows", {7, nullptr}}, {"document", {7}}, {"changes", {7}}, {"violations", {7}}}};
  FakeMgmt mgmt;
  Desk desk(mgmt);
  for (const json& shape : shapes) {
    for (const char* method : {"show", "config", "edit", "diff", "check", "discard", "commit"}) {
      mgmt.answer(method, shape);
    }
    for (const char* line :
         {"show pool", "show pool web", "show status", "show worker", "show version",
          "show history 7", "show configuration", "set pool web", "diff", "check", "discard",
          "commit", "show pool | json", "commit | json"}) {
      const int code = desk.run(line);
      EXPECT_TRUE(code == 0 || code == 1 || code == 2) << line << ' ' << shape.dump();
    }
  }
  for (const json& shape : shapes) {
    mgmt.answer("hello", shape);
    Desk other(mgmt);
    EXPECT_EQ(other.run("help"), 0);
    (void)other.run("discard");
    EXPECT_EQ(other.session.prompt(), "> ");
  }
}

}  // namespace
}  // namespace yoke::cli
