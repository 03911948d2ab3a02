// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "hal/base/file_descriptor.h"
#include "mgmt/health/probe_text.h"
#include "mgmt/health/socket_address.h"
#include "tests/unit/health/probing.h"

namespace yoke::health {
namespace {

using std::chrono::milliseconds;

TEST_F(Probing, AListenerPassesATcpCheckInBothFamilies) {
  const Server four(answering("")), six(answering(""), "::1");
  for (const Server* server : {&four, &six}) {
    const auto result = probe(server->endpoint(), Check{});
    EXPECT_EQ(result.outcome, Outcome::kPassed) << result.text;
    EXPECT_NE(result.text.find("tcp connected"), std::string::npos) << result.text;
  }
}

TEST_F(Probing, ARefusedConnectionFailsBothKinds) {
  const auto tcp = probe(refusing(), Check{});
  EXPECT_EQ(tcp.outcome, Outcome::kFailed);
  EXPECT_EQ(tcp.text, "tcp connection refused");
  const auto web = probe(refusing(), http());
  EXPECT_EQ(web.outcome, Outcome::kFailed);
  EXPECT_EQ(web.text, "http connection refused");
}

TEST_F(Probing, TheStatusDecidesAnHttpCheck) {
  struct Case {
    const char* answer;
    const char* expect;
    Outcome outcome;
    const char* says;
  };
  const Case kCases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "200", Outcome::kPassed, "http 200"},
      {"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", "200-299,401", Outcome::kFailed,
       "http 503, expected 200-299, 401"},
      {"HTTP/1.1 204 None\r\n\r\n", "200,204", Outcome::kPassed, "http 204"},
      {"HTTP/1.1 299 Odd\r\nContent-Length: 0\r\n\r\n", "200-299", Outcome::kPassed, "http 299"},
      {"HTTP/1.1 301 Moved\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n", "301",
       Outcome::kPassed, "http 301"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", "200", Outcome::kFailed, "cut short"},
      {"", "200", Outcome::kFailed, "without an answer"},
      {"220 mail ESMTP\r\n\r\n", "200", Outcome::kFailed, "not HTTP"},
  };
  for (const Case& c : kCases) {
    const Server server(answering(c.answer));
    const Check check = http(milliseconds(5000), {{"expect", c.expect}});
    const auto result = probe(server.endpoint(), check);
    EXPECT_EQ(result.outcome, c.outcome) << c.answer << result.text;
    EXPECT_NE(result.text.find(c.says), std::string::npos) << c.answer << result.text;
  }
}

TEST_F(Probing, TheRequestIsTheOneConfigured) {
  std::string seen;
  const Server server([&](int connection, const std::string& request) {
    seen = request;
    say(connection, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  const Check check = http(milliseconds(5000), {{"request", "HEAD"},
                                                {"path", "/health?deep=1&x=%20"},
                                                {"host", "www.example.net"},
                                                {"header", "X-Probe: yes,Accept: text/plain"}});
  EXPECT_EQ(probe(server.endpoint(), check).outcome, Outcome::kPassed);
  EXPECT_TRUE(seen.starts_with("HEAD /health?deep=1&x=%20 HTTP/1.1\r\n")) << seen;
  EXPECT_NE(seen.find("\r\nHost: www.example.net\r\n"), std::string::npos) << seen;
  EXPECT_NE(seen.find("\r\nConnection: close\r\n"), std::string::npos) << seen;
  EXPECT_NE(seen.find("\r\nX-Probe: yes\r\n"), std::string::npos) << seen;
  EXPECT_NE(seen.find("\r\nAccept: text/plain\r\n"), std::string::npos) << seen;
}

TEST_F(Probing, AServerThatKeepsSilentRunsIntoTheTimeout) {
  const Server silent([](int connection, const std::string&) {
    pollfd wait{connection, POLLIN, 0};
    (void)::poll(&wait, 1, 3000);  // until the client leaves
  });
  const auto result = judge(silent.endpoint(), http(milliseconds(200)));
  EXPECT_EQ(result.outcome, Outcome::kFailed);
  EXPECT_EQ(result.text, "timeout after 200ms at answer");
}

// A byte now and then, until the client leaves.
Server::Serve dripping(std::string text) {
  return [text = std::move(text)](int connection, const std::string&) {
    for (const char c : text) {
      say(connection, std::string(1, c));
      pollfd wait{connection, POLLIN, 0};
      if (::poll(&wait, 1, 10) != 0) return;
    }
  };
}

TEST_F(Probing, TheTimeoutIsOfTheWholeAnswerNotOfItsBytes) {
  struct Case {
    std::string answer, says;
  };
  const Case kCases[] = {
      {"HTTP/1.1 200 OK\r\nX: " + std::string(500, 'x'), "timeout after 400ms at answer"},
      {"HTTP/1.1 200 OK\r\n\r\n" + std::string(500, 'x'), "timeout after 400ms at body"},
  };
  for (const Case& c : kCases) {
    const Server server(dripping(c.answer));
    const auto result = judge(server.endpoint(), http(milliseconds(400)));
    EXPECT_EQ(result.outcome, Outcome::kFailed);
    if (c.answer.find("\r\n\r\n") != std::string::npos && result.text.ends_with("answer")) {
      continue;  // on a machine too slow for the header to pass in 400 ms
    }
    EXPECT_EQ(result.text, c.says);
    EXPECT_GE(result.duration, milliseconds(398)) << "libcurl counts whole milliseconds";
  }
}

TEST_F(Probing, AServerThatTakesNoConnectionRunsIntoTheTimeout) {
  const net::Endpoint any{*net::IpAddress::parse("127.0.0.1"), 0};
  const FileDescriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const SocketAddress bound(any);
  ASSERT_EQ(::bind(listener.get(), bound.get(), bound.size()), 0);
  ASSERT_EQ(::listen(listener.get(), 0), 0);
  sockaddr_in name{};
  socklen_t size = sizeof name;
  ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&name), &size), 0);
  const net::Endpoint full{any.address, ntohs(name.sin_port)};
  const SocketAddress address(full);
  // Its queue holds one, and nobody takes it out: the kernel answers no other.
  const FileDescriptor queued(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(queued.get(), address.get(), address.size()), 0);
  Check tcp;
  tcp.timeout = milliseconds(100);
  for (const Check& check : {tcp, http(milliseconds(100))}) {
    const auto result = judge(full, check);
    EXPECT_EQ(result.outcome, Outcome::kFailed);
    EXPECT_EQ(result.text, "timeout after 100ms at connect");
  }
}

// Its connections stand, by the kernel's word, and nothing is ever said on them.
TEST_F(Probing, AServerThatIsSilentOnceConnectedIsToldFromOneThatTakesNoConnection) {
  const Server silent(keep_silent, "127.0.0.1", Server::First::kServer);
  for (const char* kind : {"http", "https", "grpc", "tls"}) {
    const bool secure = kind != std::string_view("http");
    Check check = http(milliseconds(200), {{"tls", secure ? "yes" : "no"}});
    check.key = kind;
    const auto result = judge(silent.endpoint(), check);
    EXPECT_EQ(result.outcome, Outcome::kFailed);
    EXPECT_EQ(result.text,
              std::string("timeout after 200ms at ") + (secure ? "TLS handshake" : "answer"))
        << kind;
  }
}

TEST_F(Probing, ALoopThatStoodStillIsNotHeldAgainstTheServer) {
  const Server server(answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  Check tcp;
  tcp.timeout = milliseconds(100);
  for (const Check& check : {tcp, http(milliseconds(100))}) {
    std::optional<ProbeResult> result;
    const auto under_way = prober_.start(server.endpoint(), check,
                                         [&](ProbeResult done) { result = std::move(done); });
    // curl opens its connection in the first turn.
    if (check.kind() == "http") (void)sd_event_run(loop_.get(), 0);
    std::this_thread::sleep_for(milliseconds(300));
    ASSERT_TRUE(loop_.until([&] { return result.has_value(); }));
    EXPECT_NE(result->outcome, Outcome::kFailed) << result->text;
    if (check.kind() == "tcp") {
      EXPECT_EQ(result->outcome, Outcome::kPassed) << result->text;
    }
  }
}

TEST_F(Probing, WithoutADescriptorLeftNothingIsSaidOfTheServer) {
  const Server server(answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  // libcurl opens some of its own at first, and UBSan takes one to look at a type it has not seen.
  EXPECT_EQ(probe(server.endpoint(), Check{}).outcome, Outcome::kPassed);
  EXPECT_EQ(probe(server.endpoint(), http()).outcome, Outcome::kPassed);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto tcp = probe(server.endpoint(), Check{});
  const auto web = probe(server.endpoint(), http());
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(tcp.outcome, Outcome::kNotTried) << tcp.text;
  EXPECT_EQ(web.outcome, Outcome::kNotTried) << web.text;
}

TEST_F(Probing, AnAnswerWithoutEndIsBrokenOff) {
  const Server endless([](int connection, const std::string&) {
    say(connection, "HTTP/1.1 200 OK\r\n\r\n");
    const std::string part(65536, 'x');
    for (int i = 0; i < 4; ++i) say(connection, part);
  });
  const auto body = probe(endless.endpoint(), http());
  EXPECT_EQ(body.outcome, Outcome::kPassed) << "the status was told: " << body.text;

  const Server header([](int connection, const std::string&) {
    say(connection, "HTTP/1.1 200 OK\r\n");
    const std::string line = "X-Long: " + std::string(4000, 'x') + "\r\n";
    for (int i = 0; i < 40; ++i) say(connection, line);
    say(connection, "\r\n");
  });
  const auto result = probe(header.endpoint(), http());
  EXPECT_EQ(result.outcome, Outcome::kFailed);
  EXPECT_EQ(result.text, "http header longer than 64 KiB");
}

// What a server sends, and how: libcurl calls much of it a want of memory, being past a bound of
// its own.
TEST_F(Probing, NothingThatAServerAnswersIsAWantOfThisUnit) {
  const std::string kHead = "HTTP/1.1 200 OK\r\n";
  const std::string kChunked = kHead + "Transfer-Encoding: chunked\r\n\r\n";
  const std::string kKiB(1024, 'x'), kMuch(300 << 10, 'x');
  struct Case {
    const char* what;
    std::string first, then;  // `then` again and again
    const char* says;
  };
  const Case kCases[] = {
      {"a line that ends", kHead + "X: " + kMuch + "\r\n\r\n", "", "header longer than 64 KiB"},
      {"a line without end", kHead + "X: ", kKiB, "header longer than 64 KiB"},
      {"a status without end", "HTTP/1.1 200 ", kKiB, "header longer than 64 KiB"},
      {"lines without end", kHead, "X: " + kKiB + "\r\n", "header longer than 64 KiB"},
      {"folded lines", kHead + "X: y\r\n", " " + kKiB + "\r\n", "header longer than 64 KiB"},
      {"a long trailer", kChunked + "2\r\nok\r\n0\r\nX: " + kMuch + "\r\n\r\n", "", ""},
      {"a trailer without end", kChunked + "2\r\nok\r\n0\r\nX: ", kKiB, ""},
      {"bytes of nothing", "", kKiB, "answer is not HTTP"},
      {"no length", kHead + "Content-Length: many\r\n\r\nok", "", ""},
      {"codings", kHead + "Transfer-Encoding: a, b, c, d, e, f, g, h\r\n\r\nok", "", ""},
      {"a zero byte", kHead + std::string("X: \0y\r\n\r\n", 9), "", ""},
  };
  for (const Case& c : kCases) {
    const Server server(c.then.empty() ? answering(c.first) : repeating(c.first, c.then));
    const auto result = judge(server.endpoint(), http());
    EXPECT_EQ(result.outcome, Outcome::kFailed) << c.what << ": " << result.text;
    EXPECT_NE(result.text.find(c.says), std::string::npos) << c.what << ": " << result.text;
    EXPECT_EQ(result.text.find("emory"), std::string::npos) << c.what << ": " << result.text;
  }
}

TEST_F(Probing, WhatIsWrongIsSaidInWordsOfThisWorld) {
  const std::string kChunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  // What has been read is not reset as the connection is closed.
  const auto to_hello = [](const std::string& text) {
    return [text](int connection, const std::string&) {
      char hello[4096];
      (void)::recv(connection, hello, sizeof hello, 0);
      say(connection, text);
    };
  };
  const std::string alert("\x15\x03\x03\x00\x02\x02\x28", 7);  // handshake_failure
  const Server plain(to_hello("HTTP/1.1 400 Bad\r\n\r\n"), "127.0.0.1", Server::First::kServer);
  const Server closing(to_hello(""), "127.0.0.1", Server::First::kServer);
  const Server choosy(to_hello(alert), "127.0.0.1", Server::First::kServer);
  const Server broken(answering(kChunked + "what is this\r\n"));
  const Server cut(answering(kChunked + "5\r\nab"));
  struct Case {
    const char* kind;
    const Server& server;
    const char* says;
  };
  const Case kCases[] = {
      {"https", plain, "https does not speak TLS"},
      {"tls", plain, "tls does not speak TLS"},
      {"https", closing, "https closed at TLS handshake"},
      {"tls", closing, "tls closed at TLS handshake"},
      {"https", choosy, "https TLS: sslv3 alert handshake failure"},
      {"tls", choosy, "tls TLS: sslv3 alert handshake failure"},
      {"http", broken, "http 200 body is not chunked as its header says"},
      {"http", cut, "http 200 cut short"},
  };
  for (const Case& c : kCases) {
    Check check = http();
    check.key = c.kind;
    const auto result = judge(c.server.endpoint(), check);
    EXPECT_EQ(result.outcome, Outcome::kFailed);
    EXPECT_EQ(result.text, c.says);
  }
}

void reset(int connection, const std::string& /*request*/) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  (void)::setsockopt(connection, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

TEST_F(Probing, AConnectionThatIsResetNamesTheStepItWasAt) {
  const Server server(reset);
  for (const char* const kind : {"http", "grpc", "tcp"}) {
    Check check = http();
    check.key = kind;
    if (check.kind() == "tcp") {
      check.settings = Settings({{"send", "hello\r\n\r\n"}, {"receive", "ready"}});
    }
    const auto result = judge(server.endpoint(), check);
    EXPECT_EQ(result.outcome, Outcome::kFailed);
    EXPECT_EQ(result.text, std::string(kind) + " connection reset at answer");
  }
}

TEST_F(Probing, TheCheckMayAskAnotherPort) {
  const Server server(answering(""));
  Check check;
  check.port = server.endpoint().port;
  EXPECT_EQ(probe({server.endpoint().address, 1}, check).outcome, Outcome::kPassed);
}

TEST_F(Probing, AProbeGivenUpSaysNothing) {
  const Server server(answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  bool called = false;
  for (const auto& check : {Check{}, http()}) {
    auto under_way =
        prober_.start(server.endpoint(), check, [&](const ProbeResult&) { called = true; });
    under_way.reset();
  }
  EXPECT_EQ(probe(server.endpoint(), Check{}).outcome, Outcome::kPassed);
  EXPECT_FALSE(called);
}

// Neither end keeps anything of it: not this one in TIME_WAIT, and not the server.
TEST_F(Probing, ConnectionsOfEveryKindAreResetAtTheEnd) {
  std::atomic<int> last_error = -1;
  const Server server([&](int connection, const std::string&) {
    say(connection, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    char byte = 0;
    ssize_t count = 1;
    while (count > 0) count = ::recv(connection, &byte, 1, 0);
    last_error = count == 0 ? 0 : errno;
  });
  Check tcp;
  tcp.settings = Settings(Settings::Values{{"send", R"(\r\n\r\n)"}});
  for (const Check& check : {tcp, http()}) {
    last_error = -1;
    EXPECT_EQ(probe(server.endpoint(), check).outcome, Outcome::kPassed);
    ASSERT_TRUE(loop_.until([&] {
      std::this_thread::sleep_for(milliseconds(last_error == -1 ? 1 : 0));
      return last_error != -1;
    }));
    EXPECT_EQ(last_error, ECONNRESET) << check.kind();
  }
}

// What is left of the descriptors is for those who want to speak to this unit.
TEST_F(Probing, NoMoreAreUnderWayThanThereIsRoomFor) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit few = before;
  few.rlim_cur = 40;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  SocketProber prober(loop_.get());
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  Check silent;
  silent.key = "udp";
  silent.timeout = milliseconds(5000);
  const net::Endpoint nobody{*net::IpAddress::parse("127.0.0.1"), 9};
  std::vector<std::unique_ptr<Probe>> under_way(30);
  for (auto& each : under_way) each = prober.start(nobody, silent, [](const ProbeResult&) {});
  const auto outcome = [&] {
    std::optional<ProbeResult> result;
    const auto one_more =
        prober.start(refusing(), Check{}, [&](ProbeResult done) { result = std::move(done); });
    EXPECT_FALSE(result) << "never from within start()";
    EXPECT_TRUE(loop_.until([&] { return result.has_value(); }));
    return result.value_or(ProbeResult{}).text;
  };
  EXPECT_EQ(outcome(), "not tried: too many probes are under way");
  under_way.pop_back();
  EXPECT_EQ(outcome(), "tcp connection refused");
}

TEST_F(Probing, HowFarTheLoopWasBehindIsKnownForAsLongAsItMatters) {
  const LoopLag lag(loop_.get());
  const auto began = MonoClock::now();
  std::this_thread::sleep_for(milliseconds(400));
  EXPECT_GE(lag.since(began), milliseconds(300)) << "it is behind now";
  ASSERT_TRUE(loop_.until([&] { return lag.since(MonoClock::now()) < milliseconds(300); }))
      << "it is no longer";
  EXPECT_GE(lag.since(began), milliseconds(300)) << "it was";
}

// The last wait was short; but a probe has had several, and each may have been long.
TEST(Results, ATimeoutCountsOnlyWhereTheLoopKeptUp) {
  const milliseconds timeout(1000);
  EXPECT_EQ(timed_out(timeout, "a", milliseconds(1010), milliseconds(10)).text,
            "timeout after 1s at a");
  EXPECT_EQ(timed_out(timeout, "a", milliseconds(1010), milliseconds(251)).outcome,
            Outcome::kNotTried);
  EXPECT_EQ(timed_out(timeout, "a", milliseconds(1251), milliseconds(0)).outcome,
            Outcome::kNotTried);
}

TEST(Results, AConnectionThatStoodNamesTheStepItWasLostAt) {
  EXPECT_EQ(socket_failure("redis", ECONNRESET, {}, "PING").text, "redis connection reset at PING");
  EXPECT_EQ(socket_failure("redis", EPIPE, {}, "PING").text, "redis connection reset at PING");
  EXPECT_EQ(socket_failure("redis", EHOSTUNREACH, {}, "PING").text,
            "redis host unreachable at PING");
  EXPECT_EQ(socket_failure("tcp", ECONNREFUSED, {}).text, "tcp connection refused");
}

TEST(Results, WhatThisUnitLacksIsNoFailureOfTheServer) {
  for (const int error : {EMFILE, ENFILE, ENOMEM, ENOBUFS, ENOSPC, EAGAIN, EADDRNOTAVAIL, EPERM}) {
    EXPECT_EQ(socket_failure("tcp", error, {}).outcome, Outcome::kNotTried) << error;
  }
  // EACCES is what an ICMPv6 says that a server's firewall rejects with, or a router's.
  for (const int error : {ECONNREFUSED, ECONNRESET, EHOSTUNREACH, ENETUNREACH, ETIMEDOUT, EACCES,
                          EHOSTDOWN, ENONET, ENOPROTOOPT, EMSGSIZE, EOPNOTSUPP, EPROTO, EPIPE}) {
    EXPECT_EQ(socket_failure("tcp", error, {}).outcome, Outcome::kFailed) << error;
  }
}

}  // namespace
}  // namespace yoke::health
