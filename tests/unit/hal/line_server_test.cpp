// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/line_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <string>

#include "tests/support/temp_folder.h"
#include "tests/unit/health/loop.h"

namespace yoke::hal {
namespace {

using namespace std::chrono_literals;

class Echo final : public LineSession {
 public:
  Answer answer(const std::string& line) override { return {"heard " + line, false}; }
};

class Lines : public testing::Test {
 protected:
  // Holds work once it has been told to.
  class Working final : public LineSession {
   public:
    Answer answer(const std::string& line) override {
      works_ = works_ || line == "work";
      return {"heard " + line, false};
    }
    [[nodiscard]] bool holds_work() const override { return works_; }

   private:
    bool works_ = false;
  };

  // Of three connections, of which root (the tests run as it) has all.
  void serve_three(std::chrono::seconds rest, std::chrono::seconds rest_with_work) {
    LineServer::Config config;
    config.path = folder_.file("socket");
    config.line_bytes_max = 100;
    config.connections_max = 3;
    config.open_session = [](const Peer&) { return std::make_unique<Working>(); };
    config.error_line = [](const Error& error) { return error.id + " " + error.text; };
    config.rest_least = rest;
    config.rest_least_with_work = rest_with_work;
    auto server = LineServer::listen(loop_.get(), config);
    ASSERT_TRUE(server) << server.error().text;
    server_ = std::move(*server);
  }

  FileDescriptor connected() {
    FileDescriptor client(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    folder_.file("socket").copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0);
    return client;
  }

  std::string read_line(const FileDescriptor& client) {
    std::string text;
    EXPECT_TRUE(loop_.until([&] {
      std::array<char, 1000> bytes{};
      const ssize_t n = ::recv(client.get(), bytes.data(), bytes.size(), 0);
      if (n > 0) text.append(bytes.data(), static_cast<std::size_t>(n));
      return text.ends_with('\n');
    }));
    return text;
  }

  std::string asked(const FileDescriptor& client, const std::string& line) {
    (void)::send(client.get(), (line + "\n").data(), line.size() + 1, MSG_NOSIGNAL);
    return read_line(client);
  }

  // What a client is answered that writes `line`, where the server lets in whom `admits` does.
  std::string answered(const std::string& line, std::function<bool(const Peer&)> admits) {
    LineServer::Config config;
    config.path = folder_.file("socket");
    config.line_bytes_max = 100;
    config.open_session = [](const Peer&) { return std::make_unique<Echo>(); };
    config.error_line = [](const Error& error) { return error.id; };
    config.admits = std::move(admits);
    const auto server = LineServer::listen(loop_.get(), config);
    EXPECT_TRUE(server) << server.error().text;
    return asked(connected(), line);
  }

  TempFolder folder_;
  health::Loop loop_;
  std::unique_ptr<LineServer> server_;
};

TEST_F(Lines, OneThatIsLeakedMakesRoomTheOldestFirst) {
  serve_three(0s, 600s);
  const auto working = connected(), leaked = connected(), other = connected();
  EXPECT_EQ(asked(working, "work"), "heard work\n");
  EXPECT_EQ(asked(leaked, "hello"), "heard hello\n");
  EXPECT_EQ(asked(other, "hello"), "heard hello\n");
  const auto late = connected();
  EXPECT_EQ(asked(late, "hello"), "heard hello\n");
  EXPECT_TRUE(read_line(leaked).starts_with("E-607 this connection has rested longest"));
  EXPECT_EQ(asked(working, "again"), "heard again\n") << "what holds work goes last";
  EXPECT_EQ(asked(other, "again"), "heard again\n");
}

TEST_F(Lines, OneThatHasBegunSomethingGoesWhereAllHaveAndItRestedLong) {
  serve_three(0s, 0s);
  const auto first = connected(), second = connected(), third = connected();
  for (const auto* client : {&second, &first, &third}) {
    EXPECT_EQ(asked(*client, "work"), "heard work\n");
  }
  const auto late = connected();
  EXPECT_EQ(asked(late, "hello"), "heard hello\n");
  EXPECT_TRUE(read_line(second).starts_with("E-607"));
}

TEST_F(Lines, WhereAllAreInUseWhoComesIsToldWhoHasThem) {
  serve_three(600s, 600s);
  const auto first = connected(), second = connected(), third = connected();
  for (const auto* client : {&first, &second, &third}) {
    EXPECT_EQ(asked(*client, "hello"), "heard hello\n");
  }
  const auto late = connected();
  const std::string refusal = read_line(late);
  EXPECT_TRUE(refusal.starts_with("E-607 too many connections; close some: ")) << refusal;
  EXPECT_THAT(refusal, testing::HasSubstr("'s pid " + std::to_string(::getpid()) + " has 3 since"));
}

TEST_F(Lines, WhoIsLetInIsAnswered) {
  EXPECT_EQ(answered("hello", {}), "heard hello\n");
  EXPECT_EQ(answered("hello", [](const Peer& peer) { return peer.uid == ::geteuid(); }),
            "heard hello\n");
}

TEST_F(Lines, WhoIsNotIsToldSoAndHeardNoFurther) {
  EXPECT_EQ(answered("hello", [](const Peer&) { return false; }), "E-602\n");
}

}  // namespace
}  // namespace yoke::hal
