// SPDX-License-Identifier: Apache-2.0
// What is typed on the unit that stands by, and made by the other one.
#include "mgmt/rpc/carried.h"

#include "mgmt/commit/errors.h"
#include "tests/unit/rpc/rig.h"

namespace yoke::rpc {
namespace {

class Carried : public testing::Test {
 protected:
  Carried() {
    for (Rig* const rig : {&active_, &standby_}) {
      Client first = rig->client();
      (void)must(first, "load", {{"document", model::to_json(commit::web_config())}});
      (void)must(first, "commit");
    }
    standby_.run([this] {
      standby_.unit().pair.carries = [] { return true; };
      standby_.unit().pair.carry = [this](const std::string& request) -> Result<std::string> {
        std::string line;
        active_.run([&] { line = answer_carried(active_.unit(), 1, request); });
        return line;
      };
    });
  }
  static json weight(int value) {
    return operations({set({"pool", "web", "server", "192.0.2.11:80"}, {{"weight", value}})});
  }
  json running(Rig& rig) { return must(client_of(rig), "config")["document"]; }
  Client& client_of(Rig& rig) { return &rig == &active_ ? there_ : here_; }

  Rig active_, standby_;
  Client there_ = active_.client(), here_ = standby_.client();
};

TEST_F(Carried, ACommitIsMadeByTheOtherUnitUnderTheNameOfWhoTypedIt) {
  (void)must(here_, "hello", {{"version", 1}, {"from", "10.1.1.9 ssh"}});
  (void)must(here_, "edit", weight(5));
  EXPECT_EQ(must(here_, "commit", {{"note", "heavier"}}), json({{"revision", 2}, {"changes", 1}}));
  EXPECT_EQ(running(active_)["pool"]["web"]["server"]["192.0.2.11:80"]["weight"], 5);
  const json newest = must(there_, "show", {{"object", "history"}})["rows"][0];
  EXPECT_EQ(newest["from"], "10.1.1.9 ssh");
  EXPECT_EQ(newest["note"], "heavier");
  // The candidate is over, as after any commit.
  EXPECT_EQ(must(here_, "diff")["changes"], json::array());
  EXPECT_EQ(running(standby_)["pool"]["web"]["server"]["192.0.2.11:80"], json::object());
}

TEST_F(Carried, WhatIsRefusedThereIsRefusedHereInTheSameWords) {
  const json broken =
      operations({set({"vip", "broken"}, {{"address", "192.0.2.1:80/tcp"}, {"pool", "nowhere"}})});
  (void)must(there_, "edit", broken);
  (void)must(here_, "edit", broken);
  const auto theirs = there_.call("commit", json::object());
  const auto ours = here_.call("commit", json::object());
  ASSERT_FALSE(theirs);
  ASSERT_FALSE(ours);
  EXPECT_EQ(ours.error().id, commit::kRulesViolated);
  EXPECT_EQ(ours.error().text, theirs.error().text);
  EXPECT_EQ(here_.error_data()["violations"], there_.error_data()["violations"]);
  EXPECT_NE(must(here_, "diff")["changes"], json::array());
}

TEST_F(Carried, WhatWasCommittedThereMeanwhileIsAConflictOrKept) {
  (void)must(there_, "edit", weight(7));
  (void)must(there_, "commit");
  (void)must(here_, "edit", weight(5));
  EXPECT_EQ(refusal(here_, "commit"), "E-409");
  (void)must(here_, "discard");
  (void)must(here_, "edit", operations({set({"pool", "dns"})}));
  EXPECT_EQ(must(here_, "commit")["revision"], 3);
  EXPECT_EQ(running(active_)["pool"]["web"]["server"]["192.0.2.11:80"]["weight"], 7);
}

TEST_F(Carried, WhatWaitsThereIsConfirmedRejectedAndGoneBackFromHere) {
  (void)must(here_, "edit", weight(5));
  (void)must(here_, "commit", {{"confirm_ms", 60000}});
  EXPECT_EQ(must(there_, "unconfirmed")["revision"], 2);
  EXPECT_EQ(must(here_, "confirm")["revision"], 2);
  EXPECT_EQ(must(there_, "unconfirmed")["revision"], nullptr);
  EXPECT_EQ(refusal(here_, "reject"), "E-456");
  EXPECT_EQ(must(here_, "rollback", {{"revision", 1}})["revision"], 3);
  EXPECT_EQ(running(active_), running(standby_));
}

TEST_F(Carried, WhatIsTheUnitsOwnAndWhatIsPlannedIsNotCarried) {
  (void)must(here_, "edit", operations({set({"system", ""}, {{"name", "lb-7"}})}));
  EXPECT_EQ(refusal(here_, "commit"), "E-476");
  (void)must(here_, "discard");
  (void)must(here_, "edit", weight(5));
  const auto soon =
      std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now() + 1h)
          .time_since_epoch()
          .count();
  EXPECT_EQ(refusal(here_, "commit", {{"at_ms", soon}}), "E-472");
}

TEST_F(Carried, WhoseRoleMayNotAndWhatIsNoRequestIsRefused) {
  const auto asked = [this](const json& request) {
    std::string line;
    active_.run([&] { line = answer_carried(active_.unit(), 1, request.dump()); });
    return json::parse(line)["error"]["data"]["id"].get<std::string>();
  };
  const json commit = {{"method", "commit"},
                       {"params", json::object()},
                       {"user", "ann"},
                       {"from", "ssh"},
                       {"edits", R"([[["pool","x"],{}]])"}};
  json request = commit;
  EXPECT_EQ(asked(request), "E-413");
  request["role"] = "viewer";
  EXPECT_EQ(asked(request), "E-413");
  request["role"] = "operator";  // may make no pool
  EXPECT_NE(asked(request), "");
  request["role"] = "admin";
  request["edits"] = "no edits";
  EXPECT_EQ(asked(request), "E-110");
  request["method"] = "config";
  EXPECT_EQ(asked(request), "E-402");
  EXPECT_EQ(asked(json::array()), "E-402");
  EXPECT_EQ(must(there_, "show", {{"object", "history"}})["rows"].size(), 1U);
}

}  // namespace
}  // namespace yoke::rpc
