// SPDX-License-Identifier: Apache-2.0
#include "mgmt/rpc/role.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "mgmt/model/commands.h"
#include "mgmt/model/json.h"
#include "mgmt/rpc/session.h"
#include "tests/unit/commit/fake_data_plane.h"
#include "tests/unit/commit/web_config.h"
#include "tests/unit/model/edited.h"
#include "tests/unit/store/store_fixture.h"

namespace yoke::rpc {
namespace {

using model::testing::edited;
using nlohmann::json;

hal::Peer peer(const std::string& user, uid_t uid = 54321) { return {7, uid, user}; }

TEST(RoleOf, IsWhatTheConfigurationSaysOrAdminWhereItNamesNobody) {
  const model::Config nobody;
  const auto named = edited({}, {"set user ann operator", "set user bob admin",
                                 "set user eve role viewer", "set user yoke-snmp admin"});
  struct Row {
    const model::Config& config;
    hal::Peer peer;
    Role role;
  };
  const Row rows[] = {{nobody, peer("ann"), Role::kAdmin},
                      {named, peer("ann"), Role::kOperator},
                      {named, peer("bob"), Role::kAdmin},
                      {named, peer("eve"), Role::kViewer},
                      {named, peer("kim"), Role::kViewer},
                      {named, peer("uid 54321"), Role::kViewer},
                      {nobody, peer("yoke-snmp"), Role::kViewer},
                      {named, peer("yoke-snmp"), Role::kViewer},
                      {named, peer("root", 0), Role::kAdmin},
                      {named, peer("ann", 0), Role::kAdmin},
                      {named, peer("me", ::geteuid()), Role::kAdmin}};
  for (const Row& row : rows) {
    EXPECT_EQ(role_of(row.peer, row.config), row.role) << row.peer.user;
  }
}

TEST(MayMake, AnOperatorTakesServersInAndOutAndNothingElse) {
  const auto before = edited({}, {"set pool web server 192.0.2.11:80 192.0.2.12:80",
                                  "set vip web 203.0.113.10:80/tcp pool web"});
  struct Row {
    std::vector<std::string> lines;
    bool by_operator;
  };
  const Row rows[] = {
      {{}, true},
      {{"disable pool web server 192.0.2.11:80"}, true},
      {{"set pool web server 192.0.2.11:80 weight 5 enabled no"}, true},
      {{"disable vip web"}, true},
      {{"set vip web idle-timeout 5m"}, false},
      {{"disable vip web", "set pool web method dsr"}, false},
      {{"set pool web server 192.0.2.13:80"}, false},
      {{"delete pool web server 192.0.2.11:80"}, false},
      {{"set user ann admin"}, false},
      {{"set system name lb-b"}, false},
  };
  for (const Row& row : rows) {
    const auto changes = model::diff(before, edited(before, row.lines));
    const std::string name = row.lines.empty() ? "nothing" : row.lines.back();
    EXPECT_EQ(may_make(Role::kOperator, changes).has_value(), row.by_operator) << name;
    EXPECT_TRUE(may_make(Role::kAdmin, changes)) << name;
    EXPECT_EQ(may_make(Role::kViewer, changes).has_value(), changes.empty()) << name;
  }
}

// Sessions of several people on one unit, without a socket: who they are is what is tested.
class Roles : public testing::Test {
 protected:
  Roles()
      : store_(store::must_open(folder_.file())),
        committer_(*store_, data_plane_),
        loop_(make_loop()),
        backups_(
            loop_.get(), *store_,
            {.folder = folder_.file("backup"), .unit = "lb-a", .release = "1", .credentials = {}}),
        unit_{"lb-a", committer_, checks(), MonoClock::now(), backups_, folder_.file("restore")} {
    EXPECT_TRUE(committer_.reconcile(MonoClock::now()));
    commit({"set pool web server 192.0.2.11:80 192.0.2.12:80",
            "set vip web 203.0.113.10:80/tcp pool web", "set user ann operator",
            "set user bob admin"});
  }

  static sd_event* make_loop() {
    sd_event* made = nullptr;
    EXPECT_GE(sd_event_new(&made), 0);
    return made;
  }
  Checks checks() {
    return {.reports = [](const std::string&) { return std::vector<CheckReport>{}; },
            .history = {},
            .test = [this](const model::Config&, const std::string&,
                           const std::optional<net::Endpoint>&) -> Result<std::uint64_t> {
              return ++tests_;
            },
            .tested = {}};
  }

  void commit(const std::vector<std::string>& lines) {
    ASSERT_TRUE(committer_.commit(edited(committer_.running().config, lines),
                                  {"root", "pid 1", "cli"}, {}));
  }

  static json ask(Session& session, const std::string& method, json params = json::object()) {
    const json request = {{"jsonrpc", "2.0"}, {"id", 1}, {"method", method}, {"params", params}};
    return json::parse(session.answer(request.dump()).line);
  }
  // Its result, or the id of its error.
  static json result(Session& session, const std::string& method, json params = json::object()) {
    const json answer = ask(session, method, std::move(params));
    return answer.contains("error") ? answer["error"]["data"]["id"] : answer["result"];
  }
  static json edit(Session& session, const std::string& line) {
    return result(session, "edit",
                  {{"operations", model::to_json(model::parse_command(line).value())}});
  }

  store::TempFolder folder_;
  std::unique_ptr<store::ConfigStore> store_;
  commit::FakeDataPlane data_plane_;
  commit::Committer committer_;
  hal::Event loop_;
  backup::Backups backups_;
  Unit unit_;
  std::uint64_t tests_ = 0;
  Session ann_{unit_, peer("ann", 1001)}, bob_{unit_, peer("bob", 1002)},
      eve_{unit_, peer("eve", 1003)};
};

TEST_F(Roles, HelloTellsThem) {
  EXPECT_EQ(result(ann_, "hello", {{"version", 1}})["role"], "operator");
  EXPECT_EQ(result(bob_, "hello", {{"version", 1}})["role"], "admin");
  EXPECT_EQ(result(eve_, "hello", {{"version", 1}})["role"], "viewer");
}

TEST_F(Roles, AViewerReadsAndNothingElse) {
  for (const char* method : {"check", "config", "diff", "discard", "unconfirmed"}) {
    EXPECT_TRUE(result(eve_, method).is_object()) << method;
  }
  EXPECT_TRUE(result(eve_, "show", {{"object", "status"}}).is_object());
  for (const char* method : {"edit", "load", "commit", "confirm", "reject", "rollback", "lock",
                             "unlock", "test", "tested"}) {
    EXPECT_EQ(result(eve_, method), "E-413") << method;
  }
}

// Who chooses the other unit chooses who may have the configuration.
TEST_F(Roles, OnlyAnAdminPairsAndEachRequestIsToldOf) {
  std::vector<std::string> asked, told;
  unit_.pair.pairing = [&asked](std::string_view method, const json& params) -> Result<json> {
    asked.push_back(std::string(method) + params.dump());
    if (method == "pair_confirm") return fail(Errc::kRefused, "E-744", "another code");
    return json{{"paired", false}, {"news", json::array()}};
  };
  unit_.record = [&told](const events::Event& event) { told.push_back(event.text); };
  for (Session* session : {&ann_, &eve_}) {
    EXPECT_EQ(result(*session, "pair", {{"request", "state"}}), "E-413");
    EXPECT_EQ(result(*session, "pair", {{"request", "rotate"}}), "E-413");
    EXPECT_EQ(result(*session, "show", {{"object", "ha-pairing"}})["rows"][0]["state"], "unpaired");
  }
  asked.clear();
  EXPECT_EQ(result(bob_, "pair", {{"request", "with"}, {"address", "192.0.2.2"}}),
            (json{{"paired", false}}));
  EXPECT_EQ(result(bob_, "pair", {{"request", "confirm"}, {"code", "123456"}}), "E-744");
  EXPECT_EQ(result(bob_, "pair", {{"request", "forget"}, {"force", true}})["paired"], false);
  EXPECT_EQ(result(bob_, "pair", {{"request", "rotate"}})["paired"], false);
  EXPECT_EQ(result(bob_, "pair", {{"request", "state"}})["paired"], false);
  for (const json& wrong :
       {json{{"request", "steal"}}, json{{"request", 1}}, json{{"request", "with"}, {"address", 7}},
        json{{"request", "with"}, {"address", std::string(101, 'x')}},
        json{{"request", "forget"}, {"force", "yes"}}}) {
    EXPECT_EQ(result(bob_, "pair", wrong), "E-402") << wrong;
  }
  EXPECT_EQ(asked, (std::vector<std::string>{
                       R"(pair_with{"address":"192.0.2.2"})", R"(pair_confirm{"code":"123456"})",
                       R"(pair_forget{"force":true})", "pair_rotate{}", "pairing{}"}));
  EXPECT_EQ(told,
            (std::vector<std::string>{"bob: request pair with 192.0.2.2",
                                      "bob: request pair confirm 123456, refused: another code",
                                      "bob: request pair forget", "bob: request pair rotate"}));
}

TEST_F(Roles, OnlyAnAdminSeesSecretsInClear) {
  EXPECT_EQ(result(eve_, "config", {{"secrets", true}}), "E-413");
  EXPECT_EQ(result(ann_, "config", {{"secrets", true}}), "E-413");
  EXPECT_TRUE(result(bob_, "config", {{"secrets", true}}).is_object());
}

// A probe carries passwords.
TEST_F(Roles, AnOperatorHasNothingProbedThatHeCouldNotCommit) {
  commit({"set pool web check redis user u password hunter2"});
  EXPECT_EQ(result(ann_, "test", {{"pool", "web"}})["test"], 1);
  EXPECT_TRUE(edit(ann_, "disable pool web server 192.0.2.11:80").is_object());
  EXPECT_EQ(result(ann_, "test", {{"pool", "web"}})["test"], 2);
  EXPECT_TRUE(edit(ann_, "set pool web server 198.51.100.66:6379").is_object());
  EXPECT_EQ(result(ann_, "test", {{"pool", "web"}}), "E-413");
  EXPECT_TRUE(edit(bob_, "set pool web server 198.51.100.66:6379").is_object());
  EXPECT_EQ(result(bob_, "test", {{"pool", "web"}, {"server", "198.51.100.66:6379"}})["test"], 3);
  EXPECT_TRUE(edit(bob_, "set pool web server [2001:db8::1]:80").is_object());
  EXPECT_EQ(result(bob_, "test", {{"pool", "web"}}), "E-450") << "a candidate that breaks rules";
  EXPECT_EQ(tests_, 3U);
}

// A backup holds every secret in clear. The loop does not turn, so that nothing is sent, and the
// first that is begun stays under way (E-514).
TEST_F(Roles, AnOperatorHasBackupsSentWhereTheConfigurationSaysAndNowhereElse) {
  const std::string to = "sftp://ann@192.0.2.9/srv", other = "sftp://eve@198.51.100.66/";
  const auto ask_for = [](Session& session, const std::string& place) {
    return result(session, "backup", {{"to", place}});
  };
  EXPECT_EQ(ask_for(ann_, to), "E-413") << "nothing is committed";
  EXPECT_EQ(ask_for(ann_, "sftp://ann:x@192.0.2.9/srv"), "E-515");
  commit({"set backup to " + to});
  EXPECT_EQ(ask_for(ann_, other), "E-413");
  EXPECT_EQ(ask_for(ann_, to + "/below"), "E-413");
  EXPECT_TRUE(edit(ann_, "set backup to " + other).is_object());
  EXPECT_EQ(ask_for(ann_, other), "E-413") << "a candidate is not committed";
  EXPECT_EQ(ask_for(eve_, ""), "E-413") << "a viewer";
  EXPECT_TRUE(ask_for(ann_, to + "/").is_object()) << "the same place, written otherwise";
  EXPECT_EQ(ask_for(ann_, ""), "E-514") << "which stays on the unit";
  EXPECT_EQ(ask_for(bob_, other), "E-514") << "an admin's to say";
}

TEST_F(Roles, WhatTheUnitKeepsIsRestoredByAdminsAlone) {
  EXPECT_EQ(result(ann_, "restore", {{"file", "lb-a-000001.backup"}}), "E-413");
  EXPECT_EQ(result(bob_, "restore", {{"file", "lb-a-000001.backup"}}), "E-404");
}

TEST_F(Roles, AHiddenSecretThatIsLoadedIsTheCandidatesOwn) {
  commit({"set pool web check redis password old"});
  EXPECT_TRUE(edit(bob_, "set pool web check redis password new").is_object());
  const json shown = result(bob_, "config", {{"candidate", true}})["document"];
  EXPECT_TRUE(result(bob_, "load", {{"document", shown}}).is_object());
  const json inside = result(bob_, "config", {{"candidate", true}, {"secrets", true}})["document"];
  EXPECT_EQ(inside["pool"]["web"]["check"]["redis"]["password"], "new");
}

TEST_F(Roles, AnOperatorCommitsWhatIsLeftToOperators) {
  EXPECT_TRUE(edit(ann_, "disable pool web server 192.0.2.11:80").is_object());
  EXPECT_EQ(result(ann_, "commit", {{"confirm_ms", 60'000}})["revision"], 2);
  EXPECT_EQ(result(ann_, "confirm")["revision"], 2);
  EXPECT_TRUE(edit(ann_, "delete vip web").is_object());
  EXPECT_EQ(result(ann_, "commit"), "E-413");
  EXPECT_TRUE(result(ann_, "discard").is_object());
  EXPECT_EQ(result(ann_, "rollback", {{"revision", 1}})["revision"], 3);
}

TEST_F(Roles, WhatAnAdminLetsWaitAnOperatorNeitherKeepsNorUndoes) {
  EXPECT_TRUE(edit(bob_, "set vip web idle-timeout 5m").is_object());
  EXPECT_EQ(result(bob_, "commit", {{"confirm_ms", 60'000}})["revision"], 2);
  EXPECT_EQ(result(ann_, "confirm"), "E-413");
  EXPECT_EQ(result(ann_, "reject"), "E-413");
  EXPECT_EQ(result(bob_, "reject")["revision"], 3);
}

TEST_F(Roles, ARoleThatIsTakenAwayCountsAtOnce) {
  EXPECT_TRUE(edit(ann_, "disable pool web server 192.0.2.11:80").is_object());
  commit({"set user ann viewer"});
  EXPECT_EQ(result(ann_, "commit"), "E-413");
}

TEST_F(Roles, WhoMayMakeACommitMayScheduleOrCancelIt) {
  const auto in_an_hour = std::chrono::floor<std::chrono::milliseconds>(
                              std::chrono::system_clock::now() + std::chrono::hours(1))
                              .time_since_epoch()
                              .count();
  EXPECT_EQ(result(bob_, "commit", {{"at_ms", in_an_hour}})["changes"], 0) << "of nothing";
  EXPECT_TRUE(edit(bob_, "set vip web idle-timeout 5m").is_object());
  for (const json& at :
       {json("02:00"), json(0), json(-1), json(in_an_hour - 7'200'000), json(in_an_hour * 2),
        json(in_an_hour * 1000), json(std::uint64_t{1} << 52U), json(std::uint64_t{1} << 63U)}) {
    EXPECT_EQ(result(bob_, "commit", {{"at_ms", at}}), "E-402") << at;
  }
  EXPECT_EQ(result(bob_, "commit", {{"at_ms", in_an_hour}, {"note", "later"}}),
            json({{"changes", 1}, {"at_ms", in_an_hour}}));
  EXPECT_TRUE(result(bob_, "diff")["changes"].empty()) << "it is his candidate no more";
  EXPECT_EQ(unit_.committer.running().revision, 1U);
  const json status = result(eve_, "show", {{"object", "status"}})["rows"][0];
  EXPECT_EQ(status["scheduled"], in_an_hour / 1000);
  EXPECT_EQ(status["scheduled_by"], "bob");
  EXPECT_TRUE(edit(ann_, "disable vip web").is_object());
  EXPECT_EQ(result(ann_, "commit", {{"at_ms", in_an_hour}}), "E-457");
  EXPECT_EQ(result(eve_, "cancel"), "E-413");
  EXPECT_EQ(result(ann_, "cancel"), "E-413") << "what she may not make";
  EXPECT_TRUE(result(bob_, "cancel").is_object());
  EXPECT_EQ(result(bob_, "cancel"), "E-458");
  EXPECT_EQ(result(ann_, "commit", {{"at_ms", in_an_hour}})["changes"], 1);
  commit({"set pool dns"});
  EXPECT_TRUE(result(ann_, "cancel").is_object()) << "which others' commits do not matter to";
  EXPECT_TRUE(edit(ann_, "disable vip web").is_object());
  EXPECT_EQ(result(ann_, "commit", {{"at_ms", in_an_hour}})["changes"], 1);
  commit({"set user ann viewer"});
  EXPECT_EQ(result(ann_, "cancel"), "E-413") << "a viewer";
  EXPECT_TRUE(result(bob_, "cancel").is_object());
}

TEST_F(Roles, WhatBreaksARuleIsNotScheduled) {
  EXPECT_TRUE(edit(bob_, "set vip web pool none").is_object());
  const auto at = std::chrono::system_clock::now().time_since_epoch() + std::chrono::hours(1);
  const json answer =
      ask(bob_, "commit",
          {{"at_ms", std::chrono::floor<std::chrono::milliseconds>(at).count()}})["error"];
  EXPECT_EQ(answer["data"]["id"], "E-450");
  EXPECT_EQ(answer["data"]["violations"].size(), 1U);
}

TEST_F(Roles, HistoryTellsWhoAndFromWhere) {
  (void)result(bob_, "hello", {{"version", 1}, {"from", "10.1.1.9 ssh"}});
  (void)edit(bob_, "set vip web idle-timeout 5m");
  (void)result(bob_, "commit");
  (void)edit(ann_, "disable vip web");
  (void)result(ann_, "commit");
  const json rows = result(eve_, "show", {{"object", "history"}})["rows"];
  EXPECT_EQ(rows[0]["user"], "ann");
  EXPECT_EQ(rows[0]["from"], "pid 7");
  EXPECT_EQ(rows[1]["from"], "10.1.1.9 ssh");
  EXPECT_EQ(result(bob_, "hello", {{"version", 1}, {"from", std::string(65, 'a')}}), "E-402");
  EXPECT_EQ(result(bob_, "hello", {{"version", 1}, {"from", "a\nb"}}), "E-402");
  EXPECT_EQ(result(bob_, "hello", {{"version", 1}, {"from", 7}}), "E-402");
}

TEST_F(Roles, WhileOneEditsAloneNobodyElseDoes) {
  EXPECT_TRUE(edit(ann_, "disable vip web").is_object());  // begun before
  EXPECT_TRUE(result(bob_, "lock").is_object());
  EXPECT_TRUE(result(bob_, "lock").is_object()) << "again";
  EXPECT_EQ(result(ann_, "lock"), "E-412");
  EXPECT_EQ(result(ann_, "lock", {{"force", true}}), "E-413") << "an operator";
  EXPECT_EQ(edit(ann_, "enable vip web"), "E-412");
  EXPECT_EQ(result(ann_, "commit"), "E-412");
  EXPECT_EQ(result(ann_, "rollback", {{"revision", 1}}), "E-412");
  EXPECT_EQ(result(ann_, "load", {{"document", {{"schema", "yoke/1"}}}}), "E-412");
  EXPECT_TRUE(result(ann_, "diff").is_object());
  EXPECT_TRUE(edit(bob_, "set vip web idle-timeout 5m").is_object());
  EXPECT_EQ(result(bob_, "commit")["revision"], 2);
  EXPECT_TRUE(result(ann_, "unlock").is_object()) << "which is not hers to end";
  EXPECT_EQ(edit(ann_, "enable vip web"), "E-412");
  EXPECT_EQ(result(bob_, "unconfirmed")["alone"], true);
  EXPECT_EQ(result(ann_, "unconfirmed")["alone"], false);
  EXPECT_TRUE(result(bob_, "unlock").is_object());
  EXPECT_TRUE(edit(ann_, "enable vip web").is_object());
}

TEST_F(Roles, AloneEndsWithItsSessionOrWhenAnAdminTakesIt) {
  {
    Session kim(unit_, peer("bob"));
    EXPECT_TRUE(result(kim, "lock").is_object());
    const auto refused = ask(ann_, "edit")["error"]["message"].get<std::string>();
    EXPECT_NE(refused.find("bob (pid 7) edits alone"), std::string::npos) << refused;
  }
  EXPECT_TRUE(edit(ann_, "disable vip web").is_object());
  EXPECT_TRUE(result(ann_, "lock").is_object());
  EXPECT_EQ(result(bob_, "lock", {{"force", 1}}), "E-402");
  EXPECT_TRUE(result(bob_, "lock", {{"force", true}}).is_object());
  EXPECT_EQ(result(ann_, "commit"), "E-412");
}

}  // namespace
}  // namespace yoke::rpc
