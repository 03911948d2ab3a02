// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/command_reader.h"

#include <gtest/gtest.h>

#include <sstream>

#include "mgmt/model/words.h"
#include "tests/unit/model/random_config.h"

namespace yoke::model {
namespace {

using Kind = Operation::Kind;

struct GoodLine {
  std::string_view line;
  std::vector<Operation> expected;
};

const GoodLine kGoodLines[] = {
    {"set pool web", {{Kind::kSet, {{"pool", "web"}}, {}, {}}}},
    {"set pool web server 192.0.2.11:80 192.0.2.12:80 weight 2",
     {{Kind::kSet, {{"pool", "web", "server", "192.0.2.11:80"}}, {{"weight", "2"}}, {}},
      {Kind::kSet, {{"pool", "web", "server", "192.0.2.12:80"}}, {{"weight", "2"}}, {}}}},
    {"set vip web 203.0.113.10:80/tcp pool web",
     {{Kind::kSet, {{"vip", "web"}}, {{"address", "203.0.113.10:80/tcp"}, {"pool", "web"}}, {}}}},
    {"set vip web pool web address 203.0.113.10:80/tcp",
     {{Kind::kSet, {{"vip", "web"}}, {{"address", "203.0.113.10:80/tcp"}, {"pool", "web"}}, {}}}},
    {"set pool web check http GET /health expect 200 interval 1s",
     {{Kind::kSet,
       {{"pool", "web", "check", "http"}},
       {{"request", "GET"}, {"path", "/health"}, {"expect", "200"}, {"interval", "1s"}},
       {}}}},
    {"set pool web check http /health",
     {{Kind::kSet, {{"pool", "web", "check", "http"}}, {{"path", "/health"}}, {}}}},
    {"set pool web check http expect 200 204-206 HEAD",
     {{Kind::kSet,
       {{"pool", "web", "check", "http"}},
       {{"expect", "200,204-206"}, {"request", "HEAD"}},
       {}}}},
    {"set vip web snat 192.0.2.1 192.0.2.2,192.0.2.3 enabled no",
     {{Kind::kSet,
       {{"vip", "web"}},
       {{"snat", "192.0.2.1,192.0.2.2,192.0.2.3"}, {"enabled", "no"}},
       {}}}},
    {"set pool web method dsr server 192.0.2.1:80",
     {{Kind::kSet, {{"pool", "web"}}, {{"method", "dsr"}}, {}},
      {Kind::kSet, {{"pool", "web", "server", "192.0.2.1:80"}}, {}, {}}}},
    {"set pool server server 192.0.2.1:80",
     {{Kind::kSet, {{"pool", "server", "server", "192.0.2.1:80"}}, {}, {}}}},
    {"set pool web check http host \"interval\" interval 1s",
     {{Kind::kSet,
       {{"pool", "web", "check", "http"}},
       {{"host", "interval"}, {"interval", "1s"}},
       {}}}},
    {"delete pool web", {{Kind::kDelete, {{"pool", "web"}}, {}, {}}}},
    {"delete pool web server 192.0.2.11:80 192.0.2.12:80",
     {{Kind::kDelete, {{"pool", "web", "server", "192.0.2.11:80"}}, {}, {}},
      {Kind::kDelete, {{"pool", "web", "server", "192.0.2.12:80"}}, {}, {}}}},
    {"delete vip web snat idle-timeout",
     {{Kind::kDelete, {{"vip", "web"}}, {}, {"snat", "idle-timeout"}}}},
    {"rename pool web to shop", {{Kind::kRename, {{"pool", "web"}}, {}, {}, "shop"}}},
    {"rename pool to to to", {{Kind::kRename, {{"pool", "to"}}, {}, {}, "to"}}},
    {"copy pool web server 192.0.2.11:80 to [2001:DB8::0]:80",
     {{Kind::kCopy, {{"pool", "web", "server", "192.0.2.11:80"}}, {}, {}, "[2001:db8::]:80"}}},
    {"disable pool web server 192.0.2.11:80 192.0.2.12:80",
     {{Kind::kSet, {{"pool", "web", "server", "192.0.2.11:80"}}, {{"enabled", "no"}}, {}, {}, true},
      {Kind::kSet,
       {{"pool", "web", "server", "192.0.2.12:80"}},
       {{"enabled", "no"}},
       {},
       {},
       true}}},
    {"set system name lb-a banner \"hands off\"",
     {{Kind::kSet, {{"system", ""}}, {{"name", "lb-a"}, {"banner", "hands off"}}, {}}}},
    {"delete system name", {{Kind::kDelete, {{"system", ""}}, {}, {"name"}}}},
    {"delete system", {{Kind::kDelete, {{"system", ""}}, {}, {}}}},
    {"enable vip web", {{Kind::kSet, {{"vip", "web"}}, {{"enabled", "yes"}}, {}, {}, true}}},
};

TEST(Commands, ReadAsPeopleTypeThem) {
  for (const GoodLine& row : kGoodLines) {
    const auto operations = parse_command(row.line);
    ASSERT_TRUE(operations) << row.line << ": " << operations.error().text;
    EXPECT_EQ(*operations, row.expected) << row.line;
  }
}

struct BadLine {
  std::string_view line;
  std::string_view id;
  int column;
  std::string_view message;
};

constexpr BadLine kBadLines[] = {
    {"", "E-106", 0, "the line is empty: expected set, delete, rename, copy, enable or disable"},
    {"sett vip", "E-101", 0, "unknown word 'sett': did you mean set?"},
    {"edit pool web", "E-101", 0,
     "unknown word 'edit': expected set, delete, rename, copy, enable or disable"},
    {"rename pool web", "E-106", 15, "the line ends too early: expected to, server or check"},
    {"rename pool web shop", "E-101", 16, "unknown word 'shop': expected to, server or check"},
    {"rename pool web to", "E-106", 18,
     "to which? Expected a name: a letter, then letters, digits, - _ . up to 32 characters"},
    {"copy pool web to shop now", "E-101", 22, "the line should end before 'now'"},
    {"copy pool web server 192.0.2.1:80 to 192.0.2.1", "E-104", 37,
     "'192.0.2.1' has no port: write 192.0.2.1:80 or [2001:db8::1]:80"},
    {"disable pool web", "E-106", 16, "the line ends too early: expected server or check"},
    {"enable pool web check http", "E-106", 26, "a check is always in use"},
    {"enable vip web snat", "E-101", 15, "the line should end before 'snat'"},
    {"set", "E-106", 3, "the line ends too early: expected <kinds>"},
    {"set  pol web", "E-101", 5, "unknown word 'pol': did you mean pool?"},
    {"set \"pool\" web", "E-101", 4, "unknown word 'pool': did you mean pool?"},
    {"set server 192.0.2.1:80", "E-101", 4, "unknown word 'server': expected <kinds>"},
    {"set system", "E-106", 10,
     "the line ends too early: expected name, banner, time-zone, ntp-server, dns-server or "
     "dns-search"},
    {"set system lb-a", "E-101", 11,
     "unknown word 'lb-a': expected name, banner, time-zone, ntp-server, dns-server or dns-search"},
    {"rename system to lb-a", "E-101", 7, "unknown word 'system': expected <keyed kinds>"},
    {"set pool", "E-106", 8,
     "which pool? Expected a name: a letter, then letters, digits, - _ . up to 32 characters"},
    {"set pool 9", "E-102", 9,
     "'9' is not a name: a letter, then letters, digits, - _ . up to 32 characters"},
    {"set pool web metod dsr", "E-101", 13, "unknown word 'metod': did you mean method?"},
    {"set pool web method", "E-106", 19, "method needs a value: expected nat or dsr"},
    {"set pool web method dnat", "E-102", 20, "'dnat' is not nat or dsr"},
    {"set pool web method nat method dsr", "E-109", 24, "method is on the line already"},
    {"set pool web server", "E-106", 19,
     "which server? Expected an address and port such as 192.0.2.11:80"},
    {"set pool web server 192.0.2.1", "E-104", 20,
     "'192.0.2.1' has no port: write 192.0.2.1:80 or [2001:db8::1]:80"},
    {"set pool web server 192.0.2.1:80 192.0.2.300:80", "E-103", 33,
     "not an IPv4 address: 300 is above 255"},
    {"set pool web server 192.0.2.1:80 192.0.2.1:80", "E-109", 33,
     "192.0.2.1:80 is on the line already"},
    {"set pool web server 192.0.2.1:80 wieght 2", "E-101", 33,
     "unknown word 'wieght': did you mean weight?"},
    {"set pool web server 192.0.2.1:80 weight 257", "E-102", 40,
     "'257' is not a number from 0 to 256"},
    {"set pool web server 192.0.2.1:80 192.0.2.2:80 check", "E-101", 46,
     "unknown word 'check': expected weight or enabled"},
    {"set pool web check tcp path /", "E-101", 23, "a tcp check has no path"},
    {"set pool web check tcp GET", "E-101", 23,
     "unknown word 'GET': expected send, receive, port, interval, down-interval, fast-interval, "
     "jitter, timeout, rise or fall"},
    {"set pool web check http GTE /health", "E-101", 24, "unknown word 'GTE': did you mean GET?"},
    {"set pool web check http GET /a|b", "E-102", 28,
     "'/a|b' has a character that a URL path cannot hold: write it as %XX"},
    {"set vip web 203.0.113.300:80/tcp", "E-103", 12, "not an IPv4 address: 300 is above 255"},
    {"set vip web snat 192.0.2.1,192.0.2.256", "E-103", 27,
     "not an IPv4 address: 256 is above 255"},
    {"set vip web pool \"a b\"", "E-102", 18,
     "'a b' is not a name: a letter, then letters, digits, - _ . up to 32 characters"},
    {"set vip web \"open", "E-107", 12, "this quote is not closed"},
    {"delete vip web 203.0.113.1:80/tcp", "E-101", 15,
     "unknown word '203.0.113.1:80/tcp': expected address, pool, snat, snat-pool, idle-timeout, "
     "group, sync, allow, deny, max-flows, new-flow-rate, client-new-flow-rate, "
     "client-prefix-length or enabled"},
    {"delete vip web snat snat", "E-109", 20, "snat is on the line already"},
    {"delete vip", "E-106", 10,
     "which vip? Expected a name: a letter, then letters, digits, - _ . up to 32 characters"},
};

// What may begin a line of `set`, and what can have another key, grow with the schema.
std::string with_kinds(std::string_view message) {
  std::vector<std::string> all, keyed;
  for (const RecordType& type : schema()) {
    if (!type.parent.empty()) continue;
    all.emplace_back(type.kind);
    if (!type.single) keyed.emplace_back(type.kind);
  }
  std::string text(message);
  for (const auto& [mark, kinds] : {std::pair("<kinds>", all), std::pair("<keyed kinds>", keyed)}) {
    if (const auto at = text.find(mark); at != text.npos) {
      text.replace(at, std::string_view(mark).size(), join_or(kinds));
    }
  }
  return text;
}

TEST(Commands, ErrorsPointAtTheWordAndNameWhatWasExpected) {
  for (const BadLine& row : kBadLines) {
    const auto operations = parse_command(row.line);
    ASSERT_FALSE(operations) << row.line;
    EXPECT_EQ(operations.error().id, row.id) << row.line;
    EXPECT_EQ(operations.error().column, row.column) << row.line;
    EXPECT_EQ(operations.error().text, with_kinds(row.message)) << row.line;
  }
}

TEST(Commands, WrittenAndReadBackGiveTheSameConfiguration) {
  for (unsigned seed = 0; seed < testing::kSeeds; ++seed) {
    const Config config = testing::RandomConfig(seed).config();
    Config back;
    std::istringstream lines(to_commands(config));
    for (std::string line; std::getline(lines, line);) {
      const auto operations = parse_command(line);
      ASSERT_TRUE(operations) << line << ": " << operations.error().text;
      ASSERT_TRUE(edit(back, *operations)) << line;
    }
    EXPECT_EQ(back, config) << "seed " << seed << "\n" << to_commands(config);
  }
}

TEST(Commands, AreWrittenShort) {
  Config config;
  for (const char* line : {"set vip web 203.0.113.10:80/tcp pool web idle-timeout 5m",
                           "set pool web server 192.0.2.11:80 weight 2", "set pool empty",
                           "set pool web check http HEAD /a?b host \"x y\""}) {
    ASSERT_TRUE(edit(config, parse_command(line).value()));
  }
  EXPECT_EQ(to_commands(config),
            "set pool empty\n"
            "set pool web check http HEAD \"/a?b\" host \"x y\"\n"
            "set pool web server 192.0.2.11:80 weight 2\n"
            "set vip web 203.0.113.10:80/tcp pool web idle-timeout 5m\n");
}

TEST(Commands, WhatIsNotThereIsNeitherEnabledNorMade) {
  Config config;
  ASSERT_TRUE(edit(config, parse_command("set pool web server 192.0.2.12:80").value()));
  const Config before = config;
  for (const char* line : {"disable pool web server 192.0.2.21:80", "enable vip web",
                           "disable pool shop server 192.0.2.12:80"}) {
    EXPECT_EQ(edit(config, parse_command(line).value()).error().id, "E-404") << line;
    EXPECT_EQ(config, before) << line;
  }
  EXPECT_TRUE(edit(config, parse_command("disable pool web server 192.0.2.12:80").value()));
  EXPECT_NE(config, before);
}

TEST(Commands, AppliedTogetherAreAllOrNone) {
  Config config;
  ASSERT_TRUE(config.set(Path{{"pool", "web"}}, {}));
  const Config before = config;
  std::vector<Operation> operations = parse_command("set pool new").value();
  operations.push_back(parse_command("delete vip none").value().front());
  EXPECT_EQ(edit(config, operations).error().id, "E-404");
  EXPECT_EQ(config, before);
}

std::vector<std::string> words_after(EditVerb verb, std::string_view text) {
  CommandReader reader(verb);
  const auto read = split_words(text).value();
  for (const Word& word : read) EXPECT_TRUE(reader.take(word)) << text;
  std::vector<std::string> words;
  for (const Expected& next : reader.expected()) {
    words.push_back(!next.word.empty() ? next.word : "<" + std::string(next.field->name) + ">");
  }
  return words;
}

TEST(Commands, KnowWhatMayComeNextAtEveryPosition) {
  using Words = std::vector<std::string>;
  const Words kinds = words_after(EditVerb::kSet, "");
  EXPECT_EQ((Words{kinds.begin(), kinds.begin() + 2}), (Words{"pool", "vip"}));
  EXPECT_EQ(words_after(EditVerb::kSet, "pool"), Words{"<name>"});
  EXPECT_EQ(words_after(EditVerb::kSet, "pool web"),
            (Words{"method", "scheduler", "require", "passive-failures", "passive-window",
                   "passive-hold", "server", "check"}));
  EXPECT_EQ(words_after(EditVerb::kSet, "pool web method"), (Words{"nat", "dsr"}));
  EXPECT_EQ(words_after(EditVerb::kSet, "pool web method dsr"),
            (Words{"scheduler", "require", "passive-failures", "passive-window", "passive-hold",
                   "server", "check"}));
  EXPECT_EQ(words_after(EditVerb::kSet, "pool web server"), Words{"<endpoint>"});
  EXPECT_EQ(words_after(EditVerb::kSet, "pool web server 192.0.2.1:80"),
            (Words{"weight", "enabled", "<endpoint>"}));
  EXPECT_EQ(words_after(EditVerb::kSet, "pool web server 192.0.2.1:80 weight 2"), Words{"enabled"});
  EXPECT_EQ(words_after(EditVerb::kSet, "pool web server 192.0.2.1:80 enabled"),
            (Words{"yes", "no"}));
  EXPECT_EQ(words_after(EditVerb::kSet, "pool web require"), (Words{"all", "any", "<require>"}));
  EXPECT_EQ(words_after(EditVerb::kSet, "pool web check"),
            (Words{"tcp", "http", "https", "tls", "udp", "icmp", "dns", "smtp", "redis", "mysql",
                   "postgresql", "grpc", "script"}));
  EXPECT_EQ(words_after(EditVerb::kSet, "pool web check tcp"),
            (Words{"send", "receive", "port", "interval", "down-interval", "fast-interval",
                   "jitter", "timeout", "rise", "fall"}));
  EXPECT_EQ(words_after(EditVerb::kSet, "pool web check http:admin port 80 GET"),
            (Words{"path", "expect", "host", "header", "body", "interval", "down-interval",
                   "fast-interval", "jitter", "timeout", "rise", "fall", "<path>"}));
  EXPECT_EQ(words_after(EditVerb::kSet, "vip web snat 192.0.2.1"),
            (Words{"address", "pool", "snat-pool", "idle-timeout", "group", "sync", "allow", "deny",
                   "max-flows", "new-flow-rate", "client-new-flow-rate", "client-prefix-length",
                   "enabled", "<snat>", "<address>"}));
  EXPECT_EQ(words_after(EditVerb::kDelete, "vip web snat"),
            (Words{"address", "pool", "snat-pool", "idle-timeout", "group", "sync", "allow", "deny",
                   "max-flows", "new-flow-rate", "client-new-flow-rate", "client-prefix-length",
                   "enabled"}));
  EXPECT_EQ(words_after(EditVerb::kRename, "pool web"), (Words{"to", "server", "check"}));
  EXPECT_EQ(words_after(EditVerb::kRename, "pool web to"), Words{"<name>"});
  EXPECT_EQ(words_after(EditVerb::kCopy, "pool web to shop"), Words{});
  EXPECT_EQ(words_after(EditVerb::kDisable, "pool web"), (Words{"server", "check"}));
  EXPECT_EQ(words_after(EditVerb::kDisable, "pool web server 192.0.2.1:80"), Words{"<endpoint>"});
  EXPECT_EQ(words_after(EditVerb::kEnter, "pool web"), (Words{"server", "check"}));
}

// Whatever expected() offers, take() takes: otherwise completion would lead people into errors.
TEST(Commands, AcceptEveryWordTheyOffer) {
  for (unsigned seed = 0; seed < testing::kSeeds; ++seed) {
    testing::RandomConfig random(seed);
    CommandReader reader(static_cast<EditVerb>(seed % 7));
    static_assert(static_cast<unsigned>(EditVerb::kEnter) == 6);
    std::string line;
    for (int step = 0; step < 12; ++step) {
      const auto offered = reader.expected();
      if (offered.empty()) break;
      const Expected& next = offered[random.below(static_cast<unsigned>(offered.size()))];
      const std::string text = next.word.empty() ? std::string(next.field->example) : next.word;
      // An example may be on the line already.
      if (next.word.empty() && line.find(' ' + text) != std::string::npos) break;
      line += ' ' + text;
      const auto taken = reader.take({text, 0, false});
      ASSERT_TRUE(taken) << line << ": " << taken.error().text;
    }
  }
}

}  // namespace
}  // namespace yoke::model
