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

class Echo final : public LineSession {
 public:
  Answer answer(const std::string& line) override { return {"heard " + line, false}; }
};

class Lines : public testing::Test {
 protected:
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
    const FileDescriptor client(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    config.path.copy(address.sun_path, config.path.size());
    EXPECT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0);
    EXPECT_EQ(::send(client.get(), (line + "\n").data(), line.size() + 1, MSG_NOSIGNAL),
              static_cast<ssize_t>(line.size() + 1));
    std::string text;
    EXPECT_TRUE(loop_.until([&] {
      std::array<char, 100> bytes{};
      const ssize_t n = ::recv(client.get(), bytes.data(), bytes.size(), 0);
      if (n > 0) text.append(bytes.data(), static_cast<std::size_t>(n));
      return text.ends_with('\n');
    }));
    return text;
  }

  TempFolder folder_;
  health::Loop loop_;
};

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
