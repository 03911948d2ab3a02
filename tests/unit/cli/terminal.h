// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "hal/base/file_descriptor.h"

namespace yoke::cli {

// What a terminal that can do nothing (TERM=dumb) shows: carriage return, newline, backspace.
class Screen {
 public:
  void draw(std::string_view bytes) {
    for (const char c : bytes) {
      if (c == '\r') {
        column_ = 0;
      } else if (c == '\n') {
        lines_.emplace_back();
      } else if (c == '\b') {
        column_ -= column_ > 0 ? 1 : 0;
      } else if (static_cast<unsigned char>(c) >= ' ' &&
                 (static_cast<unsigned char>(c) & 0xc0) != 0x80) {
        std::string& line = lines_.back();
        if (line.size() <= column_) line.resize(column_ + 1, ' ');
        line[column_++] = c;
      }
    }
  }
  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }
  [[nodiscard]] std::string text() const {
    std::string all;
    for (std::string line : lines_) {
      line.erase(line.find_last_not_of(' ') + 1);
      all += line + '\n';
    }
    return all;
  }

 private:
  std::vector<std::string> lines_{""};
  std::size_t column_ = 0;
};

// The program on a terminal of its own. Every wait is for something to show, with a deadline.
class Terminal {
 public:
  Terminal(const std::string& root, const std::string& home) {
    // libedit does not give back the names of functions added to it.
    std::ofstream(home + "/leaks") << "leak:wcsdup\n";
    const std::string sanitizer = "print_suppressions=0:suppressions=" + home + "/leaks";
    const winsize size{.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
    int fd = -1;
    pid_ = ::forkpty(&fd, nullptr, nullptr, &size);
    if (pid_ == 0) {
      (void)::setenv("TERM", "dumb", 1);
      (void)::setenv("HOME", home.c_str(), 1);
      (void)::setenv("LC_ALL", "C.UTF-8", 1);
      (void)::setenv("LSAN_OPTIONS", sanitizer.c_str(), 1);
      ::execl(YOKE_PROGRAM, "yoke", "--root", root.c_str(), nullptr);
      ::_exit(127);
    }
    fd_ = FileDescriptor(fd);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() {
    if (pid_ <= 0) return;
    (void)::kill(pid_, SIGKILL);
    (void)::waitpid(pid_, nullptr, 0);
  }

  // Keys typed before the editor has the terminal would be the kernel's to edit.
  void type(std::string_view keys) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    termios mode{};
    while (::tcgetattr(fd_.get(), &mode) == 0 && (mode.c_lflag & ICANON) != 0) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "nobody reads keys";
      std::this_thread::yield();
    }
    ASSERT_EQ(::write(fd_.get(), keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }
  // Until `text` is on the screen behind what the last call waited for, which it then is in turn.
  [[nodiscard]] testing::AssertionResult shows(std::string_view text) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (true) {
      const std::string all = screen_.text();
      const auto found = all.find(text, std::min(seen_, all.size()));
      if (found != std::string::npos) {
        seen_ = found + text.size();
        return testing::AssertionSuccess();
      }
      if (!read_until(deadline)) {
        return testing::AssertionFailure() << '\'' << text << "' does not come:\n" << all;
      }
    }
  }
  // Until the program has ended; its exit code.
  [[nodiscard]] int ends() {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (read_until(deadline)) {
    }
    int status = 0;
    if (std::chrono::steady_clock::now() >= deadline) (void)::kill(pid_, SIGKILL);
    (void)::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  [[nodiscard]] const Screen& screen() const { return screen_; }

 private:
  static constexpr auto kPatience = std::chrono::seconds(30);

  // False once nothing more comes.
  bool read_until(std::chrono::steady_clock::time_point deadline) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd wait{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) <= 0) return false;
    std::array<char, 4096> bytes{};
    const ssize_t count = ::read(fd_.get(), bytes.data(), bytes.size());
    if (count <= 0) return false;
    screen_.draw({bytes.data(), static_cast<std::size_t>(count)});
    return true;
  }

  pid_t pid_ = -1;
  FileDescriptor fd_;
  Screen screen_;
  std::size_t seen_ = 0;
};

}  // namespace yoke::cli
