// SPDX-License-Identifier: Apache-2.0
#include "cli/pipe.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/temp_folder.h"

namespace yoke::cli {
namespace {

using Words = std::vector<std::string>;

Output some_output() {
  return {.header = {"NAME  STATE"},
          .rows = {"web   up", "dns   down", "mail  UP", "long-name\n      up"},
          .json = {{"rows", {1, 2}}},
          .talk = {"about it"}};
}

struct PipeRow {
  std::vector<Words> pipes;
  Words rows;
  bool keeps_header = true;
};

const PipeRow kPipes[] = {
    {{}, {"web   up", "dns   down", "mail  UP", "long-name\n      up"}},
    {{{"match", "web"}}, {"web   up"}},
    {{{"match", "up$"}}, {"web   up", "mail  UP", "long-name\n      up"}},  // letter case aside
    {{{"match", "^(web|dns)"}}, {"web   up", "dns   down"}},
    {{{"match", "nothing"}}, {}},
    {{{"match", ""}}, {"web   up", "dns   down", "mail  UP", "long-name\n      up"}},
    {{{"except", "up$"}}, {"dns   down"}},
    {{{"except", ""}}, {}},
    {{{"begin", "^dns"}}, {"dns   down", "mail  UP", "long-name\n      up"}},
    {{{"begin", "nothing"}}, {}},
    {{{"head", "2"}}, {"web   up", "dns   down"}},
    {{{"head", "0"}}, {}},
    {{{"head", "99"}}, {"web   up", "dns   down", "mail  UP", "long-name\n      up"}},
    {{{"head", "18446744073709551615"}},
     {"web   up", "dns   down", "mail  UP", "long-name\n      up"}},
    {{{"tail", "1"}}, {"long-name\n      up"}},
    {{{"tail", "0"}}, {}},
    {{{"tail", "3"}, {"head", "1"}}, {"dns   down"}},
    {{{"count"}}, {"4"}, false},
    {{{"match", "up$"}, {"count"}}, {"3"}, false},
    {{{"match", "nothing"}, {"count"}}, {"0"}, false},
    {{{"count"}, {"count"}}, {"1"}, false},
    {{{"json"}}, {R"({"rows":[1,2]})"}, false},
    {{{"json"}, {"match", "no"}}, {}, false},
};

TEST(Pipe, ChoosesAmongRows) {
  for (const PipeRow& row : kPipes) {
    const Output output = through_pipes(some_output(), row.pipes, false).value();
    const std::string name = row.pipes.empty() ? "none" : row.pipes.front().front();
    EXPECT_EQ(output.rows, row.rows) << name;
    EXPECT_EQ(output.header.empty(), !row.keeps_header) << name;
    EXPECT_EQ(output.talk.empty(), !row.keeps_header) << name;
  }
}

TEST(Pipe, SavesWholeOrLeavesWhatWasThere) {
  const TempFolder temp;
  const std::filesystem::path folder = temp.path();
  const std::string path = folder / "rows";
  const auto content = [&] {
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const auto saved = through_pipes(some_output(), {{"count"}, {"save", path}}, false);
  ASSERT_TRUE(saved) << saved.error().text;
  EXPECT_TRUE(saved->rows.empty());
  EXPECT_EQ(saved->talk.back(), "Saved in " + path + ".");
  EXPECT_EQ(content(), "4\n");
  ASSERT_TRUE(
      through_pipes(some_output(), {{"match", "nothing"}, {"count"}, {"save", path}}, false));
  EXPECT_EQ(content(), "0\n");
  Output with_passwords = some_output();
  with_passwords.is_secret = true;
  const auto secret = folder / "secret";
  ASSERT_TRUE(through_pipes(with_passwords, {{"save", secret}}, false));
  EXPECT_EQ(std::filesystem::status(secret).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);

  const auto refused = through_pipes(some_output(), {{"save", folder / "none" / "rows"}}, false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "E-411");
  EXPECT_FALSE(through_pipes(some_output(), {{"save", folder}}, false)) << "a folder";
  std::filesystem::permissions(path, std::filesystem::perms::owner_read);
  std::filesystem::create_symlink("rows", folder / "link");
  ASSERT_TRUE(through_pipes(some_output(), {{"count"}, {"save", folder / "link"}}, false));
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
  EXPECT_EQ(content(), "4\n");
  EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms::owner_read);
  ASSERT_TRUE(through_pipes(some_output(), {{"save", "/dev/null"}}, false));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 3) << "nothing is left";
}

TEST(Pipe, JsonForEyesHasLinesAndTheSameValue) {
  const Output output = through_pipes(some_output(), {{"json"}}, true).value();
  EXPECT_GT(output.rows.size(), 1U);
  std::string text;
  for (const std::string& line : output.rows) text += line;
  EXPECT_EQ(nlohmann::json::parse(text), some_output().json);
}

TEST(Pipe, JsonOfTextThatIsNoUtf8IsStillJson) {
  Output output;
  output.json = {{"a", "\xff\xfe"}};
  const Output piped = through_pipes(output, {{"json"}}, false).value();
  ASSERT_EQ(piped.rows.size(), 1U);
  EXPECT_TRUE(nlohmann::json::accept(piped.rows.front()));
}

}  // namespace
}  // namespace yoke::cli
