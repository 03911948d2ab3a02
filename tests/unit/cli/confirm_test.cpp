// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/apply.h"
#include "cli/options.h"
#include "tests/unit/cli/fake_mgmt.h"

// Commits that wait to be confirmed, and revisions gone back to, as they are typed and told.
namespace yoke::cli {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Confirm : public testing::Test {
 protected:
  Confirm() {
    EXPECT_TRUE(connection_.greet());
    EXPECT_EQ(run("configure"), 0);
  }
  int run(const std::string& line) {
    data_.str("");
    talk_.str("");
    return shell_.run(line);
  }
  // As it is shown before the next line.
  std::string prompt() {
    news_ = session_.look_for_unconfirmed();
    return session_.prompt();
  }
  std::string said() const { return data_.str() + talk_.str(); }

  FakeMgmt mgmt_;
  Connection connection_{mgmt_.socket()};
  Session session_{connection_, Mode::kOper};
  std::ostringstream data_, talk_;
  Shell shell_{session_, {}, data_, talk_};
  std::string news_;
};

struct Row {
  std::string line;
  json params;
};

TEST_F(Confirm, CommitTakesATimeANoteBothOrNeither) {
  const Row rows[] = {
      {"commit", json::object()},
      {"commit note why not", {{"note", "why not"}}},
      {"commit confirm", {{"confirm_ms", 300'000}}},
      {"commit confirm 90s", {{"confirm_ms", 90'000}}},
      {"commit confirm 2h note \"for good\"", {{"confirm_ms", 7'200'000}, {"note", "for good"}}},
      {"commit confirm note confirm 5s", {{"confirm_ms", 300'000}, {"note", "confirm 5s"}}},
      {"commit note \"so there\" confirm 5s", {{"confirm_ms", 5'000}, {"note", "so there"}}},
      {"commit note \"so there\" confirm", {{"confirm_ms", 300'000}, {"note", "so there"}}},
      {"commit note \"confirm 5s\"", {{"note", "confirm 5s"}}},
      {"commit note confirm that it works", {{"note", "confirm that it works"}}},
      {"commit note pros and con", {{"note", "pros and con"}}},
      {"com con 1m", {{"confirm_ms", 60'000}}},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(run(row.line), 0) << row.line << said();
    EXPECT_EQ(mgmt_.calls("commit").back(), row.params) << row.line;
  }
}

// It would be a commit for good, under a strange note.
TEST_F(Confirm, BehindANoteWithoutQuotesItIsAskedWhichWasMeant) {
  for (const std::string line :
       {"commit note because confirm", "commit note because confirm 5m",
        "commit at 02:00 note because confirm 5m", "rollback 3 note back confirm 90s",
        "commit note confirm", "commit note because confirm 5m | json",
        "com note because con 5m"}) {
    const auto command = read_line(line, Mode::kConfig);
    ASSERT_FALSE(command) << line;
    EXPECT_EQ(command.error().id, "E-114") << line;
    EXPECT_EQ(static_cast<std::size_t>(command.error().column), line.rfind("con")) << line;
  }
  const auto more = read_line("commit note \"because\" of that", Mode::kConfig);
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().id, "E-101");
}

TEST_F(Confirm, ATimeOutOfBoundsIsRefusedWithItsColumn) {
  for (const std::string word : {"0s", "25h", "5", "soon", "-1m"}) {
    const auto command = read_line("commit confirm " + word, Mode::kConfig);
    ASSERT_FALSE(command) << word;
    EXPECT_EQ(command.error().id, "E-102") << word;
    EXPECT_EQ(command.error().column, 15) << word;
    EXPECT_THAT(command.error().text, HasSubstr("1s to 24h")) << word;
  }
}

TEST_F(Confirm, ThePromptCountsDownUntilItIsConfirmed) {
  EXPECT_EQ(run("set pool web server 192.0.2.11:80"), 0);
  EXPECT_EQ(run("commit confirm 5m"), 0);
  EXPECT_THAT(said(), HasSubstr("Revision 7: 2 changes.\nIt is undone in 5m unless you type: "
                                "confirm\n"));
  EXPECT_EQ(prompt(), "lb-a [confirm 4:11]# ");
  EXPECT_EQ(run("edit pool web"), 0);
  EXPECT_EQ(prompt(), "lb-a [pool web] [confirm 4:11]# ");
  EXPECT_EQ(run("confirm"), 0);
  EXPECT_THAT(said(), HasSubstr("Revision 7 stays."));
  EXPECT_EQ(prompt(), "lb-a [pool web]# ");
  EXPECT_THAT(news_, IsEmpty());
  EXPECT_EQ(run("confirm"), 5);
  EXPECT_THAT(said(), HasSubstr("E-456"));
}

TEST_F(Confirm, ItIsRejectedFromOperationalModeToo) {
  EXPECT_EQ(run("set pool web server 192.0.2.11:80"), 0);
  EXPECT_EQ(run("commit confirm 1h"), 0);
  EXPECT_EQ(run("exit"), 0);
  EXPECT_EQ(run("reject"), 0);
  EXPECT_THAT(said(), HasSubstr("Revision 8: 1 change."));
  EXPECT_EQ(prompt(), "lb-a> ");
  EXPECT_THAT(news_, IsEmpty()) << "whoever did it himself knows";
  EXPECT_EQ(mgmt_.running(), "");
}

TEST_F(Confirm, WhoeverWasNotAskedIsToldThatItIsOver) {
  mgmt_.answer("unconfirmed", {{"revision", 7}, {"back_to", 6}, {"remaining_ms", 3'852'000}});
  EXPECT_EQ(prompt(), "lb-a [confirm 1:04:12]# ");
  EXPECT_THAT(news_, IsEmpty());
  mgmt_.answer("unconfirmed", json{{"revision", nullptr}});
  EXPECT_EQ(prompt(), "lb-a# ");
  EXPECT_EQ(news_, "Revision 7 waits no more to be confirmed: see show history.");
  EXPECT_EQ(prompt(), "lb-a# ");
  EXPECT_THAT(news_, IsEmpty());
  // One that knows no such method, or is gone, has no say in the prompt.
  mgmt_.answer("unconfirmed", Error{Errc::kInvalid, "E-401", "there is no such method", -1});
  EXPECT_EQ(prompt(), "lb-a# ");
  mgmt_.stop();
  EXPECT_EQ(prompt(), "lb-a# ");
}

TEST_F(Confirm, WhatIsConfirmedIsWhatThePromptShows) {
  mgmt_.answer("unconfirmed", {{"revision", 7}, {"back_to", 6}, {"remaining_ms", 1000}});
  (void)prompt();
  (void)run("confirm");
  EXPECT_EQ(mgmt_.calls("confirm").back(), (json{{"revision", 7}}));
  (void)prompt();
  (void)run("reject");
  EXPECT_EQ(mgmt_.calls("reject").back(), (json{{"revision", 7}}));
  (void)run("confirm");
  EXPECT_EQ(mgmt_.calls("confirm").back(), json::object()) << "none is shown";
}

TEST_F(Confirm, LostEditsAreToldAtThePromptAndTheNextLineIsCarriedOut) {
  EXPECT_EQ(run("set pool web server 192.0.2.11:80"), 0);
  mgmt_.restart();
  (void)prompt();
  EXPECT_THAT(news_, HasSubstr("edits are lost"));
  (void)run("reject");
  EXPECT_EQ(mgmt_.calls("reject").size(), 1U);
}

TEST_F(Confirm, ACommitMayBeMadeAtATime) {
  mgmt_.answer("commit", {{"changes", 3}, {"at_ms", 1'795'226'400'000}});
  EXPECT_EQ(run("set pool web server 192.0.2.11:80"), 0);
  EXPECT_EQ(run("commit at 02:00 confirm 10m note at night"), 0) << said();
  EXPECT_THAT(said(), HasSubstr("3 changes to be committed at 20"));
  EXPECT_THAT(said(), HasSubstr("unless you type: cancel"));
  const json params = mgmt_.calls("commit").back();
  EXPECT_EQ(params["confirm_ms"], 600'000);
  EXPECT_EQ(params["note"], "at night");
  EXPECT_GT(params["at_ms"], 1'700'000'000'000);
  EXPECT_EQ(prompt(), "lb-a# ") << "the edits are this session's no more";
  EXPECT_EQ(run("commit at 25:00"), 2);
  EXPECT_EQ(run("commit at"), 2);
  EXPECT_EQ(run("rollback 5 at 02:00"), 2);
  mgmt_.answer("cancel", json::object());
  EXPECT_EQ(run("cancel"), 0);
  mgmt_.answer("cancel", Error{Errc::kConflict, "E-458", "no commit is scheduled", -1});
  EXPECT_EQ(run("cancel"), 5);
}

TEST_F(Confirm, ACommitThatChangesNothingWaitsForNothing) {
  EXPECT_EQ(run("commit confirm"), 0);
  EXPECT_THAT(said(), HasSubstr("No change"));
  EXPECT_THAT(said(), testing::Not(HasSubstr("undone")));
}

TEST_F(Confirm, RollbackNamesARevisionAndTakesWhatCommitTakes) {
  mgmt_.answer("rollback", {{"revision", 9}, {"changes", 2}});
  const Row rows[] = {
      {"rollback 5", {{"revision", 5}}},
      {"rollback 4 confirm 1m note back",
       {{"revision", 4}, {"confirm_ms", 60'000}, {"note", "back"}}},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(run(row.line), 0) << row.line << said();
    EXPECT_THAT(said(), HasSubstr("Revision 9: 2 changes."));
    EXPECT_EQ(mgmt_.calls("rollback").back(), row.params) << row.line;
  }
  EXPECT_THAT(said(), HasSubstr("undone in 1m"));
  mgmt_.answer("rollback", {{"revision", 9}, {"changes", 0}});
  EXPECT_EQ(run("rollback 9 confirm 1m"), 0);
  EXPECT_THAT(said(), testing::Not(HasSubstr("undone"))) << "nothing was";
  EXPECT_EQ(run("rollback"), 2);
  EXPECT_EQ(run("rollback last"), 2);
  mgmt_.answer("rollback", Error{Errc::kNotFound, "E-404", "there is no revision 99", -1});
  EXPECT_EQ(run("rollback 99"), 4);
}

TEST_F(Confirm, DiffAndTheConfigurationShownTakeRevisions) {
  EXPECT_EQ(run("diff 3"), 0);
  EXPECT_EQ(run("diff 3 5"), 0);
  EXPECT_EQ(run("diff"), 0);
  EXPECT_THAT(mgmt_.calls("diff"),
              ElementsAre(json{{"from", 3}}, json{{"from", 3}, {"to", 5}}, json::object()));
  EXPECT_EQ(run("show configuration 3"), 0);
  EXPECT_EQ(mgmt_.calls("config").back(), (json{{"revision", 3}}));
  EXPECT_EQ(run("show configuration candidate"), 0);
  EXPECT_EQ(mgmt_.calls("config").back(), (json{{"candidate", true}}));
}

TEST(ApplyConfirm, IsAnOptionOfApplyAlone) {
  EXPECT_EQ(read_options({"apply", "--confirm", "5m", "f"})->confirm, "5m");
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"apply", "f", "--confirm"},
                                                {"apply", "--confirm", "soon", "f"},
                                                {"show", "status", "--confirm", "5m"}}) {
    const auto options = read_options(wrong);
    ASSERT_FALSE(options);
    EXPECT_EQ(options.error().id, "E-112");
  }
}

TEST(ApplyConfirm, CommitsWithTheTimeAndSaysSo) {
  FakeMgmt mgmt;
  Connection connection(mgmt.socket());
  const TempFolder folder;
  std::ostringstream data, talk;
  const ApplyOptions options{.file = folder.write("f", "set pool web server 192.0.2.11:80\n"),
                             .note = "n",
                             .dry_run = false,
                             .confirm_within = 90s};
  EXPECT_EQ(apply_file(options, connection, {}, data, talk), 0);
  EXPECT_EQ(mgmt.calls("commit").back(), (json{{"note", "n"}, {"confirm_ms", 90'000}}));
  EXPECT_THAT(talk.str(), HasSubstr("undone in 90s unless you type: confirm"));
  talk.str("");
  EXPECT_EQ(apply_file(options, connection, {}, data, talk), 0);
  EXPECT_THAT(talk.str(), testing::Not(HasSubstr("undone"))) << "no change, nothing to confirm";
}

}  // namespace
}  // namespace yoke::cli
