// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "hal/base/file_descriptor.h"
#include "tests/support/temp_folder.h"

namespace yoke::api::testing {

// The other end of the socket: takes one connection, on a thread, and treats it as it is told.
class Peer {
 public:
  using Serve = std::function<void(int connection)>;

  explicit Peer(Serve serve) : serve_(std::move(serve)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket().native().copy(address.sun_path, sizeof address.sun_path - 1);
    listener_ = FileDescriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0);
    EXPECT_EQ(::listen(listener_.get(), 0), 0);
    if (serve_) thread_ = std::jthread([this] { run(); });
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() {
    if (thread_.joinable()) thread_.join();
  }

  [[nodiscard]] std::filesystem::path socket() const { return folder_.file("dataplane.sock"); }
  void join() { thread_.join(); }

 private:
  static constexpr int kPatienceMs = 10'000;

  void run() {
    pollfd wait{listener_.get(), POLLIN, 0};
    if (::poll(&wait, 1, kPatienceMs) != 1) return;
    const FileDescriptor connection(::accept(listener_.get(), nullptr, nullptr));
    const timeval patience{.tv_sec = kPatienceMs / 1000, .tv_usec = 0};
    for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) {
      (void)::setsockopt(connection.get(), SOL_SOCKET, option, &patience, sizeof patience);
    }
    serve_(connection.get());
  }

  Serve serve_;
  TempFolder folder_;
  FileDescriptor listener_;
  std::jthread thread_;
};

// The next line, at most `at_once` bytes a call; empty when the other side hung up.
inline std::string read_line(int connection, std::size_t at_once = 65536) {
  std::string line, block(at_once, '\0');
  while (true) {
    const ssize_t n = ::recv(connection, block.data(), block.size(), 0);
    if (n <= 0) return {};
    line.append(block, 0, static_cast<std::size_t>(n));
    if (line.back() == '\n') return line.substr(0, line.size() - 1);
  }
}

// Until the other side hangs up.
inline void read_to_end(int connection) {
  while (!read_line(connection).empty()) continue;
}

inline bool say(int connection, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::send(connection, text.data(), text.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace yoke::api::testing
