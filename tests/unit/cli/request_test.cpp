// SPDX-License-Identifier: Apache-2.0
#include "cli/request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/session.h"
#include "hal/base/base64.h"
#include "tests/unit/cli/fake_mgmt.h"

namespace yoke::cli {
namespace {

using testing::HasSubstr;

class Request : public testing::Test {
 protected:
  Outcome run(const std::string& line) {
    const auto command = read_line(line, Mode::kScript);
    EXPECT_TRUE(command) << command.error().text;
    return session_.run(*command);
  }

  FakeMgmt mgmt_;
  TempFolder folder_;
  Connection connection_{mgmt_.socket()};
  Session session_{connection_, Mode::kScript};
};

TEST_F(Request, ABackupIsWaitedFor) {
  mgmt_.answer("backup", json{{"id", 4}});
  int asked = 0;
  mgmt_.on("backup_state", [&asked](const json&) -> Result<json> {
    return json{{"id", 4},        {"state", ++asked < 3 ? "sending" : "done"},
                {"file", "a-1"},  {"to", "https://backup/"},
                {"revision", 7},  {"bytes", 2049},
                {"error", json()}};
  });
  const Outcome outcome = run("request backup to https://backup/");
  ASSERT_FALSE(outcome.error) << outcome.error->text;
  EXPECT_THAT(outcome.output.talk,
              testing::ElementsAre("Backup a-1: revision 7, 3 KiB, sent to https://backup/."));
  EXPECT_EQ(mgmt_.calls("backup").front(), json({{"to", "https://backup/"}}));
  EXPECT_EQ(mgmt_.calls("backup_state").size(), 3U);
}

TEST_F(Request, ABackupThatFailedIsAnError) {
  mgmt_.answer("backup", json{{"id", 4}});
  mgmt_.answer("backup_state", json{{"id", 4},
                                    {"state", "failed"},
                                    {"error", {{"id", "E-516"}, {"message", "no way there"}}}});
  const Outcome outcome = run("request backup");
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->id, "E-516");
  EXPECT_EQ(outcome.error->text, "no way there");
  EXPECT_EQ(mgmt_.calls("backup").front(), json::object());
}

TEST_F(Request, ANotificationThatIsTriedSaysOfEachWhetherHeWasTold) {
  mgmt_.answer("notify_test", json{{"test", 4}});
  int asked = 0;
  mgmt_.on("notify_tested", [&asked](const json& params) -> Result<json> {
    EXPECT_EQ(params, json({{"test", 4}}));
    const bool is_done = ++asked == 2;
    return json{{"done", is_done},
                {"rows",
                 {{{"whom", "mail to a@b"}, {"outcome", "told"}, {"text", ""}},
                  {{"whom", "mail to c@d"},
                   {"outcome", is_done ? "failed" : "running"},
                   {"text", is_done ? "it answered 550 no such mailbox" : ""}}}}};
  });
  const Outcome outcome = run("request notify mail test");
  EXPECT_THAT(
      outcome.output.talk,
      testing::ElementsAre("notify mail to a@b: was told.",
                           "notify mail to c@d: was not told: it answered 550 no such mailbox."));
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->id, "E-640");
  EXPECT_EQ(mgmt_.calls("notify_test").front(), json({{"notify", "mail"}}));
}

TEST_F(Request, ARestoreHandsTheFileOverInPiecesAndShowsTheDiff) {
  const std::string bytes = std::string(3 << 20, 'a') + "\n\0\xff end";
  std::string taken;
  mgmt_.on("restore", [&taken](const json& params) -> Result<json> {
    if (params["first"] == true) taken.clear();
    taken += from_base64(params["bytes"].get<std::string>()).value();
    return json{{"revision", 7}, {"unit", "lb-b"}, {"made_at", nullptr}};
  });
  mgmt_.answer("diff", json{{"changes", {{{"sign", "+"}, {"path", {"pool", "web"}}}}}});
  const Outcome outcome = run("request restore " + folder_.write("unit.backup", bytes));
  ASSERT_FALSE(outcome.error) << outcome.error->text;
  EXPECT_EQ(taken, bytes);
  EXPECT_EQ(mgmt_.calls("restore").size(), 2U);
  EXPECT_EQ(outcome.output.rows, std::vector<std::string>{"+ pool web"});
  EXPECT_THAT(outcome.output.talk.back(), HasSubstr("revision 7 of lb-b"));
  EXPECT_TRUE(connection_.has_edits());
}

TEST_F(Request, TheAnswerToABackupSaysWhereItIsAndHowItComesBack) {
  mgmt_.answer("backup", json{{"id", 4}});
  mgmt_.answer("backup_state", json{{"id", 4},
                                    {"state", "done"},
                                    {"file", "a-1.backup"},
                                    {"path", "/var/lib/yoke/backup/a-1.backup"},
                                    {"to", ""},
                                    {"revision", 7},
                                    {"bytes", 2049},
                                    {"error", nullptr}});
  EXPECT_THAT(run("request backup").output.talk,
              testing::ElementsAre("Backup a-1.backup: revision 7, 3 KiB.",
                                   "It is /var/lib/yoke/backup/a-1.backup; to have it back: "
                                   "request restore a-1.backup"));
}

TEST_F(Request, ARestoreTakesTheNamesThatShowBackupPrints) {
  mgmt_.answer("show", json{{"rows", {{{"file", "a-2.backup"}}, {{"file", "a-1.backup"}}}}});
  mgmt_.answer("restore", json{{"revision", 7}, {"unit", "lb-a"}, {"made_at", nullptr}});
  mgmt_.answer("diff", json{{"changes", json::array()}});
  const Outcome outcome = run("request restore a-1.backup");
  ASSERT_FALSE(outcome.error) << outcome.error->text;
  EXPECT_EQ(mgmt_.calls("show").back(), json({{"object", "backup"}}));
  EXPECT_EQ(mgmt_.calls("restore"), std::vector<json>({{{"file", "a-1.backup"}}}));
  EXPECT_THAT(outcome.output.talk.back(), HasSubstr("revision 7 of lb-a"));
  EXPECT_TRUE(connection_.has_edits());
  // Anything else is a file here.
  const Outcome missing = run("request restore a-3.backup");
  ASSERT_TRUE(missing.error);
  EXPECT_EQ(missing.error->id, "E-405");
  EXPECT_THAT(missing.error->text, HasSubstr("show backup"));
  EXPECT_EQ(session_.keys(kBackupFile, {}), (std::vector<std::string>{"a-2.backup", "a-1.backup"}));
}

TEST_F(Request, ADatabaseInUseIsNotRestoredWithoutWhatIsBesideIt) {
  mgmt_.answer("restore", json{{"revision", 7}, {"unit", nullptr}, {"made_at", nullptr}});
  mgmt_.answer("diff", json{{"changes", json::array()}});
  const std::string file =
      folder_.write("config.db", std::string("SQLite format 3\0", 16) + std::string(4080, 'x'));
  (void)folder_.write("config.db-wal", "what was committed last");
  const Outcome refused = run("request restore " + file);
  ASSERT_TRUE(refused.error);
  EXPECT_EQ(refused.error->id, "E-414");
  EXPECT_EQ(refused.error->kind, Errc::kRefused);
  EXPECT_THAT(refused.error->text, HasSubstr("sqlite3 " + file + " \".backup COPY\""));
  EXPECT_TRUE(mgmt_.calls("restore").empty());
  (void)folder_.write("config.db-wal", "");
  EXPECT_FALSE(run("request restore " + file).error) << "nothing is in it";
  EXPECT_EQ(mgmt_.calls("restore").size(), 1U);
  const std::string backup = folder_.write("unit.backup", "{}\n");
  (void)folder_.write("unit.backup-wal", "somebody's");
  EXPECT_FALSE(run("request restore " + backup).error) << "no bare database";
}

TEST_F(Request, AFileThatCannotBeReadIsTold) {
  const Outcome outcome = run("request restore /nowhere/at/all");
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->id, "E-405");
  EXPECT_EQ(outcome.error->kind, Errc::kNotFound);
}

}  // namespace
}  // namespace yoke::cli
