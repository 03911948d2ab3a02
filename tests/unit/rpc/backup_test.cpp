// SPDX-License-Identifier: Apache-2.0
#include "hal/base/base64.h"
#include "tests/unit/rpc/rig.h"

// Backups made and restored over the socket, as the CLI does it.
namespace yoke::rpc {
namespace {

using commit::other_config;
using commit::web_config;
using testing::HasSubstr;

class BackupMethods : public testing::Test {
 protected:
  BackupMethods() { commit_web(client_); }

  // The state of a backup that has ended.
  json ended() {
    for (;;) {
      json state = must(client_, "backup_state");
      if (state["state"] == "done" || state["state"] == "failed") return state;
      std::this_thread::sleep_for(5ms);
    }
  }
  json hand_over(const std::string& bytes, std::size_t piece) {
    json last;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      last = must(client_, "restore",
                  {{"bytes", to_base64(bytes.substr(at, piece))},
                   {"first", at == 0},
                   {"last", at + piece >= bytes.size()}});
    }
    return last;
  }

  Rig rig_;
  Client client_ = rig_.client();
};

TEST_F(BackupMethods, ABackupIsMadeShownAndBecomesTheCandidate) {
  EXPECT_EQ(must(client_, "backup_state"), json({{"id", nullptr}}));
  EXPECT_EQ(must(client_, "show", {{"object", "backup"}})["rows"], json::array());
  EXPECT_EQ(must(client_, "backup"), json({{"id", 1}}));
  const json state = ended();
  EXPECT_EQ(state["state"], "done") << state;
  EXPECT_EQ(state["revision"], 1);
  EXPECT_EQ(state["error"], json());
  const json rows = must(client_, "show", {{"object", "backup"}})["rows"];
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0]["file"], state["file"]);
  EXPECT_EQ(rows[0]["sent"], false);

  (void)must(client_, "load", {{"document", model::to_json(other_config())}});
  (void)must(client_, "commit");
  const std::string bytes =
      store::read_file(rig_.backup_folder() + "/" + state["file"].get<std::string>());
  const json restored = hand_over(bytes, 10'000);
  EXPECT_EQ(restored["revision"], 1);
  EXPECT_EQ(restored["unit"], "lb-a");
  EXPECT_EQ(must(client_, "config", {{"candidate", true}})["document"],
            model::to_json(web_config()));
  EXPECT_EQ(must(client_, "config")["document"], model::to_json(other_config()))
      << "nothing is changed by looking";
  rig_.run([this] {
    ASSERT_EQ(rig_.recorded.size(), 1U);
    EXPECT_EQ(rig_.recorded.front().kind, events::Kind::kRestored);
  });
  EXPECT_EQ(must(client_, "commit")["revision"], 3);
  const json history = must(client_, "show", {{"object", "history"}})["rows"];
  EXPECT_THAT(history[0]["note"].get<std::string>(), HasSubstr("restored from lb-a, revision 1"));
}

TEST_F(BackupMethods, WhatIsNoBackupLeavesTheCandidateAlone) {
  (void)must(client_, "edit", operations({set({"pool", "mine"})}));
  const json whole = {{"bytes", to_base64("no backup\n")}, {"first", true}, {"last", true}};
  EXPECT_EQ(refusal(client_, "restore", whole), "E-511");
  EXPECT_EQ(refusal(client_, "restore", {{"bytes", "%"}, {"first", true}}), "E-402");
  EXPECT_EQ(refusal(client_, "restore", {{"bytes", ""}}), "E-402") << "nothing was begun";
  EXPECT_EQ(refusal(client_, "restore", {{"bytes", ""}, {"first", true}, {"last", true}}), "E-511");
  EXPECT_TRUE(must(client_, "config", {{"candidate", true}})["document"]["pool"].contains("mine"));
}

// What is left of a database that was copied without the log beside it.
TEST_F(BackupMethods, WhatNothingWasEverCommittedInDoesNotTakeEverythingAway) {
  const store::TempFolder folder;
  const std::string file = folder.file("config.db");
  (void)store::must_open(file);
  const json whole = {
      {"bytes", to_base64(store::read_file(file))}, {"first", true}, {"last", true}};
  EXPECT_EQ(refusal(client_, "restore", whole), "E-511");
  EXPECT_EQ(must(client_, "config", {{"candidate", true}})["document"],
            model::to_json(web_config()));
  EXPECT_EQ(must(client_, "diff")["changes"], json::array());
}

TEST_F(BackupMethods, WhatTheUnitKeepsIsRestoredByItsName) {
  (void)must(client_, "backup");
  const json state = ended();
  EXPECT_EQ(state["path"], rig_.backup_folder() + "/" + state["file"].get<std::string>());
  (void)must(client_, "load", {{"document", model::to_json(other_config())}});
  (void)must(client_, "commit");
  const json restored = must(client_, "restore", {{"file", state["file"]}});
  EXPECT_EQ(restored["revision"], 1);
  EXPECT_EQ(restored["unit"], "lb-a");
  EXPECT_EQ(must(client_, "config", {{"candidate", true}})["document"],
            model::to_json(web_config()));
  for (const char* name : {"gone.backup", "../config.db", "/etc/passwd", "."}) {
    EXPECT_EQ(refusal(client_, "restore", {{"file", name}}), "E-404") << name;
  }
  EXPECT_EQ(refusal(client_, "restore", {{"file", 7}}), "E-402");
}

TEST_F(BackupMethods, APlaceThatIsNoneIsRefused) {
  EXPECT_EQ(refusal(client_, "backup", {{"to", "ftp://backup/"}}), "E-515");
  EXPECT_EQ(refusal(client_, "backup", {{"to", 7}}), "E-402");
}

}  // namespace
}  // namespace yoke::rpc
