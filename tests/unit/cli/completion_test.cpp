// SPDX-License-Identifier: Apache-2.0
#include "cli/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/help.h"
#include "cli/table.h"

namespace yoke::cli {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Texts = std::vector<std::string>;

Texts some_keys(std::string_view kind, const model::Path& parent) {
  if (kind == "pool") return {"web", "web-old", "dns"};
  if (kind == "vip") return {"shop"};
  if (kind == kBackupFile) return {"lb-a-000001.backup"};
  if (kind == "server" && parent == model::Path{{"pool", "web"}}) {
    return {"192.0.2.11:80", "192.0.2.12:80"};
  }
  return {};
}

Texts texts(const Completion& completion) {
  Texts list;
  for (const Candidate& candidate : completion.candidates) list.push_back(candidate.text);
  return list;
}

struct Insertion {
  std::string_view line;
  Mode mode;
  std::string_view insert;
};

const Insertion kInsertions[] = {
    {"sh", Mode::kOper, "ow "},
    {"show", Mode::kOper, " "},
    {"show s", Mode::kOper, ""},  // status, server, system
    {"show st", Mode::kOper, "atus "},
    {"show w", Mode::kOper, "orker "},
    {"conf", Mode::kOper, "i"},
    {"config", Mode::kOper, "ure "},
    {"com", Mode::kOper, ""},  // of the other mode
    {"com", Mode::kConfig, "mit "},
    {"set pool w", Mode::kConfig, "eb"},
    {"set pool d", Mode::kConfig, "ns "},
    {"set vip shop pool d", Mode::kConfig, "ns "},
    {"show pool d", Mode::kOper, "ns "},
    {"delete pool web server ", Mode::kConfig, "192.0.2.1"},
    {"set pool other server ", Mode::kConfig, ""},
    {"set pool web me", Mode::kConfig, "thod "},
    {"set pool web method d", Mode::kConfig, "sr "},
    {"set pool web check h", Mode::kConfig, "ttp"},
    {"se poo we", Mode::kConfig, "b"},  // 'we' is no word of the grammar
    {"show pool | m", Mode::kOper, "atch "},
    {"show pool |", Mode::kOper, " "},
    {"show pool |m", Mode::kOper, "atch "},
    {"help sh", Mode::kOper, "ow "},
    {"request restore lb", Mode::kOper, "-a-000001.backup "},
    {"bogus x", Mode::kOper, ""},
    {"show pool \"w", Mode::kOper, ""},
    {"show pool \"w\"", Mode::kOper, ""},
    {"commit note s", Mode::kConfig, ""},
};

TEST(Completion, InsertsWhatAllCandidatesHaveInCommon) {
  for (const Insertion& row : kInsertions) {
    EXPECT_EQ(complete(row.line, row.mode, some_keys).insert, row.insert) << row.line;
  }
}

TEST(Completion, ListsTheVerbsOfTheMode) {
  EXPECT_THAT(texts(complete("", Mode::kOper, some_keys)),
              ElementsAre("show", "export", "test", "configure", "diff", "cancel", "confirm",
                          "reject", "discard", "request", "help", "exit"));
  const auto config = texts(complete("", Mode::kConfig, some_keys));
  EXPECT_THAT(config, Contains("set"));
  EXPECT_THAT(config, Contains("commit"));
  EXPECT_THAT(config, Contains("configure")) << "exclusive";
}

TEST(Completion, ListsWordsThenKeysThenPlaceholders) {
  const Completion at_name = complete("show pool ", Mode::kOper, some_keys);
  EXPECT_THAT(texts(at_name), ElementsAre("|", "web", "web-old", "dns", "NAME"));
  EXPECT_FALSE(at_name.candidates.back().is_word);
  EXPECT_TRUE(at_name.may_end);
  const Completion at_key = complete("set pool ", Mode::kConfig, some_keys);
  EXPECT_THAT(texts(at_key), ElementsAre("web", "web-old", "dns", "<name>"));
  EXPECT_FALSE(at_key.may_end);
}

TEST(Completion, TellsWhatAValueLooksLike) {
  const Completion weight =
      complete("set pool web server 192.0.2.11:80 weight ", Mode::kConfig, some_keys);
  ASSERT_THAT(texts(weight), ElementsAre("<weight>"));
  EXPECT_THAT(weight.candidates.front().help, HasSubstr("a number from 0 to"));
}

TEST(Completion, DoesNotOfferWhatTheLineHolds) {
  const auto offered =
      texts(complete("set vip shop enabled no idle-timeout 5m ", Mode::kConfig, some_keys));
  EXPECT_THAT(offered, Contains("pool"));
  EXPECT_THAT(offered, Not(Contains("enabled")));
  EXPECT_THAT(offered, Not(Contains("idle-timeout")));
}

TEST(Completion, DoesNotOfferKeysThatTheLineNames) {
  EXPECT_THAT(texts(complete("set pool web server 192.0.2.11:80 ", Mode::kConfig, some_keys)),
              testing::AllOf(Contains("192.0.2.12:80"), Not(Contains("192.0.2.11:80")),
                             Contains("weight")));
  EXPECT_THAT(texts(complete("set vip web pool ", Mode::kConfig, some_keys)), Contains("web"));
}

TEST(Completion, OffersNoNewNameWhereARecordMustBeThere) {
  EXPECT_THAT(texts(complete("delete pool w", Mode::kConfig, some_keys)),
              ElementsAre("web", "web-old"));
  const Completion none = complete("delete pool c-", Mode::kConfig, some_keys);
  EXPECT_THAT(texts(none), ElementsAre("<name>"));
  EXPECT_EQ(none.candidates.front().help, "there is no pool that begins so");
  EXPECT_THAT(texts(complete("set pool c-", Mode::kConfig, some_keys)), ElementsAre("<name>"));
}

TEST(Completion, HelpIsWhole) {
  for (const std::string& line : help_lines(complete("set vip web ", Mode::kConfig, some_keys))) {
    EXPECT_FALSE(line.ends_with("...")) << line;
  }
  std::string all;
  for (const std::string& line : help_lines(complete("set pool ", Mode::kConfig, some_keys))) {
    all += line.substr(line.find_first_not_of(' ')) + ' ';
  }
  EXPECT_THAT(all, HasSubstr("a name: a letter, then letters, digits, - _ . up to 32 characters"));
}

TEST(Completion, ShowsTheErrorOfALineThatIsWrongAlready) {
  const Completion wrong = complete("show bogus ", Mode::kOper, some_keys);
  ASSERT_TRUE(wrong.error);
  EXPECT_EQ(wrong.error->id, "E-101");
  EXPECT_THAT(help_lines(wrong), ElementsAre(HasSubstr("E-101 unknown word 'bogus'")));
  EXPECT_THAT(wrong.candidates, IsEmpty());
}

TEST(Completion, TellsOfEnterWhereTheLineMayEnd) {
  const auto has_enter = [](std::string_view line) {
    for (const std::string& help : help_lines(complete(line, Mode::kConfig, some_keys))) {
      if (help.find("<Enter>") != std::string::npos) return true;
    }
    return false;
  };
  EXPECT_FALSE(has_enter(""));
  EXPECT_FALSE(has_enter("show "));
  EXPECT_TRUE(has_enter("show status "));
  EXPECT_TRUE(has_enter("diff "));
  EXPECT_FALSE(has_enter("commit note "));
  EXPECT_TRUE(has_enter("set pool web "));
  EXPECT_FALSE(has_enter("set pool web method "));
  EXPECT_FALSE(has_enter("show pool | "));
}

// Follows every word offered, to three words: what is offered is accepted, and fits the terminal.
void walk(const std::string& line, Mode mode, int depth) {
  const Completion completion = complete(line, mode, some_keys);
  ASSERT_FALSE(completion.error) << line << ": " << completion.error->text;
  for (const std::string& help : help_lines(completion)) {
    EXPECT_LE(text_width(help), 80U) << help;
    EXPECT_EQ(help.find('\n'), std::string::npos);
  }
  if (depth == 0) return;
  for (const Candidate& candidate : completion.candidates) {
    EXPECT_FALSE(candidate.help.empty()) << line << candidate.text;
    if (candidate.is_word) walk(line + candidate.text + ' ', mode, depth - 1);
  }
}

TEST(Completion, EveryWordOfferedIsAcceptedAndItsHelpFits) {
  for (const Mode mode : {Mode::kOper, Mode::kConfig, Mode::kScript}) walk("", mode, 5);
}

TEST(Completion, LongKeysDoNotWidenTheHelpBeyondTheTerminal) {
  const auto keys = [](std::string_view, const model::Path&) {
    return Texts{std::string(32, 'n'), "[2001:db8:1111:2222:3333:4444:5555:6666]:65535"};
  };
  for (const std::string& line : help_lines(complete("show pool ", Mode::kOper, keys))) {
    EXPECT_LE(text_width(line), 80U) << line;
  }
}

TEST(Help, ListsEveryVerbOnceAndFits) {
  const Outcome all = help("");
  ASSERT_FALSE(all.error);
  for (const Verb& verb : verbs()) {
    int times = 0;
    for (const std::string& row : all.output.rows) {
      times += row.starts_with(std::string(verb.node.word) + ' ') ? 1 : 0;
    }
    EXPECT_EQ(times, 1) << verb.node.word;
  }
  for (const std::string& row : all.output.rows) EXPECT_LE(text_width(row), 80U) << row;
  EXPECT_EQ(all.output.json["text"], json(all.output.rows));
}

TEST(Help, OfAVerbSaysWhatMayFollowAndGivesAnExample) {
  for (const Verb& verb : verbs()) {
    const Outcome one = help(verb.node.word);
    ASSERT_FALSE(one.error) << verb.node.word;
    EXPECT_THAT(one.output.rows.front(), HasSubstr(std::string(verb.node.help)));
    EXPECT_EQ(one.output.rows.back(), "Example: " + std::string(verb.example));
    for (const std::string& row : one.output.rows) EXPECT_LE(text_width(row), 80U) << row;
  }
  EXPECT_THAT(help("set").output.rows, Contains(HasSubstr("A virtual address")));
}

TEST(Help, GoesAsFarIntoACommandAsIsAsked) {
  EXPECT_THAT(help("set vip").output.rows, Contains(HasSubstr("<name>")));
  EXPECT_THAT(help("set vip web").output.rows, Contains(HasSubstr("idle-timeout")));
  EXPECT_EQ(help("bogus vip").error.value().id, "E-101");
  EXPECT_TRUE(read_line("help set vip web", Mode::kScript));
}

TEST(Help, OfWhatIsNoVerbIsAnError) {
  const Outcome none = help("bogus");
  ASSERT_TRUE(none.error);
  EXPECT_EQ(none.error->id, "E-101");
}

}  // namespace
}  // namespace yoke::cli
