// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/cli/terminal.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/unit/cli/fake_mgmt.h"

namespace yoke::cli {
namespace {

class AtATerminal : public testing::Test {
 protected:
  FakeMgmt mgmt_;
  TempFolder home_;
};

constexpr std::string_view kDropLine = "\x03";
constexpr std::string_view kEndOfInput = "\x04";
constexpr std::string_view kPrevious = "\x10";

TEST_F(AtATerminal, ThePromptNamesTheUnitTheModeAndEdits) {
  Terminal terminal(mgmt_.root(), home_.path());
  ASSERT_TRUE(terminal.shows("lb-a>"));
  terminal.type("configure\n");
  ASSERT_TRUE(terminal.shows("lb-a#"));
  terminal.type("set pool web\n");
  ASSERT_TRUE(terminal.shows("lb-a*#"));
  terminal.type("commit\n");
  ASSERT_TRUE(terminal.shows("Revision 7: 1 change."));
  ASSERT_TRUE(terminal.shows("lb-a#"));
  terminal.type("exit\n");
  ASSERT_TRUE(terminal.shows("lb-a>"));
  terminal.type("exit\n");
  EXPECT_EQ(terminal.ends(), 0);
  EXPECT_EQ(mgmt_.running(), "set pool web\n");
}

TEST_F(AtATerminal, TabCompletesWordsAndKeys) {
  mgmt_.commit_lines("set pool webshop\n");
  Terminal terminal(mgmt_.root(), home_.path());
  ASSERT_TRUE(terminal.shows("lb-a>"));
  terminal.type("sh\tpoo\tw\t");
  ASSERT_TRUE(terminal.shows("show pool webshop"));
  // The other tab lists where there is a choice.
  terminal.type(kDropLine);
  ASSERT_TRUE(terminal.shows("lb-a>"));
  terminal.type("show s\t");
  ASSERT_TRUE(terminal.shows("  status "));
  ASSERT_TRUE(terminal.shows("  server "));
  ASSERT_TRUE(terminal.shows("lb-a> show s"));
}

TEST_F(AtATerminal, AQuestionMarkListsAndInQuotesIsText) {
  Terminal terminal(mgmt_.root(), home_.path());
  ASSERT_TRUE(terminal.shows("lb-a>"));
  terminal.type("show ?");
  ASSERT_TRUE(terminal.shows("  status "));
  ASSERT_TRUE(terminal.shows("Example: show pool web"));
  ASSERT_TRUE(terminal.shows("lb-a> show"));
  terminal.type(kDropLine);
  ASSERT_TRUE(terminal.shows("lb-a>"));
  terminal.type("configure\n");
  ASSERT_TRUE(terminal.shows("lb-a#"));
  terminal.type("commit note \"why?\"\n");
  ASSERT_TRUE(terminal.shows("No change"));
  EXPECT_EQ(mgmt_.calls("commit"), (std::vector<json>{{{"note", "why?"}}}));
}

TEST_F(AtATerminal, ACaretStandsBelowTheWrongWord) {
  Terminal terminal(mgmt_.root(), home_.path());
  ASSERT_TRUE(terminal.shows("lb-a>"));
  terminal.type("show pol web\n");
  ASSERT_TRUE(terminal.shows("E-101"));
  const auto& lines = terminal.screen().lines();
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto caret = lines[i].find('^');
    if (caret == std::string::npos) continue;
    EXPECT_EQ(lines[i - 1].substr(caret, 3), "pol") << terminal.screen().text();
    return;
  }
  FAIL() << terminal.screen().text();
}

TEST_F(AtATerminal, CtrlCDropsTheLineWhateverItsCharacters) {
  Terminal terminal(mgmt_.root(), home_.path());
  ASSERT_TRUE(terminal.shows("lb-a>"));
  terminal.type("configure\n");
  ASSERT_TRUE(terminal.shows("lb-a#"));
  for (const char* line : {"commit", "commit note gr\xc3\xbc\xc3\x9f"}) {
    terminal.type(line);
    ASSERT_TRUE(terminal.shows(" commit"));
    terminal.type(kDropLine);
    ASSERT_TRUE(terminal.shows("^C\n"));
    ASSERT_TRUE(terminal.shows("lb-a#"));
  }
  terminal.type("help commit\n");
  ASSERT_TRUE(terminal.shows("Example: commit"));
  EXPECT_TRUE(mgmt_.calls("commit").empty());
}

TEST_F(AtATerminal, CtrlDEndsTheSessionAndSaysThatEditsAreGone) {
  Terminal terminal(mgmt_.root(), home_.path());
  ASSERT_TRUE(terminal.shows("lb-a>"));
  terminal.type("configure\n");
  ASSERT_TRUE(terminal.shows("lb-a#"));
  terminal.type("set pool web\n");
  ASSERT_TRUE(terminal.shows("lb-a*#"));
  terminal.type(kEndOfInput);
  ASSERT_TRUE(terminal.shows("were not committed"));
  EXPECT_EQ(terminal.ends(), 0);
}

TEST_F(AtATerminal, HistoryComesBackInTheNextSessionToItsOwnerAlone) {
  {
    Terminal terminal(mgmt_.root(), home_.path());
    ASSERT_TRUE(terminal.shows("lb-a>"));
    terminal.type("show bogus\n");
    ASSERT_TRUE(terminal.shows("E-101"));
    ASSERT_TRUE(terminal.shows("lb-a>"));
    terminal.type(kPrevious);
    ASSERT_TRUE(terminal.shows("show bogus"));
    terminal.type(kDropLine);
    ASSERT_TRUE(terminal.shows("lb-a>"));
    terminal.type(kEndOfInput);
    EXPECT_EQ(terminal.ends(), 0);
  }
  struct stat file {};
  ASSERT_EQ(::stat(home_.file(".yoke_history").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777U, 0600U);
  Terminal terminal(mgmt_.root(), home_.path());
  ASSERT_TRUE(terminal.shows("lb-a>"));
  terminal.type(kPrevious);
  ASSERT_TRUE(terminal.shows("show bogus"));
}

TEST_F(AtATerminal, WithoutAServerItSaysSoAndEnds) {
  mgmt_.stop();
  Terminal terminal(mgmt_.root(), home_.path());
  ASSERT_TRUE(terminal.shows("E-601"));
  EXPECT_EQ(terminal.ends(), 7);
}

}  // namespace
}  // namespace yoke::cli
