// SPDX-License-Identifier: Apache-2.0
#include <pwd.h>
#include <unistd.h>

#include "tests/unit/rpc/rig.h"

// Every method of mgmt/README.md over the socket, as the CLI calls it.
namespace yoke::rpc {
namespace {

using commit::other_config;
using commit::web_config;
using commit::weighted_config;
using testing::HasSubstr;

class Methods : public testing::Test {
 protected:
  Rig rig_;
  Client client_ = rig_.client();
};

TEST_F(Methods, HelloTellsTheUnitAndWhoAsks) {
  const passwd* me = ::getpwuid(::geteuid());
  const json expected = {
      {"version", 1},
      {"unit", "lb-a"},
      {"user", me != nullptr ? me->pw_name : "uid " + std::to_string(::geteuid())},
      {"role", "admin"},
      {"banner", ""}};
  EXPECT_EQ(must(client_, "hello", {{"version", 1}}), expected);
}

TEST_F(Methods, TheUnitIsCalledAsItIsConfigured) {
  const json named = {{"name", "lb-7"}, {"banner", "hands off"}};
  (void)must(client_, "edit",
             {{"operations", {{{"op", "set"}, {"path", {"system", ""}}, {"fields", named}}}}});
  (void)must(client_, "commit");
  const auto hello = must(client_, "hello", {{"version", 1}});
  EXPECT_EQ(hello["unit"], "lb-7");
  EXPECT_EQ(hello["banner"], "hands off");
  EXPECT_EQ(must(client_, "unconfirmed")["unit"], "lb-7");
  EXPECT_EQ(must(client_, "show", {{"object", "status"}})["rows"][0]["unit"], "lb-7");
}

TEST_F(Methods, HelloInAnotherVersionIsRefused) {
  EXPECT_EQ(refusal(client_, "hello", {{"version", 2}}), "E-403");
  EXPECT_EQ(refusal(client_, "hello", {{"version", "1"}}), "E-403");
  EXPECT_EQ(refusal(client_, "hello"), "E-403");
}

TEST_F(Methods, AnEditIsSeenInTheCandidateAndNowhereElse) {
  const json edits = operations(
      {set({"pool", "web"}, {{"method", "dsr"}}), set({"pool", "web", "server", "192.0.2.11:80"})});
  EXPECT_EQ(must(client_, "edit", edits), json({{"edited", 2}, {"changed", true}}));
  const json document = {
      {"schema", "yoke/1"},
      {"pool", {{"web", {{"method", "dsr"}, {"server", {{"192.0.2.11:80", json::object()}}}}}}}};
  EXPECT_EQ(must(client_, "config", {{"candidate", true}}),
            json({{"revision", 0}, {"document", document}}));
  EXPECT_EQ(must(client_, "config")["document"], json({{"schema", "yoke/1"}}));
  EXPECT_EQ(
      must(client_, "diff")["changes"][0],
      json({{"sign", "+"}, {"path", {"pool", "web"}}, {"fields", {{"method", {nullptr, "dsr"}}}}}));
}

TEST_F(Methods, EditsAreAllCarriedOutOrNone) {
  (void)must(client_, "edit", operations({set({"pool", "a"})}));
  const json edits =
      operations({set({"pool", "b"}), set({"pool", "a", "server", "not an address"})});
  EXPECT_THAT(refusal(client_, "edit", edits), HasSubstr("E-10"));
  EXPECT_EQ(must(client_, "config", {{"candidate", true}})["document"]["pool"].size(), 1U);
  EXPECT_EQ(refusal(client_, "edit", operations({json{{"op", "delete"}, {"path", {"pool", "b"}}}})),
            "E-404");
  EXPECT_EQ(refusal(client_, "edit"), "E-111");
  EXPECT_EQ(refusal(client_, "edit", {{"operations", "all of it"}}), "E-111");
}

TEST_F(Methods, LoadReplacesTheCandidate) {
  (void)must(client_, "edit", operations({set({"pool", "other"})}));
  EXPECT_EQ(must(client_, "load", {{"document", model::to_json(web_config())}}), json::object());
  EXPECT_EQ(must(client_, "config", {{"candidate", true}})["document"],
            model::to_json(web_config()));
  EXPECT_EQ(refusal(client_, "load", {{"document", 7}}), "E-111");
  EXPECT_EQ(
      refusal(client_, "load", {{"document", {{"schema", "yoke/1"}, {"cellar", json::object()}}}}),
      "E-101");
  EXPECT_EQ(must(client_, "config", {{"candidate", true}})["document"],
            model::to_json(web_config()))
      << "what was loaded before is still there";
}

TEST_F(Methods, CheckTellsEveryViolation) {
  EXPECT_EQ(must(client_, "check"), json({{"violations", json::array()}}));
  (void)must(client_, "edit",
             operations({set({"vip", "a"}, {{"pool", "gone"}}), set({"vip", "b"})}));
  std::set<std::string> ids;
  const json found = must(client_, "check");
  for (const auto& violation : found["violations"]) {
    ids.insert(violation["id"].get<std::string>());
  }
  EXPECT_EQ(ids, (std::set<std::string>{"E-201", "E-202"}));
}

TEST_F(Methods, TestsAreOfTheCandidateAndToldUntilTheyAreDone) {
  (void)must(client_, "load", {{"document", model::to_json(web_config())}});
  EXPECT_EQ(must(client_, "test", {{"pool", "web"}}), json({{"test", 0}}));
  EXPECT_EQ(must(client_, "test", {{"pool", "web"}, {"server", "192.0.2.11:80"}}),
            json({{"test", 1}}));
  rig_.run([this] {
    EXPECT_EQ(rig_.asked, (std::vector<std::string>{"web", "web 192.0.2.11:80"}));
    rig_.tests = {{{.id = {"web", *net::Endpoint::parse("192.0.2.11:80")},
                    .check = "tcp",
                    .outcome = "running",
                    .text = "",
                    .began = {},
                    .took = {},
                    .steps = {}}}};
  });
  const json running = must(client_, "tested", {{"test", 0}});
  EXPECT_EQ(running["done"], false);
  EXPECT_EQ(running["rows"][0]["outcome"], "running");
  EXPECT_EQ(running["rows"][0]["ago_s"], json());
  rig_.run([this] { rig_.tests[0][0].outcome = "passed"; });
  EXPECT_EQ(must(client_, "tested", {{"test", 0}})["done"], true);
  EXPECT_EQ(refusal(client_, "tested", {{"test", 7}}), "E-422");
  EXPECT_EQ(refusal(client_, "tested"), "E-402");
  EXPECT_EQ(refusal(client_, "test", {{"pool", "none"}}), "E-404");
  EXPECT_EQ(refusal(client_, "test", {{"pool", "web"}, {"server", "192.0.2.99:80"}}), "E-404");
  EXPECT_EQ(refusal(client_, "test", {{"pool", "web"}, {"server", "x"}}), "E-104");
}

TEST_F(Methods, SecretsAreToldToThoseAloneWhoAskForThem) {
  const auto set_password = [this](const std::string& value) {
    (void)must(client_, "edit",
               operations({set({"pool", "db", "check", "redis"}, {{"password", value}})}));
  };
  const auto password = [this](json params) {
    return must(client_, "config", params)["document"]["pool"]["db"]["check"]["redis"]["password"];
  };
  set_password("hunter2");
  const json added = must(client_, "diff");
  EXPECT_EQ(added.dump().find("hunter2"), std::string::npos) << added;
  (void)must(client_, "commit");
  EXPECT_EQ(password(json::object()), "********");
  EXPECT_EQ(password({{"revision", 1}}), "********");
  EXPECT_EQ(password({{"secrets", true}}), "hunter2");
  // What was shown may be given back, and is what it was.
  (void)must(client_, "load", {{"document", must(client_, "config")["document"]}});
  EXPECT_EQ(must(client_, "commit")["changes"], 0);
  set_password("********");
  EXPECT_EQ(password({{"candidate", true}, {"secrets", true}}), "hunter2");
  set_password("another");
  EXPECT_EQ(must(client_, "diff").dump().find("hunter2"), std::string::npos);
  (void)must(client_, "commit");
  EXPECT_EQ(password({{"secrets", true}}), "another");
  EXPECT_EQ(refusal(client_, "config", {{"secrets", 1}}), "E-402");
  (void)must(client_, "edit",
             operations({set({"pool", "new", "check", "redis"}, {{"password", "********"}})}));
  EXPECT_EQ(must(client_, "check")["violations"][0]["id"], "E-222");
}

TEST_F(Methods, ACommitIsForwardingAndInTheHistory) {
  (void)must(client_, "load", {{"document", model::to_json(web_config())}});
  EXPECT_EQ(must(client_, "commit", {{"note", "first"}}), json({{"revision", 1}, {"changes", 5}}));
  EXPECT_EQ(must(client_, "commit"), json({{"revision", 1}, {"changes", 0}}));
  EXPECT_EQ(must(client_, "config")["document"], model::to_json(web_config()));
  const json row = must(client_, "show", {{"object", "history"}})["rows"][0];
  EXPECT_EQ(row["revision"], 1);
  EXPECT_EQ(row["note"], "first");
  EXPECT_EQ(row["how"], "cli");
  EXPECT_EQ(row["from"], "pid " + std::to_string(::getpid()));
  EXPECT_EQ(row["changes"], "+1 pool +2 servers +1 check +1 vip");
  rig_.run([this] { EXPECT_EQ(rig_.data_plane().running->revision, 1U); });
}

TEST_F(Methods, AnEditThatChangesNothingIsNone) {
  commit_web(client_);
  const json same = operations({set({"pool", "web"})});
  EXPECT_EQ(must(client_, "edit", same), json({{"edited", 1}, {"changed", false}}));
  EXPECT_EQ(must(client_, "edit", operations({set({"pool", "new"})}))["changed"], true);
  EXPECT_EQ(must(client_, "edit", same)["changed"], true) << "the other is still there";
  const json back = operations({{{"op", "delete"}, {"path", {"pool", "new"}}}});
  EXPECT_EQ(must(client_, "edit", back)["changed"], false);
}

TEST_F(Methods, TheHistoryHasTheParentAndTheHashOfEachRevisionAndOneByItself) {
  (void)must(client_, "load", {{"document", model::to_json(web_config())}});
  (void)must(client_, "commit");
  (void)must(client_, "edit", operations({set({"pool", "new"})}));
  (void)must(client_, "commit", {{"note", "second"}});
  (void)must(client_, "edit", operations({{{"op", "delete"}, {"path", {"pool", "new"}}}}));
  (void)must(client_, "commit");
  const json rows = must(client_, "show", {{"object", "history"}})["rows"];
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[2]["parent"], 0);
  EXPECT_EQ(rows[0]["parent"], 2);
  EXPECT_EQ(rows[0]["hash"], rows[2]["hash"]) << "they hold the same";
  EXPECT_NE(rows[0]["hash"], rows[1]["hash"]);
  EXPECT_GE(rows[0]["hash"].get<std::string>().size(), 16U);
  EXPECT_EQ(must(client_, "show", {{"object", "history"}, {"name", "2"}})["rows"],
            json::array({rows[1]}));
  EXPECT_EQ(refusal(client_, "show", {{"object", "history"}, {"name", "4"}}), "E-404");
  EXPECT_EQ(refusal(client_, "show", {{"object", "history"}, {"name", "0"}}), "E-404");
  EXPECT_EQ(refusal(client_, "show", {{"object", "history"}, {"name", "two"}}), "E-402");
}

TEST_F(Methods, ACommitThatBreaksRulesIsRefusedWithAllOfThem) {
  (void)must(client_, "edit", operations({set({"vip", "a"}, {{"pool", "gone"}})}));
  EXPECT_EQ(refusal(client_, "commit"), "E-450");
  const json told = client_.error_data().value("violations", json());
  EXPECT_EQ(told.size(), 2U);
  EXPECT_EQ(told, must(client_, "check")["violations"]);
  EXPECT_EQ(refusal(client_, "commit"), "E-450") << "the candidate is still there to be mended";
  EXPECT_EQ(refusal(client_, "commit", {{"note", 5}}), "E-402");
  EXPECT_EQ(refusal(client_, "commit", {{"note", std::string(5000, 'x')}}), "E-402");
}

TEST_F(Methods, ACommitWithoutADataPlaneIsRefusedAndCanBeTriedAgain) {
  (void)must(client_, "load", {{"document", model::to_json(web_config())}});
  rig_.run([this] { rig_.data_plane().alive = false; });
  const auto answer = client_.call("commit");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Errc::kUnavailable);
  EXPECT_EQ(answer.error().id, "E-451");
  EXPECT_EQ(answer.error().text.rfind("nothing is changed: the data plane is not running", 0), 0U);
  rig_.run([this] { rig_.data_plane().alive = true; });
  EXPECT_EQ(must(client_, "commit")["revision"], 1);
}

TEST_F(Methods, ACommitToBeConfirmedWaitsAndSaysSo) {
  commit_web(client_);
  EXPECT_EQ(must(client_, "unconfirmed"),
            json({{"unit", "lb-a"}, {"role", ""}, {"alone", false}, {"revision", nullptr}}));
  (void)must(client_, "load", {{"document", model::to_json(weighted_config())}});
  EXPECT_EQ(must(client_, "commit", {{"confirm_ms", 300'000}})["revision"], 2);
  const json waits = must(client_, "unconfirmed");
  EXPECT_EQ(waits["revision"], 2);
  EXPECT_EQ(waits["back_to"], 1);
  EXPECT_GT(waits["remaining_ms"], 0);
  EXPECT_LE(waits["remaining_ms"], 300'000);
  const json status = must(client_, "show", {{"object", "status"}})["rows"][0];
  EXPECT_EQ(status["unconfirmed"], 2);
  EXPECT_EQ(status["back_to"], 1);
  EXPECT_LE(status["confirm_within_s"], 300);
  auto other = rig_.client();
  (void)must(other, "edit", operations({set({"pool", "dns"})}));
  EXPECT_EQ(refusal(other, "commit"), "E-455");
  EXPECT_EQ(refusal(client_, "commit"), "E-455") << "though it changes nothing";
  EXPECT_EQ(refusal(client_, "confirm", {{"revision", 1}}), "E-456") << "another one waits";
  EXPECT_EQ(refusal(client_, "reject", {{"revision", 3}}), "E-456");
  EXPECT_EQ(must(client_, "confirm", {{"revision", 2}}), json({{"revision", 2}}));
  EXPECT_EQ(refusal(client_, "confirm"), "E-456");
  EXPECT_EQ(refusal(client_, "reject"), "E-456");
  EXPECT_EQ(must(client_, "show", {{"object", "status"}})["rows"][0]["unconfirmed"], json());
  EXPECT_EQ(must(other, "commit")["revision"], 3) << "it is not against what was confirmed";
}

TEST_F(Methods, ACommitThatIsRejectedIsUndone) {
  commit_web(client_);
  (void)must(client_, "load", {{"document", model::to_json(weighted_config())}});
  (void)must(client_, "commit", {{"confirm_ms", 300'000}});
  EXPECT_EQ(must(client_, "reject"), json({{"revision", 3}, {"changes", 1}}));
  EXPECT_EQ(must(client_, "config")["document"], model::to_json(web_config()));
  EXPECT_EQ(must(client_, "show", {{"object", "history"}})["rows"][0]["how"], "reject");
}

TEST_F(Methods, TheTimeToConfirmHasBounds) {
  for (const json& wrong :
       {json(0), json(999), json(86'400'001), json(-5), json("5m"), json(1.5)}) {
    EXPECT_EQ(refusal(client_, "commit", {{"confirm_ms", wrong}}), "E-402") << wrong;
  }
}

TEST_F(Methods, WhatCountersCannotTellOfTheImpactIsCountedFlowByFlow) {
  commit_web(client_);
  rig_.run([this] { rig_.data_plane().traffic.vips["web"].flows_open = 9; });
  (void)must(client_, "edit", operations({set({"vip", "web"}, {{"idle-timeout", "1s"}})}));
  const auto impact = [this] { return must(client_, "diff")["impact"]; };
  json effect{{"path", "vip web"}, {"effect", "cut"}, {"flows", json()}, {"counted_twice", false}};
  EXPECT_EQ(impact(), json::array({effect})) << "a data plane that cannot tell";
  rig_.run([this] {
    rig_.data_plane().told_forecast = {.is_counted = true, .vips = {{"web", 4}}};
  });
  effect["flows"] = 4;
  EXPECT_EQ(impact(), json::array({effect}));
  rig_.run([this] {
    const auto& asked = rig_.data_plane().forecast_asked;
    ASSERT_TRUE(asked);
    EXPECT_EQ(asked->vips.at(0).idle_timeout_s, 1U);
    EXPECT_EQ(asked->hash_key, rig_.data_plane().running->hash_key);
    rig_.data_plane().told_forecast = {.is_counted = true};
  });
  EXPECT_EQ(impact(), json::array()) << "none has rested for so long";
}

TEST_F(Methods, ARollbackIsANewRevisionWithWhatTheOldOneHeld) {
  commit_web(client_);
  (void)must(client_, "load", {{"document", model::to_json(weighted_config())}});
  (void)must(client_, "commit");
  EXPECT_EQ(must(client_, "config", {{"revision", 1}}),
            json({{"revision", 1}, {"document", model::to_json(web_config())}}));
  const json changes = must(client_, "diff", {{"from", 1}, {"to", 2}})["changes"];
  EXPECT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes, must(client_, "diff", {{"from", 1}})["changes"]);
  EXPECT_EQ(must(client_, "rollback", {{"revision", 1}}), json({{"revision", 3}, {"changes", 1}}));
  EXPECT_EQ(must(client_, "config")["document"], model::to_json(web_config()));
  const json row = must(client_, "show", {{"object", "history"}})["rows"][0];
  EXPECT_EQ(row["how"], "rollback");
  EXPECT_EQ(row["note"], "rollback to 1");
  EXPECT_EQ(must(client_, "rollback", {{"revision", 3}})["changes"], 0) << "is what runs";
  EXPECT_EQ(must(client_, "rollback", {{"revision", 2}, {"confirm_ms", 60'000}})["revision"], 4);
  EXPECT_EQ(must(client_, "unconfirmed")["back_to"], 3);
}

TEST_F(Methods, ARollbackToNowhereOrOverEditsIsRefused) {
  commit_web(client_);
  EXPECT_EQ(refusal(client_, "rollback"), "E-402");
  EXPECT_EQ(refusal(client_, "rollback", {{"revision", "1"}}), "E-402");
  EXPECT_EQ(refusal(client_, "rollback", {{"revision", -1}}), "E-402");
  EXPECT_EQ(refusal(client_, "rollback", {{"revision", nullptr}}), "E-402");
  EXPECT_EQ(refusal(client_, "rollback", {{"revision", nullptr}, {"note", "n"}}), "E-402");
  EXPECT_EQ(refusal(client_, "rollback", {{"revision", 7}}), "E-404");
  EXPECT_EQ(refusal(client_, "rollback", {{"revision", 1}, {"at_ms", 1}}), "E-402");
  EXPECT_EQ(refusal(client_, "rollback", {{"revision", 0}}), "E-404") << "it would empty the unit";
  EXPECT_EQ(refusal(client_, "diff", {{"from", 7}}), "E-404");
  EXPECT_EQ(refusal(client_, "config", {{"revision", 7}}), "E-404");
  (void)must(client_, "edit", operations({set({"pool", "dns"})}));
  EXPECT_EQ(refusal(client_, "rollback", {{"revision", 1}}), "E-410");
  EXPECT_FALSE(must(client_, "diff")["changes"].empty()) << "the edits are still there";
}

TEST_F(Methods, ARollbackLeavesNoCandidateBehind) {
  commit_web(client_);
  (void)must(client_, "load", {{"document", model::to_json(weighted_config())}});
  (void)must(client_, "commit");
  (void)must(client_, "load", {{"document", model::to_json(weighted_config())}});  // no difference
  (void)must(client_, "rollback", {{"revision", 1}});
  EXPECT_TRUE(must(client_, "diff")["changes"].empty());
}

TEST_F(Methods, RenamesAtOnceHaveAnEnd) {
  const json move = {{"op", "rename"}, {"path", {"pool", "a"}}, {"to", "a"}};
  EXPECT_EQ(refusal(client_, "edit", {{"operations", json::array_t(65, move)}}), "E-402");
  EXPECT_EQ(refusal(client_, "edit", {{"operations", json::array_t(64, move)}}), "E-404");
}

TEST_F(Methods, DiscardForgetsTheEdits) {
  (void)must(client_, "edit", operations({set({"pool", "web"})}));
  EXPECT_EQ(must(client_, "discard"), json::object());
  EXPECT_TRUE(must(client_, "diff")["changes"].empty());
}

TEST_F(Methods, EachSessionHasItsOwnCandidate) {
  Client other = rig_.client();
  (void)must(client_, "edit", operations({set({"pool", "mine"})}));
  (void)must(other, "edit", operations({set({"pool", "theirs"})}));
  EXPECT_TRUE(must(client_, "config", {{"candidate", true}})["document"]["pool"].contains("mine"));
  EXPECT_FALSE(
      must(client_, "config", {{"candidate", true}})["document"]["pool"].contains("theirs"));
  { const Client gone = std::move(other); }
  EXPECT_EQ(must(client_, "diff")["changes"].size(), 1U);
}

TEST_F(Methods, EditsThatSomebodyHasOvertakenUndoNothingOfTheirs) {
  commit_web(client_);
  Client other = rig_.client();
  (void)must(client_, "edit",
             operations({set({"pool", "web", "server", "192.0.2.12:80"}, {{"weight", 9}})}));
  (void)must(other, "load", {{"document", model::to_json(weighted_config())}});
  (void)must(other, "commit");
  const json difference = must(client_, "diff");
  EXPECT_EQ(difference["changes"].size(), 1U) << "mine alone";
  EXPECT_EQ(difference["conflicts"], json::array());
  EXPECT_EQ(must(client_, "commit"), json({{"revision", 3}, {"changes", 1}}));
  const json servers = must(client_, "config")["document"]["pool"]["web"]["server"];
  EXPECT_EQ(servers["192.0.2.11:80"]["weight"], 5);
  EXPECT_EQ(servers["192.0.2.12:80"]["weight"], 9);
}

// An edit of the first server's weight.
json weight(int value) {
  return operations({set({"pool", "web", "server", "192.0.2.11:80"}, {{"weight", value}})});
}

TEST_F(Methods, WhatSomebodyElseChangedTooIsShownAndNotOverwritten) {
  commit_web(client_);
  Client other = rig_.client();
  (void)must(client_, "edit", weight(9));
  (void)must(client_, "edit", operations({set({"pool", "dns"})}));
  (void)must(other, "edit", weight(7));
  (void)must(other, "commit");
  const json difference = must(client_, "diff");
  EXPECT_EQ(difference["changes"].size(), 2U);
  ASSERT_EQ(difference["conflicts"].size(), 1U);
  EXPECT_EQ(difference["conflicts"][0]["text"],
            "pool web server 192.0.2.11:80 weight: 9 here, 7 there");
  EXPECT_EQ(refusal(client_, "commit"), "E-409");
  EXPECT_EQ(client_.error_data()["conflicts"], difference["conflicts"]);
  EXPECT_EQ(must(client_, "update")["conflicts"].size(), 1U) << "nobody is preferred";
  EXPECT_EQ(refusal(client_, "update", {{"prefer", "ours"}}), "E-402");
  EXPECT_EQ(must(client_, "update", {{"prefer", "theirs"}})["revision"], 2);
  EXPECT_EQ(must(client_, "commit"), json({{"revision", 3}, {"changes", 1}}));
  const json pools = must(client_, "config")["document"]["pool"];
  EXPECT_EQ(pools["web"]["server"]["192.0.2.11:80"]["weight"], 7);
  EXPECT_TRUE(pools.contains("dns"));
}

TEST_F(Methods, MineMayBePreferredAndADocumentIsNeverMixed) {
  commit_web(client_);
  Client other = rig_.client();
  (void)must(client_, "edit", weight(9));
  (void)must(other, "edit", weight(7));
  (void)must(other, "commit");
  (void)must(client_, "update", {{"prefer", "mine"}});
  EXPECT_EQ(must(client_, "commit"), json({{"revision", 3}, {"changes", 1}}));
  (void)must(client_, "load", {{"document", model::to_json(weighted_config())}});
  (void)must(other, "edit", operations({set({"pool", "dns"})}));
  (void)must(other, "commit");
  EXPECT_EQ(refusal(client_, "commit"), "E-409");
}

TEST_F(Methods, AWholeDocumentLoadedReplacesWhateverIsThere) {
  commit_web(client_);
  (void)must(client_, "edit", operations({set({"pool", "mine"})}));
  Client other = rig_.client();
  (void)must(other, "load", {{"document", model::to_json(weighted_config())}});
  (void)must(other, "commit");
  (void)must(client_, "load", {{"document", model::to_json(other_config())}});
  EXPECT_EQ(must(client_, "commit")["revision"], 3);
}

TEST_F(Methods, WhatIsNoMethodOrNoParameterIsTold) {
  EXPECT_EQ(refusal(client_, "reboot"), "E-401");
  EXPECT_EQ(refusal(client_, "config", {{"candidate", "yes"}}), "E-402");
  EXPECT_EQ(refusal(client_, "show", {{"object", 7}}), "E-402");
  EXPECT_EQ(refusal(client_, "show", {{"object", "weather"}}), "E-101");
  EXPECT_EQ(refusal(client_, "show"), "E-101");
  EXPECT_EQ(refusal(client_, "show", {{"object", "worker"}, {"name", "1"}}), "E-402");
  EXPECT_EQ(must(client_, "hello", {{"version", 1}})["unit"], "lb-a");
}

}  // namespace
}  // namespace yoke::rpc
