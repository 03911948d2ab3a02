// SPDX-License-Identifier: Apache-2.0
#include "mgmt/syslog/forwarder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>

#include "mgmt/health/socket_address.h"
#include "tests/unit/health/loop.h"

// Against sockets of the test's own; against rsyslog, with TLS, in tests/lab.
namespace yoke::syslog {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

events::Entry entry(int number, log::Level level = log::Level::kNotice) {
  events::Entry made =
      events::entry_of({.kind = events::Kind::kCommit, .text = "event " + std::to_string(number)});
  made.level = level;
  return made;
}

// A log server that reads only when it is told to.
class LogSocket {
 public:
  explicit LogSocket(int type) : type_(type) { open({net::IpAddress::v4(127, 0, 0, 1), 0}); }

  net::Endpoint endpoint() const {
    sockaddr_in name{};
    socklen_t size = sizeof name;
    (void)::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&name), &size);
    return net::Endpoint::parse("127.0.0.1:" + std::to_string(ntohs(name.sin_port))).value();
  }
  void close() {
    peer_.reset();
    fd_.reset();
    held_.clear();
  }
  void say(std::string_view words) {
    EXPECT_GT(::send(peer_.get(), words.data(), words.size(), MSG_NOSIGNAL), 0);
  }
  // As one that does not like its client: true once one was there.
  bool hang_up() {
    const FileDescriptor peer(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    return static_cast<bool>(peer);
  }
  void open(const net::Endpoint& where) {
    const health::SocketAddress name(where);
    fd_ = FileDescriptor(::socket(AF_INET, type_ | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int on = 1;
    (void)::setsockopt(fd_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    EXPECT_EQ(::bind(fd_.get(), name.get(), name.size()), 0);
    if (type_ == SOCK_STREAM) {
      EXPECT_EQ(::listen(fd_.get(), 4), 0);
    }
  }
  // What has come so far, a message an element.
  std::vector<std::string> messages() {
    if (type_ == SOCK_STREAM && !peer_) {
      peer_ = FileDescriptor(::accept4(fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    }
    const int fd = type_ == SOCK_STREAM ? peer_.get() : fd_.get();
    std::array<char, 65536> bytes{};
    for (ssize_t n = 0; (n = ::recv(fd, bytes.data(), bytes.size(), MSG_DONTWAIT)) > 0;) {
      const std::string_view part(bytes.data(), static_cast<std::size_t>(n));
      if (type_ == SOCK_STREAM) held_ += part;
      if (type_ == SOCK_DGRAM) read_.emplace_back(part);
    }
    take_frames();
    return read_;
  }

 private:
  void take_frames() {
    for (;;) {
      const auto blank = held_.find(' ');
      if (blank == held_.npos) return;
      const auto size = std::stoul(held_.substr(0, blank));
      if (held_.size() < blank + 1 + size) return;
      read_.push_back(held_.substr(blank + 1, size));
      held_.erase(0, blank + 1 + size);
    }
  }

  int type_;
  FileDescriptor fd_, peer_;
  std::string held_;
  std::vector<std::string> read_;
};

class ForwarderTest : public testing::Test {
 protected:
  Forwarder& forward(const net::Endpoint& server, Transport transport) {
    forwarder_ =
        std::make_unique<Forwarder>(loop_.get(), Target{.server = server, .transport = transport},
                                    Origin{.host = "lb-a", .process = "1"});
    return *forwarder_;
  }
  // Also turns the loop while nothing happens on it.
  template <typename Holds>
  bool until(Holds&& holds) {
    for (int turn = 0; turn < 20'000; ++turn) {
      if (holds()) return true;
      (void)sd_event_run(loop_.get(), 1000);
    }
    return false;
  }

  health::Loop loop_;
  std::unique_ptr<Forwarder> forwarder_;
};

TEST_F(ForwarderTest, ByUdpAMessageIsADatagram) {
  LogSocket server(SOCK_DGRAM);
  Forwarder& forwarder = forward(server.endpoint(), Transport::kUdp);
  forwarder.send(entry(1));
  forwarder.send(entry(2));
  ASSERT_TRUE(until([&] { return server.messages().size() == 2; }));
  EXPECT_THAT(server.messages()[0], StartsWith("<133>1 "));
  EXPECT_THAT(server.messages()[1], EndsWith("event 2"));
}

TEST_F(ForwarderTest, WhatIsLessThanItsLevelIsNotSent) {
  LogSocket server(SOCK_STREAM);
  Forwarder& forwarder = forward(server.endpoint(), Transport::kTcp);
  forwarder.send(entry(1, log::Level::kInfo));
  forwarder.send(entry(2, log::Level::kError));
  ASSERT_TRUE(until([&] { return !server.messages().empty(); }));
  EXPECT_THAT(server.messages()[0], EndsWith("event 2"));
}

TEST_F(ForwarderTest, WhatComesWhileTheServerIsAwayWaitsAndTheOldestOfTooMuchIsCounted) {
  LogSocket server(SOCK_STREAM);
  const net::Endpoint where = server.endpoint();
  server.close();
  Forwarder& forwarder = forward(where, Transport::kTcp);
  ASSERT_TRUE(until([&] { return !forwarder.failure().empty(); }));
  EXPECT_THAT(forwarder.failure(), HasSubstr("refused"));
  const int total = static_cast<int>(Forwarder::kWaitingMax) + 7;
  for (int i = 1; i <= total; ++i) forwarder.send(entry(i));
  server.open(where);
  ASSERT_TRUE(until([&] { return server.messages().size() == Forwarder::kWaitingMax + 1; }));
  EXPECT_EQ(forwarder.failure(), "");
  EXPECT_THAT(server.messages()[0], HasSubstr("7 events before this one were not sent"));
  EXPECT_THAT(server.messages()[1], EndsWith("event 8"));
  EXPECT_THAT(server.messages().back(), EndsWith("event " + std::to_string(total)));
}

TEST_F(ForwarderTest, AServerThatHangsUpOnItsClientsTakesNothingWithIt) {
  LogSocket server(SOCK_STREAM);
  Forwarder& forwarder = forward(server.endpoint(), Transport::kTcp);
  forwarder.send(entry(1));
  ASSERT_TRUE(until([&] { return server.hang_up(); }));
  ASSERT_TRUE(until([&] { return !forwarder.failure().empty(); }));
  EXPECT_THAT(forwarder.failure(), HasSubstr("hung up"));
  forwarder.send(entry(2));
  ASSERT_TRUE(until([&] { return server.messages().size() == 2; }));
  EXPECT_THAT(server.messages()[0], EndsWith("event 1"));
  EXPECT_EQ(forwarder.failure(), "");
}

// One that says something while there is no room for what it is told.
TEST_F(ForwarderTest, AServerThatTalksIsSentAllTheSame) {
  LogSocket server(SOCK_STREAM);
  Forwarder& forwarder = forward(server.endpoint(), Transport::kTcp);
  forwarder.send(entry(0));
  ASSERT_TRUE(until([&] { return server.messages().size() == 1; }));
  events::Entry large = entry(1);
  large.text.assign(4000, 'x');
  constexpr int kLarge = 4000;  // more than sockets hold
  for (int i = 0; i < kLarge; ++i) forwarder.send(large);
  server.say("hello");
  for (int turn = 0; turn < 20; ++turn) (void)sd_event_run(loop_.get(), 1000);
  ASSERT_TRUE(until([&] { return server.messages().size() == kLarge + 1; }));
}

TEST_F(ForwarderTest, OfLargeEventsNoMoreWaitThanTheirBytesAllow) {
  LogSocket server(SOCK_STREAM);
  const net::Endpoint where = server.endpoint();
  server.close();
  Forwarder& forwarder = forward(where, Transport::kTcp);
  events::Entry large = entry(0);
  large.text = std::string(8000, 'x');
  constexpr std::size_t kCount = 2 * Forwarder::kWaitingBytesMax / 8000;
  for (std::size_t i = 0; i < kCount; ++i) forwarder.send(large);
  forwarder.send(entry(1));
  server.open(where);
  ASSERT_TRUE(until(
      [&] { return !server.messages().empty() && server.messages().back().ends_with("event 1"); }));
  EXPECT_THAT(server.messages()[0], HasSubstr("events before this one were not sent"));
  EXPECT_LT(server.messages().size(), Forwarder::kWaitingBytesMax / 8000);
  EXPECT_GT(server.messages().size(), Forwarder::kWaitingBytesMax / 8000 * 9 / 10);
}

TEST_F(ForwarderTest, WhatWaitsForAServerThatIsAwayGoesToTheOneThatTakesItsPlace) {
  LogSocket away(SOCK_STREAM), server(SOCK_STREAM);
  const net::Endpoint nowhere = away.endpoint();
  away.close();
  Forwarder& forwarder = forward(nowhere, Transport::kTcp);
  forwarder.send(entry(1));
  ASSERT_TRUE(until([&] { return !forwarder.failure().empty(); }));
  forwarder.follow({.server = server.endpoint(), .transport = Transport::kTcp},
                   {.host = "lb-b", .process = "1"});
  EXPECT_EQ(forwarder.failure(), "") << "of the new one nothing is known yet";
  forwarder.send(entry(2));
  ASSERT_TRUE(until([&] { return server.messages().size() == 2; }));
  EXPECT_THAT(server.messages()[0], AllOf(HasSubstr(" lb-a "), EndsWith("event 1")));
  EXPECT_THAT(server.messages()[1], AllOf(HasSubstr(" lb-b "), EndsWith("event 2")));
}

TEST_F(ForwarderTest, AUnitThatIsNamedAnewSaysSoOnTheConnectionThatItHas) {
  LogSocket server(SOCK_STREAM);
  const Target target{.server = server.endpoint(), .transport = Transport::kTcp};
  Forwarder& forwarder = forward(target.server, target.transport);
  forwarder.send(entry(1));
  ASSERT_TRUE(until([&] { return server.messages().size() == 1; }));
  forwarder.follow(target, {.host = "lb-b", .process = "1"});
  forwarder.send(entry(2));
  ASSERT_TRUE(until([&] { return server.messages().size() == 2; }));
  EXPECT_THAT(server.messages()[1], HasSubstr(" lb-b "));
}

TEST_F(ForwarderTest, ABrokenConnectionIsMadeAnewAndMessagesStayWhole) {
  LogSocket server(SOCK_STREAM);
  const net::Endpoint where = server.endpoint();
  Forwarder& forwarder = forward(where, Transport::kTcp);
  forwarder.send(entry(1));
  ASSERT_TRUE(until([&] { return server.messages().size() == 1; }));
  server.close();
  ASSERT_TRUE(until([&] { return !forwarder.failure().empty(); }));
  server.open(where);
  forwarder.send(entry(2));
  ASSERT_TRUE(until([&] { return server.messages().size() == 2; }));
  EXPECT_THAT(server.messages()[1], EndsWith("event 2"));
}

TEST_F(ForwarderTest, AServerThatReadsNothingIsNotWaitedForAndGetsAllInTheEnd) {
  LogSocket server(SOCK_STREAM);
  Forwarder& forwarder = forward(server.endpoint(), Transport::kTcp);
  events::Entry large = entry(0);
  large.text = std::string(6000, 'x');
  constexpr std::size_t kCount = 2600;  // 16 MB: more than sockets hold
  for (std::size_t i = 0; i < kCount; ++i) forwarder.send(large);
  for (int turn = 0; turn < 50; ++turn) (void)sd_event_run(loop_.get(), 1000);
  ASSERT_TRUE(until([&] { return server.messages().size() == kCount; }));
}

}  // namespace
}  // namespace yoke::syslog
