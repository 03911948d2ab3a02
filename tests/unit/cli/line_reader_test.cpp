// SPDX-License-Identifier: Apache-2.0
#include "cli/line_reader.h"

#include <gtest/gtest.h>

#include <array>

namespace yoke::cli {
namespace {

using Words = std::vector<std::string>;

struct GoodLine {
  std::string_view line;
  Mode mode;
  std::string_view verb;
  Words words;
  std::vector<Words> pipes = {};
};

const GoodLine kGoodLines[] = {
    {"show status", Mode::kOper, "show", {"status"}},
    {"show status", Mode::kConfig, "show", {"status"}},
    {"show pool web", Mode::kScript, "show", {"pool", "web"}},
    {"  show\t pool   web  ", Mode::kScript, "show", {"pool", "web"}},
    {"show pool \"web\"", Mode::kScript, "show", {"pool", "web"}},
    {"show configuration candidate", Mode::kScript, "show", {"configuration", "candidate"}},
    {"exit", Mode::kOper, "exit", {}},
    {"exit", Mode::kConfig, "exit", {}},
    {"configure", Mode::kOper, "configure", {}},
    {"configure", Mode::kScript, "configure", {}},
    {"help", Mode::kOper, "help", {}},
    {"help set", Mode::kOper, "help", {"set"}},
    {"diff", Mode::kScript, "diff", {}},
    // Text takes the rest of the line, in quotes or not.
    {"commit note add vip web", Mode::kConfig, "commit", {"note", "add vip web"}},
    {"commit note add \"| vip\"  web", Mode::kConfig, "commit", {"note", "add | vip web"}},
    {"commit note \"\"", Mode::kConfig, "commit", {"note", ""}},
    {"commit note \"say \\\"hi\\\" \\\\\"", Mode::kConfig, "commit", {"note", "say \"hi\" \\"}},
    {"commit note a b | json", Mode::kConfig, "commit", {"note", "a b"}, {{"json"}}},
    // A bar parts words by itself, in quotes it is text.
    {"show pool|count", Mode::kScript, "show", {"pool"}, {{"count"}}},
    {"show pool |match web| head 3",
     Mode::kScript,
     "show",
     {"pool"},
     {{"match", "web"}, {"head", "3"}}},
    {"show pool | match \"a|b\"", Mode::kScript, "show", {"pool"}, {{"match", "a|b"}}},
    {"show pool | except ^x$ | tail 0",
     Mode::kScript,
     "show",
     {"pool"},
     {{"except", "^x$"}, {"tail", "0"}}},
    // At a terminal, short words.
    {"sh poo web", Mode::kOper, "show", {"pool", "web"}},
    {"s st", Mode::kOper, "show", {"status"}},
    {"config", Mode::kOper, "configure", {}},
    {"sh conf cand", Mode::kConfig, "show", {"configuration", "candidate"}},
    {"sh poo | m x | h 1 | j",
     Mode::kOper,
     "show",
     {"pool"},
     {{"match", "x"}, {"head", "1"}, {"json"}}},
    {"com n why", Mode::kConfig, "commit", {"note", "why"}},
    {"help config", Mode::kOper, "help", {"configure"}},
    // A name is not a word, however short.
    {"show pool po", Mode::kOper, "show", {"pool", "po"}},
};

TEST(LineReader, ReadsWhatALineMeans) {
  for (const GoodLine& row : kGoodLines) {
    SCOPED_TRACE(row.line);
    const auto command = read_line(row.line, row.mode);
    ASSERT_TRUE(command) << command.error().id << ' ' << command.error().text;
    EXPECT_EQ(command->verb->node.word, row.verb);
    EXPECT_EQ(command->words, row.words);
    EXPECT_EQ(command->pipes, row.pipes);
    EXPECT_TRUE(command->edits.empty());
  }
}

// `line` has a @ where the caret belongs.
struct BadLine {
  std::string_view line;
  Mode mode;
  std::string_view id;
  std::string_view part_of_text = "";
};

const BadLine kBadLines[] = {
    {"@bogus", Mode::kScript, "E-101", "expected show, export, test, configure"},
    {"@shwo pool", Mode::kScript, "E-101", "did you mean show?"},
    {"  show @pol", Mode::kScript, "E-101", "did you mean pool?"},
    {"show status @web", Mode::kScript, "E-101", "the line should end before 'web'"},
    {"show pool web @more", Mode::kScript, "E-101", "should end before"},
    {"@\"show\" pool", Mode::kScript, "E-101"},
    {"show @\"pool\"", Mode::kScript, "E-101"},
    {"exit @now", Mode::kOper, "E-101"},
    {"help @bogus", Mode::kOper, "E-101"},
    {"@| count", Mode::kScript, "E-101"},
    {"show @| count", Mode::kScript, "E-101"},
    {"set pool web @| count", Mode::kScript, "E-101"},
    {"discard @| count", Mode::kScript, "E-101", "prints nothing"},
    {"show pool | @bogus", Mode::kScript, "E-101", "match"},
    {"show pool | count @3", Mode::kScript, "E-101"},
    // Values.
    {"show pool @9web", Mode::kScript, "E-102", "a letter"},
    {"show pool | head @x", Mode::kScript, "E-102", "not a number"},
    {"show pool | head @-1", Mode::kScript, "E-102"},
    {"show pool | head @99999999999999999999", Mode::kScript, "E-102"},
    {"show pool | match @(", Mode::kScript, "E-102", "not a pattern"},
    {"set vip web @203.0.113.300:80/tcp", Mode::kConfig, "E-10"},
    {"set pool web server @192.0.2.1", Mode::kConfig, "E-104"},
    {"set pool web server 192.0.2.1:80 weight @many", Mode::kConfig, "E-102"},
    {"set pool web method \"@nta\"", Mode::kConfig, "E-102"},
    // The end comes too early: the caret is behind it.
    {"show@", Mode::kScript, "E-106", "status"},
    {"show @", Mode::kScript, "E-106"},
    {"set@", Mode::kConfig, "E-106", "pool, vip, "},
    {"set pool@", Mode::kConfig, "E-106"},
    {"set pool web method@", Mode::kConfig, "E-106", "nat or dsr"},
    {"commit note@", Mode::kConfig, "E-106", "TEXT"},
    {"show pool |@", Mode::kScript, "E-106", "match"},
    {"show pool | head@", Mode::kScript, "E-106", "N"},
    {"@", Mode::kScript, "E-106"},
    // Quotes.
    {"show pool @\"web", Mode::kScript, "E-107", "not closed"},
    {"show pool we@\"b", Mode::kScript, "E-107"},
    {"show pool \"web\"@x", Mode::kScript, "E-107", "blank"},
    {"show pool @\x01", Mode::kScript, "E-107", "control"},
    {"commit note \"a@\\n\"", Mode::kConfig, "E-107"},
    // Short words: for several, and never in a script.
    {"show @s", Mode::kOper, "E-108", "status, server or system"},
    {"@c", Mode::kConfig, "E-108", "copy, check, commit, cancel or confirm"},
    {"set @po web", Mode::kConfig, "E-108", "pool or port"},
    {"set pool web @s", Mode::kConfig, "E-108", "scheduler or server"},
    {"@sh pool", Mode::kScript, "E-101", "did you mean show?"},
    {"show @po", Mode::kScript, "E-101", "did you mean pool or port?"},
    {"show pool | @c", Mode::kScript, "E-101", "did you mean count?"},
    {"set pool web server 192.0.2.1:80 weight 1 @weight 2", Mode::kConfig, "E-109"},
    // Modes.
    {"@set pool web", Mode::kOper, "E-113", "type configure first"},
    {"@commit", Mode::kOper, "E-113"},
    {"@check", Mode::kOper, "E-113"},
};

TEST(LineReader, SaysWhatIsWrongAndWhere) {
  for (const BadLine& row : kBadLines) {
    SCOPED_TRACE(row.line);
    const auto at = row.line.find('@');
    const std::string line =
        std::string(row.line.substr(0, at)) + std::string(row.line.substr(at + 1));
    const auto command = read_line(line, row.mode);
    ASSERT_FALSE(command);
    EXPECT_TRUE(command.error().id.starts_with(row.id)) << command.error().id;
    EXPECT_EQ(command.error().column, static_cast<int>(at)) << command.error().text;
    EXPECT_EQ(command.error().kind, Errc::kInvalid);
    EXPECT_NE(command.error().text.find(row.part_of_text), std::string::npos)
        << command.error().text;
  }
}

struct EditLine {
  std::string_view typed;
  std::string_view in_full;  // as model::parse_command reads it
};

const EditLine kEditLines[] = {
    {"set pool web", "set pool web"},
    {"se poo web me dsr", "set pool web method dsr"},
    {"set v web 203.0.113.10:80/tcp po web", "set vip web 203.0.113.10:80/tcp pool web"},
    {"set poo web ser [2001:db8::1]:80 en n", "set pool web server [2001:db8::1]:80 enabled no"},
    {"set poo web c http GET /x exp 200 204", "set pool web check http GET /x expect 200 204"},
    {"set poo web c http host \"int\"", "set pool web check http host \"int\""},
    {"set poo web c pos us w", "set pool web check postgresql user w"},
    {"set poo web c h GET", ""},
    {"del poo web sc", "delete pool web scheduler"},
    {"del poo p", "delete pool p"},
    {"set poo web d", ""},
};

TEST(LineReader, ShortEditsAreTheEditsOfTheLineInFull) {
  for (const EditLine& row : kEditLines) {
    SCOPED_TRACE(row.typed);
    const auto typed = read_line(row.typed, Mode::kConfig);
    ASSERT_EQ(typed.has_value(), !row.in_full.empty());
    if (!typed) continue;
    const auto in_full = model::parse_command(row.in_full);
    ASSERT_TRUE(in_full);
    EXPECT_EQ(typed->edits, *in_full);
    // In a script the words in full mean the same.
    const auto script = read_line(row.in_full, Mode::kScript);
    ASSERT_TRUE(script);
    EXPECT_EQ(script->edits, *in_full);
  }
}

TEST(LineReader, EveryVerbHasAnExampleThatReadsInAScript) {
  for (const Verb& verb : verbs()) {
    const auto command = read_line(verb.example, Mode::kScript);
    ASSERT_TRUE(command) << verb.example << ": " << command.error().text;
    EXPECT_EQ(command->verb, &verb);
  }
}

TEST(LineReader, EveryWordInFullIsReadWhereverItIsOffered) {
  // However words are added later, none may be hidden by another that begins like it.
  for (const Mode mode : {Mode::kOper, Mode::kConfig, Mode::kScript}) {
    for (const Offer& first : LineReader(mode).offers()) {
      LineReader reader(mode);
      ASSERT_TRUE(reader.take({first.word, 0, false})) << first.word;
      for (const Offer& second : reader.offers()) {
        if (second.word.empty()) continue;
        LineReader longer = reader;
        EXPECT_TRUE(longer.take({second.word, 9, false})) << first.word << ' ' << second.word;
      }
    }
  }
}

TEST(SplitLine, GivesEachPartItsColumn) {
  const auto words = split_line("a|b ||\"c|d\"");
  ASSERT_FALSE(words);  // a quote inside a word
  const auto parts = split_line("a|b || \"c|d\"");
  ASSERT_TRUE(parts);
  const std::vector<model::Word> expected = {{"a", 0, false}, {"|", 1, false}, {"b", 2, false},
                                             {"|", 4, false}, {"|", 5, false}, {"c|d", 7, true}};
  EXPECT_EQ(*parts, expected);
}

}  // namespace
}  // namespace yoke::cli
