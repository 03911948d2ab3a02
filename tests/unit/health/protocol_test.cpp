// SPDX-License-Identifier: Apache-2.0
// What each protocol says and makes of the answers, without a socket. Answers are those of the real
// servers, as they were seen or as their protocols' documents have them.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "mgmt/health/byte_reader.h"
#include "mgmt/health/kinds.h"
#include "mgmt/health/postgresql_protocol.h"
#include "mgmt/model/schema.h"
#include "tests/unit/health/talk.h"

namespace yoke::health {
namespace {

using namespace std::string_literals;
using Pieces = std::vector<std::string>;

// A check of the kind, with the schema's defaults but for `values`.
Check check_with(const std::string& kind, const Settings::Values& values = {}) {
  Settings::Values all = values;
  for (const model::Field& field : model::find_type("check")->fields) {
    if (model::applies(field, kind)) all.emplace(field.name, field.default_value);
  }
  Check check;
  check.key = kind;
  check.settings = Settings(std::move(all));
  return check;
}

class Protocols : public ::testing::Test {
 protected:
  std::unique_ptr<Protocol> protocol_of(const Check& check) {
    if (check.kind() == "postgresql") {
      return std::make_unique<PostgresqlProtocol>(check, "nonce", keys_);
    }
    return kind_of(check)->protocol(*net::Endpoint::parse("192.0.2.1:1"), check, keys_);
  }
  static Talk talk_of(const Check& check, std::vector<std::string> server,
                      std::size_t part_bytes = 0) {
    const bool is_stream = transport_of(*kind_of(check), check) == Transport::kTcp;
    return is_stream ? Talk(std::move(server), part_bytes) : Talk::by_datagrams(std::move(server));
  }
  std::string outcome(const Check& check, std::vector<std::string> server,
                      std::size_t part_bytes = 0) {
    return talk_of(check, std::move(server), part_bytes).run(*protocol_of(check));
  }

  ScramKeys keys_;
};

// ---- MySQL as a server speaks it ---------------------------------------------------------------

const std::string kScramble = "abcdefghij0123456789";

std::string packet(unsigned number, const std::string& payload) {
  return little_endian(payload.size(), 3) + static_cast<char>(number) + payload;
}
std::string counted(const std::string& text) { return static_cast<char>(text.size()) + text; }

std::string greeting(const std::string& plugin = "mysql_native_password", unsigned low = 0xfffe) {
  return packet(0, "\x0a"s + "5.5.5-10.11.6-MariaDB\0"s + "\x07\0\0\0"s + kScramble.substr(0, 8) +
                       "\0"s + little_endian(low, 2) + "\x2d\x02\0"s + "\xff\x81"s + "\x15"s +
                       std::string(6, '\0') + "\x1d\0\0\0"s + kScramble.substr(8) + "\0"s + plugin +
                       "\0"s);
}
std::string mysql_ok(unsigned number) { return packet(number, "\0\0\0\x02\0\0\0"s); }
std::string mysql_error(unsigned number, unsigned code, const std::string& text) {
  return packet(number, "\xff"s + little_endian(code, 2) + "#28000" + text);
}
std::string definition(const std::string& name) {
  return counted("def") + counted("") + counted("") + counted("") + counted(name) + counted("") +
         "\x0c\x3f\0\x01\0\0\0\x08\0\0\0\0\0"s;
}
std::string row(const Pieces& names, const Pieces& values) {
  unsigned number = 1;
  std::string all = packet(number++, std::string(1, static_cast<char>(names.size())));
  for (const auto& name : names) all += packet(number++, definition(name));
  all += packet(number++, "\xfe\0\0\x02\0"s);
  std::string cells;
  for (const auto& value : values) cells += value == "NULL" ? "\xfb"s : counted(value);
  if (!values.empty()) all += packet(number++, cells);
  return all + packet(number, "\xfe\0\0\x02\0"s);
}
std::string lag(const std::string& seconds) {
  return row({"Slave_IO_State", "Seconds_Behind_Master"}, {"Waiting", seconds});
}

// ---- PostgreSQL as a server speaks it
// ------------------------------------------------------------

std::string message(char type, const std::string& body) {
  return type + big_endian(body.size() + 4, 4) + body;
}
std::string authentication(unsigned kind, const std::string& rest = "") {
  return message('R', big_endian(kind, 4) + rest);
}
std::string pg_error(const std::string& code, const std::string& text) {
  return message('E', "SFATAL\0VFATAL\0C"s + code + "\0M"s + text + "\0\0"s);
}
const std::string kWelcome = authentication(0) + message('S', "server_version\0"s + "15\0"s) +
                             message('K', "\0\0\0\x01\0\0\0\x02"s) + message('Z', "I");
constexpr const char* kScramFirst = "r=nonce1,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
std::string recovery(const std::string& value) {
  return message('T', "\0\x01"s + "pg_is_in_recovery\0"s + std::string(18, '\0')) +
         message('D', "\0\x01\0\0\0\x01"s + value) + message('C', "SELECT 1\0"s) +
         message('Z', "I");
}

// ---- conversations
// -------------------------------------------------------------------------------

struct Case {
  const char* kind;
  Settings::Values values;
  Pieces server;
  std::string outcome;  // of Talk
};

std::string bulk(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}
const std::string kPrimary = bulk("# Replication\r\nrole:master\r\nconnected_slaves:1\r\n");
const std::string kReplica = bulk("# Replication\r\nrole:slave\r\nmaster_link_status:up\r\n");
const std::string kOrphan = bulk("# Replication\r\nrole:slave\r\nmaster_link_status:down\r\n");

const Settings::Values kAccount{{"user", "watch"}, {"password", "secret"}};
Settings::Values with(Settings::Values values, const Settings::Values& more) {
  values.insert(more.begin(), more.end());
  return values;
}

const std::vector<Case>& cases() {
  static const std::vector<Case> kCases{
      {"tcp", {}, {}, "passed connected"},
      {"tls", {}, {}, "passed handshake"},
      {"tcp",
       {{"send", R"(PING\r\n)"}, {"receive", "PONG"}},
       {"+PONG\r\n"},
       "passed answered 'PONG'"},
      {"tcp", {{"receive", "ready"}}, {"not yet"}, "failed answered 'not yet', expected 'ready'"},
      {"tcp", {{"receive", "ready"}}, {}, "closed at answer"},
      {"tcp", {{"send", "x"}}, {"anything"}, "passed answered 'anything'"},
      {"udp", {{"receive", "b"}}, {"abc"}, "passed answered 'b'"},
      {"udp", {{"receive", "b"}}, {"acc"}, "failed answered 'acc', expected 'b'"},
      {"smtp",
       {},
       {"220 mx ESMTP\r\n", "250-mx\r\n250 8BITMIME\r\n", "221 bye\r\n"},
       "passed ready"},
      {"smtp", {}, {"220-mx\r\n220 ESMTP\r\n", "250 mx\r\n"}, "passed ready"},
      {"smtp", {}, {"554 no service\r\n"}, "failed banner answered '554 no service', expected 220"},
      {"smtp", {}, {"SSH-2.0-OpenSSH\r\n"}, "failed banner is not SMTP: 'SSH-2.0-OpenSSH'"},
      {"smtp",
       {},
       {"220 mx\r\n", "550 go away\r\n"},
       "failed EHLO answered '550 go away', expected 250"},
      {"smtp",
       {{"tls", "yes"}},
       {"220 mx\r\n", "250-mx\r\n250 STARTTLS\r\n", "220 go\r\n", "250 mx\r\n", "221 bye\r\n"},
       "passed ready"},
      {"smtp", {{"tls", "yes"}}, {"220 mx\r\n", "250 mx\r\n"}, "failed STARTTLS is not offered"},
      {"smtp", {}, {"220 mx\r\n"}, "closed at EHLO"},
      {"smtp",
       {{"tls", "yes"}},
       {"220 mx\r\n", "250-mx\r\n250 StartTls\r\n", "220 go\r\n", "250 mx\r\n", "221 bye\r\n"},
       "passed ready"},
      {"smtp", {}, {"220 mx\r\n250 mx\r\n221 bye\r\n"}, "passed ready"},
      {"redis", {}, {"+PONG\r\n", "+OK\r\n"}, "passed PONG"},
      {"redis", {}, {"+PONG\r\n"}, "passed PONG"},
      {"redis",
       {},
       {"-NOAUTH Authentication required.\r\n"},
       "failed PING refused: 'NOAUTH Authentication required.'"},
      {"redis", {}, {"-LOADING the dataset\r\n"}, "failed PING refused: 'LOADING the dataset'"},
      {"redis", {}, {"HTTP/1.1 400\r\n"}, "failed PING answered 'HTTP/1.1 400'"},
      {"redis", {}, {"$5\r\nHELLO\r\n"}, "failed PING answered '$5'"},
      {"redis", {{"password", "p"}}, {"+OK\r\n", "+PONG\r\n", "+OK\r\n"}, "passed PONG"},
      {"redis", {{"password", "p"}}, {"-WRONGPASS no\r\n"}, "failed AUTH refused: 'WRONGPASS no'"},
      {"redis",
       {{"user", "user"}, {"password", "s3cret"}},
       {"-ERR unknown command 'AUTH', with args beginning with: 'user' 's3cret'\r\n"},
       "failed AUTH refused: 'ERR unknown command 'AUTH''"},
      {"redis", {{"role", "primary"}}, {"+PONG\r\n", kPrimary, "+OK\r\n"}, "passed PONG, primary"},
      {"redis", {{"role", "replica"}}, {"+PONG\r\n", kReplica, "+OK\r\n"}, "passed PONG, replica"},
      {"redis",
       {{"role", "primary"}},
       {"+PONG\r\n", kReplica},
       "failed role is 'replica', expected primary"},
      {"redis",
       {{"role", "replica"}},
       {"+PONG\r\n", kOrphan},
       "failed replica has no link to its primary: 'down'"},
      {"mysql", {}, {greeting()}, "passed '5.5.5-10.11.6-MariaDB'"},
      {"mysql",
       {},
       {packet(0, "\xff\x69\x04Host is blocked")},
       "failed greeting refused: 1129 'Host is blocked'"},
      {"mysql", {}, {packet(0, "HTTP/1.1")}, "failed greeting is not MySQL's"},
      {"mysql", kAccount, {greeting(), mysql_ok(2)}, "passed logged in"},
      {"mysql",
       kAccount,
       {greeting(), mysql_error(2, 1045,
                                "Access denied for user 'balancer-check'@'lb-a.example.net' (using "
                                "password: YES)")},
       "failed login refused: 1045 'Access denied for user 'balancer-check'@'lb-a.example.net' "
       "(using password: YES)'"},
      {"mysql",
       kAccount,
       {greeting("unix_socket"),
        packet(2, "\xfe"s + "mysql_native_password\0"s + kScramble + "\0"s), mysql_ok(4)},
       "passed logged in"},
      {"mysql",
       kAccount,
       {greeting(), packet(2, "\xfe"s + "client_ed25519\0"s + kScramble)},
       "failed login by 'client_ed25519' is not spoken here"},
      {"mysql",
       kAccount,
       {greeting("caching_sha2_password"), packet(2, "\x01\x03"), mysql_ok(3)},
       "passed logged in"},
      {"mysql",
       kAccount,
       {greeting("caching_sha2_password"), packet(2, "\x01\x04")},
       "failed login wants the password itself, which is told to a verified server alone: set tls "
       "yes "
       "and verify yes"},
      {"mysql",
       with(kAccount, {{"tls", "yes"}}),
       {greeting("caching_sha2_password"), packet(3, "\x01\x04")},
       "failed login wants the password itself, which is told to a verified server alone: set tls "
       "yes "
       "and verify yes"},
      {"mysql",
       with(kAccount, {{"tls", "yes"}, {"verify", "yes"}}),
       {greeting("caching_sha2_password"), packet(3, "\x01\x04"), mysql_ok(5)},
       "passed logged in"},
      {"mysql",
       with(kAccount, {{"tls", "yes"}}),
       {greeting("mysql_native_password", 0xfffe & ~0x800U)},
       "failed TLS is not offered"},
      {"mysql",
       with(kAccount, {{"role", "primary"}}),
       {greeting(), mysql_ok(2), row({"r"}, {"0"})},
       "passed primary"},
      {"mysql",
       with(kAccount, {{"role", "primary"}}),
       {greeting(), mysql_ok(2), row({"r"}, {"1"})},
       "failed read_only is '1', expected a primary"},
      {"mysql",
       with(kAccount, {{"role", "replica"}}),
       {greeting(), mysql_ok(2), row({"r"}, {})},
       "failed read_only answered ''"},
      {"mysql",
       with(kAccount, {{"role", "replica"}}),
       {greeting(), mysql_ok(2), row({"r"}, {""})},
       "failed read_only answered ''"},
      {"mysql",
       with(kAccount, {{"role", "replica"}, {"lag-max", "5s"}}),
       {greeting(), mysql_ok(2), row({"r"}, {"1"}), lag("3")},
       "passed replica, 3s behind"},
      {"mysql",
       with(kAccount, {{"lag-max", "5s"}}),
       {greeting(), mysql_ok(2), lag("6")},
       "failed replica is 6s behind, expected at most 5s"},
      {"mysql",
       with(kAccount, {{"lag-max", "5s"}}),
       {greeting(), mysql_ok(2), lag("NULL")},
       "failed replication does not run"},
      {"mysql",
       with(kAccount, {{"lag-max", "5s"}}),
       {greeting(), mysql_ok(2), mysql_error(1, 1064, "syntax"), lag("0")},
       "passed logged in, 0s behind"},
      {"mysql",
       with(kAccount, {{"lag-max", "5s"}}),
       {greeting(), mysql_ok(2), row({"Seconds_Behind_Source"}, {})},
       "failed replicates from nobody"},
      {"postgresql", {}, {authentication(10, "SCRAM-SHA-256\0\0"s)}, "passed takes logins"},
      {"postgresql", {}, {pg_error("28000", "no role")}, "passed takes logins"},
      {"postgresql",
       {},
       {pg_error("57P03", "the database system is starting up")},
       "failed startup refused: '57P03' 'the database system is starting up'"},
      {"postgresql",
       {},
       {pg_error("53300", "too many clients")},
       "failed startup refused: '53300' 'too many clients'"},
      {"postgresql", {{"tls", "yes"}}, {"N"}, "failed TLS is not offered"},
      {"postgresql", {{"tls", "yes"}}, {"S", authentication(0)}, "passed takes logins"},
      {"postgresql", {}, {"HTTP/1.1 400 Bad Request"}, "closed at startup"},
      {"postgresql",
       kAccount,
       {authentication(5, "\x01\x02\x03\x04"), kWelcome},
       "passed logged in"},
      {"postgresql",
       kAccount,
       {authentication(3)},
       "failed login wants the password itself, which is told to a verified server alone: set tls "
       "yes "
       "and verify yes"},
      {"postgresql",
       kAccount,
       {authentication(5, "\x01\x02\x03\x04"), pg_error("28P01", "password authentication failed")},
       "failed login refused: '28P01' 'password authentication failed'"},
      {"postgresql",
       kAccount,
       {authentication(10, "SCRAM-SHA-256\0\0"s), authentication(11, "r=other,s=AAAA,i=4096")},
       "failed login: the server's SCRAM message makes no sense"},
      {"postgresql",
       with(kAccount, {{"tls", "yes"}}),
       {"S", authentication(3)},
       "failed login wants the password itself, which is told to a verified server alone: set tls "
       "yes "
       "and verify yes"},
      {"postgresql",
       with(kAccount, {{"tls", "yes"}, {"verify", "yes"}}),
       {"S", authentication(3), kWelcome},
       "passed logged in"},
      {"postgresql",
       kAccount,
       {authentication(10, "SCRAM-SHA-256\0\0"s), kWelcome},
       "failed login: the server has not proved that it knows the password"},
      {"postgresql",
       kAccount,
       {authentication(10, "SCRAM-SHA-256\0\0"s), message('Z', "I")},
       "failed login: the server has not proved that it knows the password"},
      {"postgresql",
       kAccount,
       {authentication(10, "SCRAM-SHA-256\0\0"s), authentication(11, kScramFirst), kWelcome},
       "failed login: the server has not proved that it knows the password"},
      {"postgresql",
       with(kAccount, {{"tls", "yes"}, {"verify", "yes"}}),
       {"S", authentication(10, "SCRAM-SHA-256\0\0"s), authentication(3)},
       "failed login: the server has not proved that it knows the password"},
      {"postgresql",
       kAccount,
       {authentication(10, "SCRAM-SHA-256\0\0"s), authentication(11, kScramFirst),
        authentication(12, "v=AAAA")},
       "failed login: the server does not know the password itself"},
      {"postgresql",
       with(kAccount, {{"role", "primary"}}),
       {kWelcome, message('Z', "I")},
       "failed recovery state answered ''"},
      {"postgresql",
       kAccount,
       {authentication(7)},
       "failed login in a way that is not spoken here"},
      {"postgresql",
       with(kAccount, {{"role", "replica"}}),
       {kWelcome, recovery("t")},
       "passed replica"},
      {"postgresql",
       with(kAccount, {{"role", "primary"}}),
       {kWelcome, recovery("t")},
       "failed is in recovery, expected a primary"},
      {"postgresql",
       with(kAccount, {{"role", "replica"}}),
       {kWelcome, recovery("f")},
       "failed is not in recovery, expected a replica"},
  };
  return kCases;
}

TEST_F(Protocols, ComeToTheVerdictThatTheServersAnswersCallFor) {
  for (const Case& c : cases()) {
    const Check check = check_with(c.kind, c.values);
    EXPECT_EQ(outcome(check, c.server), c.outcome) << c.kind;
  }
}

TEST_F(Protocols, DoNotCareHowAnswersAreCutIntoParts) {
  for (const Case& c : cases()) {
    if (std::string_view(c.kind) == "udp") continue;  // a datagram is whole
    for (const std::size_t part_bytes : {1UL, 2UL, 7UL}) {
      const Check check = check_with(c.kind, c.values);
      const std::string came_to = outcome(check, c.server, part_bytes);
      // Where any answer will do, its first byte does.
      if (c.values.contains("send") && !c.values.contains("receive")) continue;
      EXPECT_EQ(came_to, c.outcome) << c.kind << " in parts of " << part_bytes;
    }
  }
}

// What would have passed does not, once the server stops in the midst of what it had to say.
TEST_F(Protocols, PassNothingThatIsCutShort) {
  for (const Case& c : cases()) {
    if (!c.outcome.starts_with("passed") || c.server.size() < 2) continue;
    for (std::size_t piece = 0; piece + 1 < c.server.size(); ++piece) {
      for (std::size_t size = 0; size < c.server[piece].size(); ++size) {
        Pieces cut(c.server.begin(), c.server.begin() + static_cast<std::ptrdiff_t>(piece));
        cut.push_back(c.server[piece].substr(0, size));
        const Check check = check_with(c.kind, c.values);
        const std::string came_to = outcome(check, cut);
        EXPECT_FALSE(came_to.starts_with("passed"))
            << c.kind << ": " << size << " bytes of piece " << piece << ": " << came_to;
      }
    }
  }
}

// Bytes that were flipped on the way, and that nobody meant, end in words that a terminal can show,
// and that tell no secret.
TEST_F(Protocols, SurviveEveryByteBeingAnother) {
  const auto is_plain = [](const std::string& text) {
    return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
  };
  for (const Case& c : cases()) {
    const Check check = check_with(c.kind, c.values);
    for (std::size_t piece = 0; piece < c.server.size(); ++piece) {
      for (std::size_t at = 0; at < c.server[piece].size(); ++at) {
        for (const char value : {'\0', '\x7f', '\xff', '\n', '\x1b'}) {
          Pieces bent = c.server;
          bent[piece][at] = value;
          const std::string came_to = outcome(check, bent);
          EXPECT_TRUE(is_plain(came_to) && came_to.size() < 300)
              << c.kind << ": byte " << at << " of piece " << piece << ": " << came_to;
          EXPECT_EQ(came_to.find("secret"), std::string::npos) << c.kind << ": " << came_to;
        }
      }
    }
  }
}

TEST_F(Protocols, SayWhatTheirDocumentsHave) {
  const auto said = [this](const char* kind, const Settings::Values& values, const Pieces& server) {
    Talk talk(server);
    (void)talk.run(*protocol_of(check_with(kind, values)));
    return talk.said();
  };
  EXPECT_EQ(said("smtp", {{"hello", "lb.example.net"}}, {"220 a\r\n", "250 b\r\n", "221 c\r\n"}),
            (Pieces{"EHLO lb.example.net\r\n", "QUIT\r\n"}));
  EXPECT_EQ(said("redis", {{"user", "u"}, {"password", "p w"}}, {"+OK\r\n", "+PONG\r\n"}),
            (Pieces{"*3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$3\r\np w\r\n", "*1\r\n$4\r\nPING\r\n",
                    "*1\r\n$4\r\nQUIT\r\n"}));
  EXPECT_EQ(said("tcp", {{"send", R"(a\x00\r\n)"}, {"receive", "b"}}, {"b"}), (Pieces{"a\0\r\n"s}));
  EXPECT_TRUE(said("mysql", {}, {greeting()}).empty());
  const Pieces postgresql =
      said("postgresql", {}, {pg_error("57P03", "the database system is starting up")});
  ASSERT_EQ(postgresql.size(), 1U);
  EXPECT_EQ(postgresql[0], "\0\0\0\x2f\0\x03\0\0user\0yoke\0application_name\0yoke-check\0\0"s);
}

TEST_F(Protocols, StartTlsOnceAndOnlyWhereToldTo) {
  Talk without({"220 mx\r\n", "250-mx\r\n250 STARTTLS\r\n", "221 bye\r\n"});
  (void)without.run(*protocol_of(check_with("smtp")));
  EXPECT_EQ(without.handshakes(), 0);
  Talk with_tls({greeting(), mysql_ok(3)});
  EXPECT_EQ(with_tls.run(*protocol_of(check_with("mysql", with(kAccount, {{"tls", "yes"}})))),
            "passed logged in");
  EXPECT_EQ(with_tls.handshakes(), 1);
  // The request for TLS is the head of a login, and the whole login follows within TLS.
  ASSERT_GE(with_tls.said().size(), 2U);
  EXPECT_EQ(with_tls.said()[0].size(), 4U + 32U);
  EXPECT_EQ(with_tls.said()[0].substr(4, 8), with_tls.said()[1].substr(4, 8));
}

// However many lines and parts: what is left over is never much, and neither is the work.
TEST_F(Protocols, TakeLongAnswersApartOnce) {
  std::string lines, notices, rows;
  for (int i = 0; i < 20'000; ++i) lines += "250-x\r\n";
  for (int i = 0; i < 20'000; ++i) notices += message('N', "");
  for (int i = 0; i < 20'000; ++i) rows += packet(3, counted("0"));
  const auto began = MonoClock::now();
  EXPECT_EQ(outcome(check_with("smtp"), {"220 mx\r\n", lines + "250 x\r\n", "221 bye\r\n"}),
            "passed ready");
  EXPECT_EQ(outcome(check_with("postgresql", kAccount), {notices + kWelcome}), "passed logged in");
  const std::string head = row({"r"}, {});
  EXPECT_EQ(outcome(check_with("mysql", with(kAccount, {{"role", "primary"}})),
                    {greeting(), mysql_ok(2),
                     head.substr(0, head.size() - 9) + rows + packet(9, "\xfe\0\0\x02\0"s)}),
            "passed primary");
  EXPECT_LT(MonoClock::now() - began, std::chrono::seconds(2));
}

TEST(Kinds, AreThoseOfTheSchemaEachWithOneWayToBeMade) {
  const auto& choices = model::find_type("check")->key.choices;
  EXPECT_EQ(kinds().size(), choices.size());
  for (const std::string_view word : choices) {
    Check check;
    check.key = word;
    const Kind* kind = kind_of(check);
    ASSERT_NE(kind, nullptr) << word;
    EXPECT_TRUE(kind->protocol == nullptr || kind->exchange == nullptr) << word;
    EXPECT_EQ(is_script(*kind), word == "script") << word;
  }
}

}  // namespace
}  // namespace yoke::health
