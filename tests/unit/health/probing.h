// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "hal/base/file_descriptor.h"
#include "mgmt/health/socket_address.h"
#include "mgmt/health/socket_prober.h"
#include "tests/unit/health/loop.h"

namespace yoke::health {

// A server on loopback that treats each connection in its own way, on a thread, one at a time.
class Server {
 public:
  using Serve = std::function<void(int connection, const std::string& request)>;

  enum class First { kClient, kServer };  // who speaks first

  explicit Server(Serve serve, const char* address = "127.0.0.1", First first = First::kClient)
      : serve_(std::move(serve)), first_(first) {
    net::Endpoint any{*net::IpAddress::parse(address), 0};
    const SocketAddress bound(any);
    socket_ = FileDescriptor(::socket(bound.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(socket_.get(), bound.get(), bound.size()), 0);
    EXPECT_EQ(::listen(socket_.get(), 8), 0);
    sockaddr_in6 name{};
    socklen_t size = sizeof name;
    EXPECT_EQ(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&name), &size), 0);
    endpoint_ = {any.address, ntohs(name.sin6_port)};  // the port is at the same place in both
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  [[nodiscard]] const net::Endpoint& endpoint() const { return endpoint_; }

 private:
  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      pollfd wait{socket_.get(), POLLIN, 0};
      if (::poll(&wait, 1, 20) != 1) continue;
      const FileDescriptor connection(::accept(socket_.get(), nullptr, nullptr));
      std::string request;
      char buffer[4096];
      while (first_ == First::kClient && request.find("\r\n\r\n") == std::string::npos) {
        pollfd more{connection.get(), POLLIN, 0};
        if (::poll(&more, 1, 1000) != 1) break;
        const ssize_t n = ::recv(connection.get(), buffer, sizeof buffer, 0);
        if (n <= 0) break;
        request.append(buffer, static_cast<std::size_t>(n));
      }
      serve_(connection.get(), request);
    }
  }

  Serve serve_;
  First first_;
  FileDescriptor socket_;
  net::Endpoint endpoint_;
  std::jthread thread_;
};

inline void say(int connection, const std::string& text) {
  (void)::send(connection, text.data(), text.size(), MSG_NOSIGNAL);
}
inline Server::Serve answering(const std::string& text) {
  return [text](int connection, const std::string&) { say(connection, text); };
}

// Says it again and again until the client leaves.
inline Server::Serve repeating(const std::string& first, const std::string& text) {
  std::string many;
  while (many.size() < 20'000) many += text;
  return [first, many](int connection, const std::string&) {
    say(connection, first);
    while (::send(connection, many.data(), many.size(), MSG_NOSIGNAL) > 0) continue;
  };
}
// Says nothing until the client leaves.
inline void keep_silent(int connection, const std::string& /*request*/) {
  char byte = 0;
  while (::recv(connection, &byte, 1, 0) > 0) continue;
}

class Probing : public ::testing::Test {
 protected:
  ProbeResult probe(const net::Endpoint& server, const Check& check) {
    std::optional<ProbeResult> result;
    const auto under_way =
        prober_.start(server, check, [&](ProbeResult done) { result = std::move(done); });
    EXPECT_FALSE(result) << "never from within start()";
    EXPECT_TRUE(loop_.until([&] { return result.has_value(); }));
    return result.value_or(ProbeResult{});
  }
  // As probe(), again while this machine is too busy to tell.
  ProbeResult judge(const net::Endpoint& server, const Check& check) {
    ProbeResult result;
    for (int i = 0; i < 10 && result.outcome == Outcome::kNotTried; ++i) {
      result = probe(server, check);
    }
    return result;
  }
  static Check http(std::chrono::milliseconds timeout = std::chrono::milliseconds(5000),
                    Settings::Values values = {}) {
    Check check;
    check.key = "http";
    check.timeout = timeout;
    values.emplace("path", "/");
    values.emplace("expect", "200");
    check.settings = Settings(std::move(values));
    return check;
  }
  static net::Endpoint refusing() {
    // A port that was free a moment ago and nobody listens on.
    const Server gone(answering(""));
    return gone.endpoint();
  }

  Loop loop_;
  SocketProber prober_{loop_.get()};
};

}  // namespace yoke::health
