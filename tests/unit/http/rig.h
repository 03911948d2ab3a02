// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <thread>

#include "mgmt/health/socket_address.h"
#include "mgmt/http/server.h"

namespace yoke::http {

using namespace std::chrono_literals;

inline net::Endpoint endpoint(const std::string& text) {
  return net::Endpoint::parse(text).value();
}

// A port of 127.0.0.1 that nobody has now.
inline net::Endpoint free_endpoint() {
  const FileDescriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof name;
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), size), 0);
  EXPECT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&name), &size), 0);
  return endpoint("127.0.0.1:" + std::to_string(ntohs(name.sin_port)));
}

// An event loop that turns on a thread of its own while this lives; what it owns is made and ended
// on that thread.
template <typename Owned>
class Turning {
 public:
  explicit Turning(std::function<std::unique_ptr<Owned>(sd_event*)> make) {
    std::atomic<bool> ready = false;
    thread_ = std::thread([&ready, this, make = std::move(make)] {
      sd_event* made = nullptr;
      (void)sd_event_new(&made);
      const hal::Event loop(made);
      auto owned = make(made);
      owned_ = owned.get();
      ready = true;
      while (!ending_) (void)sd_event_run(made, 5000);  // microseconds
    });
    while (!ready) std::this_thread::yield();
  }
  Turning(const Turning&) = delete;
  Turning& operator=(const Turning&) = delete;
  ~Turning() {
    ending_ = true;
    thread_.join();
  }
  [[nodiscard]] Owned* get() const { return owned_; }

 private:
  std::atomic<bool> ending_ = false;
  Owned* owned_ = nullptr;
  std::thread thread_;
};

// A client that keeps to no protocol.
class RawClient {
 public:
  explicit RawClient(const net::Endpoint& to)
      : fd_(::socket(health::SocketAddress(to).family(), SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const health::SocketAddress address(to);
    EXPECT_EQ(::connect(fd_.get(), address.get(), address.size()), 0);
    const timeval limit{20, 0};
    (void)::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  void write(std::string_view bytes) {
    (void)::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  // Until the other side has hung up.
  std::string read_all() {
    std::string all;
    std::array<char, 65536> bytes{};
    for (ssize_t n = 0; (n = ::recv(fd_.get(), bytes.data(), bytes.size(), 0)) > 0;) {
      all.append(bytes.data(), static_cast<std::size_t>(n));
    }
    return all;
  }

 private:
  FileDescriptor fd_;
};

inline std::string get(const net::Endpoint& from, const std::string& path,
                       const std::string& method = "GET") {
  RawClient client(from);
  client.write(method + " " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  return client.read_all();
}

// What a program writes to its standard output and error.
inline std::string said_by(const std::string& command) {
  std::FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
  std::string said;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) said += static_cast<char>(c);
  (void)::pclose(pipe);
  return said;
}

}  // namespace yoke::http
