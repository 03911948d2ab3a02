// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "tests/unit/cli/fake_mgmt.h"

// The program as a shell starts it: streams and exit status.
namespace yoke::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct Result {
  int code = -1;
  std::string data, talk;
};

class Program : public testing::Test {
 protected:
  // `arguments` as a shell reads them; `data`: where standard output goes, or empty to read it.
  Result run(const std::string& arguments, std::string_view input = "", std::string data = "") {
    const std::string in = folder_.write("in", input);
    const std::string out = data.empty() ? folder_.file("out") : std::move(data);
    const std::string line = std::string(YOKE_PROGRAM) + " --root " + mgmt_.root() + ' ' +
                             arguments + " <" + in + " >" + out + " 2>" + folder_.file("err");
    const int status = std::system(line.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1,
            out == folder_.file("out") ? content(out) : "", content(folder_.file("err"))};
  }
  static std::string content(const std::string& file) {
    std::ostringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    return text.str();
  }
  FakeMgmt mgmt_;
  TempFolder folder_;
};

TEST_F(Program, RunsCommandsInOneSession) {
  const Result done = run("-c 'set pool web' -c diff -c 'commit note why'");
  EXPECT_EQ(done.code, 0) << done.talk;
  EXPECT_EQ(done.data, "+ pool web\n");
  EXPECT_EQ(done.talk, "Revision 7: 1 change.\n");
  EXPECT_EQ(run("show configuration").data, "set pool web\n");
}

TEST_F(Program, ReadsAScriptUpToItsFirstError) {
  const Result done = run("", "set pool web\nset pool web bogus\ncommit\n");
  EXPECT_EQ(done.code, 2);
  EXPECT_THAT(done.talk, StartsWith("set pool web bogus\n             ^\nE-101"));
  EXPECT_THAT(done.talk, HasSubstr("Stopped at line 2."));
  EXPECT_THAT(done.talk, HasSubstr("not committed"));
  EXPECT_TRUE(mgmt_.calls("commit").empty());
}

TEST_F(Program, InJsonWhateverIsWrongIsJson) {
  for (const char* arguments :
       {"--json show bogus", "--json --bogus", "--json --root /nowhere show pool",
        "--json apply /nowhere", "--json apply -"}) {
    const Result done = run(arguments, "set pool web bogus\n");
    EXPECT_NE(done.code, 0) << arguments;
    EXPECT_EQ(done.data, "") << arguments;
    ASSERT_TRUE(json::accept(done.talk)) << arguments << ": " << done.talk;
    EXPECT_TRUE(json::parse(done.talk)["error"].contains("id")) << arguments;
  }
}

TEST_F(Program, AppliesWhatComesOnStandardInput) {
  EXPECT_EQ(run("apply -", "set pool web\n").code, 0);
  EXPECT_EQ(mgmt_.running(), "set pool web\n");
  EXPECT_EQ(run("", "\xef\xbb\xbfset pool dns\ncommit\n").code, 0);
  EXPECT_EQ(mgmt_.running(), "set pool dns\nset pool web\n");
}

TEST_F(Program, WritesNoEscapeSequenceIntoAFile) {
  mgmt_.answer("show", json{{"rows", {{{"name", "web"}, {"method", "\x1b[31m"}}}}});
  for (const char* line : {"show pool", "show pool --json", "help", "--help", "show bogus"}) {
    const Result done = run(line);
    const std::string all = done.data + done.talk;
    EXPECT_EQ(std::ranges::count(all, '\x1b'), 0) << all;
  }
}

TEST_F(Program, WhatIsPassedOnIsWhole) {
  const std::string words(300, 'w');
  const json row = {{"server", "[2001:db8:1111:2222:3333:4444:5555:6666]:65535"},
                    {"pool", words},
                    {"check", "http"},
                    {"state", "raised"},
                    {"level", "warning"},
                    {"alarm", "server-down"},
                    {"text", words + " " + words},
                    {"banner", words + " " + words},
                    {"next", "show check web"},
                    {"last", words},
                    {"alarms", json::array({{{"text", words + " " + words}, {"next", "x"}}})},
                    {"steps", json::array({{{"at_us", 1}, {"text", words}}})}};
  mgmt_.answer("show", json{{"rows", {row}}});
  const std::pair<const char*, std::string> rows[] = {
      {"show check", words},
      {"show check web 192.0.2.11:80", words},
      {"show alarm", words + " " + words + " -> show check web"},
      {"show status", words + " " + words + " -> x"},
      {"show system", words + " " + words},
      {"show version", words + " " + words}};
  for (const auto& [line, text] : rows) {
    const Result done = run(line);
    EXPECT_THAT(done.data, HasSubstr(text + "\n")) << line;
    EXPECT_EQ(done.data.find("..."), std::string::npos) << line;
  }
  EXPECT_EQ(std::ranges::count(run("show check").data, '\n'), 2) << "a line a row";
  EXPECT_EQ(run("-c 'show check | save " + folder_.file("saved") + "'", "", "/dev/null").code, 0);
  EXPECT_THAT(content(folder_.file("saved")), HasSubstr(words + "\n"));
}

TEST_F(Program, JsonIsOneLineInAFile) {
  mgmt_.answer("show", json{{"schema", "yoke/1"}, {"rows", json::array()}});
  const Result done = run("show pool --json");
  EXPECT_EQ(json::parse(done.data)["schema"], "yoke/1");
  EXPECT_EQ(std::ranges::count(done.data, '\n'), 1);
}

TEST_F(Program, OutputThatCannotBeWrittenIsAFailure) {
  for (const char* line : {"--version", "--help", "help", "help --json"}) {
    const Result done = run(line, "", "/dev/full");
    EXPECT_EQ(done.code, 1) << line;
    EXPECT_EQ(done.talk, "the output cannot be written in full\n") << line;
  }
  // What failed before keeps its code.
  EXPECT_EQ(run("show bogus", "", "/dev/full").code, 2);
}

TEST_F(Program, WithoutAServerSaysInOneLineWhatToDo) {
  mgmt_.stop();
  for (const char* line : {"show pool", "-c 'set pool web' -c commit"}) {
    const Result done = run(line);
    EXPECT_EQ(done.code, 7) << line;
    EXPECT_THAT(done.talk, StartsWith("E-601 yoke-mgmt is not running"));
    EXPECT_THAT(done.talk, HasSubstr("start it, or name the unit's folder with --root"));
    EXPECT_EQ(done.data, "");
  }
  // What needs no server needs none.
  EXPECT_EQ(run("help set").code, 0);
  EXPECT_EQ(run("--version").code, 0);
}

TEST_F(Program, OptionsThatMakeNoSenseAreUsage) {
  for (const char* line : {"--bogus", "-c", "apply", "--dry-run"}) {
    const Result done = run(line);
    EXPECT_EQ(done.code, 2) << line;
    EXPECT_THAT(done.talk, StartsWith("E-112 ")) << line;
  }
}

}  // namespace
}  // namespace yoke::cli
