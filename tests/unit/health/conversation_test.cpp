// SPDX-License-Identifier: Apache-2.0
// Servers that talk too much, too early or of what nobody should hear, and probes that end in the
// midst of a conversation.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <vector>

#include "mgmt/health/byte_reader.h"
#include "mgmt/health/scheduler.h"
#include "mgmt/health/secrecy.h"
#include "tests/unit/health/probing.h"

namespace yoke::health {
namespace {

using namespace std::string_literals;
using std::chrono::milliseconds;

Check check_of(const std::string& kind, Settings::Values values = {},
               milliseconds timeout = milliseconds(5000)) {
  Check check;
  check.key = kind;
  check.timeout = timeout;
  check.settings = Settings(std::move(values));
  return check;
}

// A server of datagrams, in the hands of the test.
class DatagramSocket {
 public:
  DatagramSocket() {
    const SocketAddress any({*net::IpAddress::parse("127.0.0.1"), 0});
    EXPECT_EQ(::bind(socket_.get(), any.get(), any.size()), 0);
    sockaddr_in name{};
    socklen_t size = sizeof name;
    EXPECT_EQ(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&name), &size), 0);
    endpoint_ = {*net::IpAddress::parse("127.0.0.1"), ntohs(name.sin_port)};
  }
  [[nodiscard]] const net::Endpoint& endpoint() const { return endpoint_; }
  // Who has asked; nothing before anybody has.
  [[nodiscard]] std::optional<sockaddr_in> asked() const {
    char question[512];
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const auto count = ::recvfrom(socket_.get(), question, sizeof question, MSG_DONTWAIT,
                                  reinterpret_cast<sockaddr*>(&from), &size);
    return count < 0 ? std::nullopt : std::optional(from);
  }
  void send(const sockaddr_in& to, const std::string& datagram) const {
    (void)::sendto(socket_.get(), datagram.data(), datagram.size(), 0,
                   reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }

 private:
  FileDescriptor socket_{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  net::Endpoint endpoint_;
};

class Conversing : public Probing {
 protected:
  // No text of the result has it.
  static void expect_kept(const ProbeResult& result, const std::string& secret) {
    EXPECT_EQ(result.text.find(secret), std::string::npos) << result.text;
    for (const auto& step : result.transcript.steps()) {
      EXPECT_EQ(step.text.find(secret), std::string::npos) << step.text;
    }
  }
};

// Before each turn of the loop, another datagram has come that answers another question; and beside
// that probe there is one of a server that says nothing.
TEST_F(Conversing, AServerThatNeverStopsTalkingPutsOffNoTimeout) {
  const DatagramSocket talker;
  const Server silent(keep_silent);
  const Check question = check_of("dns", {{"query", "a.test"}, {"type", "A"}, {"rcode", "NOERROR"}},
                                  milliseconds(200));
  const Check banner = check_of("tcp", {{"receive", "x"}}, milliseconds(300));
  std::vector<std::string> ended;
  const auto note = [&ended](const ProbeResult& result) { ended.push_back(result.text); };
  const auto one = prober_.start(talker.endpoint(), question, note);
  const auto other = prober_.start(silent.endpoint(), banner, note);
  std::optional<sockaddr_in> asking;
  ASSERT_TRUE(loop_.until([&] { return (asking = talker.asked()).has_value(); }));
  const auto limit = MonoClock::now() + std::chrono::seconds(5);
  while (ended.size() < 2 && MonoClock::now() < limit) {
    talker.send(*asking, "other");
    (void)sd_event_run(loop_.get(), 10'000);
  }
  ASSERT_EQ(ended.size(), 2U);
  for (const std::string& text : ended) {
    EXPECT_TRUE(text.starts_with("timeout after") || text.starts_with("not tried: this unit was"))
        << text;
  }
}

TEST_F(Conversing, OfAnAnswerWithoutEndNoMoreIsReadThanMayBe) {
  struct Case {
    const char* kind;
    Settings::Values values;
    std::string first, again;
  };
  const std::string greeting = "\x4a\0\0\0\x0a"s + "10.11\0"s + "\1\0\0\0"s + "abcdefgh\0"s +
                               "\xfe\xff\x2d\x02\0\xff\x81\x15"s + std::string(10, '\0') +
                               "ij0123456789\0"s + "mysql_native_password\0"s;
  const Settings::Values account{{"user", "watch"}, {"password", "s3cret"}};
  const Case kCases[] = {
      {"tcp", {{"receive", "never"}}, "", "x"},
      {"smtp", {}, "", "220-x\r\n"},
      {"postgresql", account, "", "N\0\0\0\4"s},
      {"mysql", account, greeting, "\2\0\0\2\1\3"s},
      {"redis", {}, "", "x"},
  };
  for (const Case& c : kCases) {
    const Server server(repeating(c.first, c.again), "127.0.0.1", Server::First::kServer);
    const auto result = judge(server.endpoint(), check_of(c.kind, c.values));
    EXPECT_EQ(result.outcome, Outcome::kFailed);
    EXPECT_EQ(result.text, c.kind + " answer longer than 64 KiB"s);
  }
}

TEST_F(Conversing, ALongDatagramIsTakenWhole) {
  const DatagramSocket server;
  std::optional<ProbeResult> result;
  const auto under_way =
      prober_.start(server.endpoint(), check_of("udp", {{"send", "a"}, {"receive", "end"}}),
                    [&](ProbeResult done) { result = std::move(done); });
  ASSERT_TRUE(loop_.until([&] {
    if (const auto asking = server.asked()) {
      server.send(*asking, std::string(60'000, 'x') + "the end");
    }
    return result.has_value();
  }));
  EXPECT_EQ(result->outcome, Outcome::kPassed) << result->text;
}

TEST_F(Conversing, APasswordThatTheServerRepeatsIsNotTold) {
  const Settings::Values account{{"user", "user"}, {"password", "s3cret"}};
  struct Case {
    const char* kind;
    std::string says;
    const char* text;
  };
  const std::string refusal = "\xff\x15\x04#28000no 's3cret'";
  const Case kCases[] = {
      {"redis", "-ERR unknown command 'AUTH', with args beginning with: 'user' 's3cret'\r\n",
       "redis AUTH refused: 'ERR unknown command 'AUTH''"},
      {"redis", "-ERR no s3cret s3cret\r\n", "redis AUTH refused: 'ERR no ******** ********'"},
      {"redis", "-ERR " + std::string(53, 'x') + "s3cret\r\n", nullptr},
      {"mysql", little_endian(refusal.size(), 3) + '\0' + refusal,
       "mysql greeting refused: 1045 'no '********''"},
      {"redis", "s3cret", nullptr},  // and closes
  };
  for (const Case& c : kCases) {
    const Server server(answering(c.says), "127.0.0.1", Server::First::kServer);
    const auto result = judge(server.endpoint(), check_of(c.kind, account));
    EXPECT_EQ(result.outcome, Outcome::kFailed);
    if (c.text != nullptr) {
      EXPECT_EQ(result.text, c.text);
    }
    expect_kept(result, "s3c");
  }
}

TEST(Secrets, AreKeptAlsoWhereTheyAreCut) {
  const Secrecy secrecy(check_of("redis", {{"password", "s3cret"}, {"user", "user"}}));
  EXPECT_EQ(secrecy.keep("user 's3crets3cret'"), "user '****************'");
  EXPECT_EQ(secrecy.keep("said 'it is s3cre...'"), "said 'it is ********...'");
  EXPECT_EQ(secrecy.keep("said 'it is...'"), "said 'it i********...'");
  EXPECT_EQ(secrecy.keep("s3 cret"), "s3 cret");
  EXPECT_EQ(Secrecy(check_of("redis")).keep("text..."), "text...");
  EXPECT_EQ(Secrecy(check_of("redis", {{"password", "*"}})).keep("a*b*"), "a********b********");
}

// RFC 3207: whoever is in between might say it.
TEST_F(Conversing, WhatComesBeforeTlsStandsIsRefused) {
  const Server server(
      [](int connection, const std::string&) {
        char buffer[512];
        say(connection, "220 mx\r\n");
        (void)::recv(connection, buffer, sizeof buffer, 0);
        say(connection, "250 STARTTLS\r\n");
        (void)::recv(connection, buffer, sizeof buffer, 0);
        say(connection, "220 go\r\n250 injected\r\n");
        (void)::recv(connection, buffer, sizeof buffer, 0);
      },
      "127.0.0.1", Server::First::kServer);
  const auto result =
      judge(server.endpoint(), check_of("smtp", {{"tls", "yes"}, {"hello", "lb.test"}}));
  EXPECT_EQ(result.outcome, Outcome::kFailed);
  EXPECT_EQ(result.text, "smtp spoke before TLS stood");
}

TEST_F(Conversing, AProbeMayBeDestroyedAsItTellsItsResult) {
  const Server plain(answering("HTTP/1.1 400 Bad Request\r\n\r\n"), "127.0.0.1",
                     Server::First::kServer);
  for (const char* kind : {"tls", "https"}) {
    std::unique_ptr<Probe> under_way;
    std::optional<ProbeResult> result;
    under_way = prober_.start(plain.endpoint(), check_of(kind), [&](ProbeResult done) {
      result = std::move(done);
      under_way.reset();
    });
    ASSERT_TRUE(loop_.until([&] { return result.has_value(); }));
    EXPECT_EQ(result->outcome, Outcome::kFailed) << result->text;
  }
}

TEST_F(Conversing, ReconcilingGivesUpConnectionsUnderWay) {
  std::atomic<int> connections = 0, left = 0;
  const Server silent(
      [&](int connection, const std::string& request) {
        ++connections;
        keep_silent(connection, request);
        ++left;
      },
      "127.0.0.1", Server::First::kServer);
  int told = 0;
  Scheduler scheduler(loop_.get(), prober_, [&](const Scheduler::Change&) { ++told; });
  for (const char* kind : {"tls", "https", "redis"}) {
    const int before = connections;
    scheduler.reconcile({{"web", silent.endpoint(), {check_of(kind)}}});
    ASSERT_TRUE(loop_.until([&] {
      if (connections == before) std::this_thread::sleep_for(milliseconds(1));
      return connections > before;
    })) << kind;
    scheduler.reconcile({});
    ASSERT_TRUE(loop_.until([&] { return left == connections; })) << kind;
  }
  EXPECT_EQ(told, 0);
}

}  // namespace
}  // namespace yoke::health
