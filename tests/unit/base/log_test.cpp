// SPDX-License-Identifier: Apache-2.0
#include "hal/base/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "hal/base/file_descriptor.h"

namespace yoke::log {
namespace {

// Standard error is a file of the test's own, as long as this lives.
class Captured {
 public:
  Captured() : file_(::open(::testing::TempDir().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)) {
    EXPECT_TRUE(file_);
    EXPECT_GE(::dup2(file_.get(), STDERR_FILENO), 0);
  }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;
  ~Captured() { (void)::dup2(before_.get(), STDERR_FILENO); }

  [[nodiscard]] std::string text() const {
    std::string all(1 << 20, '\0');
    const ssize_t n = ::pread(file_.get(), all.data(), all.size(), 0);
    return n < 0 ? "unreadable" : all.substr(0, static_cast<std::size_t>(n));
  }
  // What systemd would set for this stream.
  [[nodiscard]] std::string journal_stream() const {
    struct stat st {};
    EXPECT_EQ(::fstat(file_.get(), &st), 0);
    return std::to_string(st.st_dev) + ":" + std::to_string(st.st_ino);
  }

 private:
  FileDescriptor before_{::dup(STDERR_FILENO)};
  FileDescriptor file_;
};

class Log : public ::testing::Test {
 protected:
  Log() { ::unsetenv("JOURNAL_STREAM"); }
  ~Log() override { ::unsetenv("JOURNAL_STREAM"); }
};

TEST_F(Log, OnATerminalAnEntryIsOneLine) {
  const Captured captured;
  error("store", "the disk is full");
  warning("board-file", "no such port", {{"PORT", "lan0"}});
  notice("server-down", "gone", {{"POOL", "web"}, {"SERVER", "10.0.0.1:80"}});
  info("started", "");
  write(Level::kDebug, "turn", "idle");
  EXPECT_EQ(captured.text(),
            "error store: the disk is full\n"
            "warning board-file: no such port PORT=lan0\n"
            "notice server-down: gone POOL=web SERVER=10.0.0.1:80\n"
            "info started: \n"
            "debug turn: idle\n");
}

TEST_F(Log, AStreamThatIsNotTheJournalsGetsItsLinesWhateverWasInherited) {
  const Captured captured;
  for (const char* stream : {"", "8:1", "nonsense"}) {
    ::setenv("JOURNAL_STREAM", stream, 1);
    info("started", stream);
  }
  EXPECT_EQ(captured.text(), "info started: \ninfo started: 8:1\ninfo started: nonsense\n");
}

TEST_F(Log, AStreamThatIsTheJournalsIsLeftAlone) {
  const Captured captured;
  ::setenv("JOURNAL_STREAM", captured.journal_stream().c_str(), 1);
  write(Level::kDebug, "log-test", "with fields, to the journal alone", {{"TEST", "yes"}});
  EXPECT_EQ(captured.text(), "");
}

TEST_F(Log, LinesOfManyThreadsStayWhole) {
  constexpr int kThreads = 4, kLines = 200;
  const Captured captured;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([thread] {
        for (int i = 0; i < kLines; ++i) info("turn", "thread", {{"ID", std::to_string(thread)}});
      });
    }
  }
  std::map<std::string, int> lines;
  const std::string text = captured.text();
  for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos;
       at = end + 1) {
    ++lines[text.substr(at, end - at)];
  }
  std::map<std::string, int> expected;
  for (int i = 0; i < kThreads; ++i) expected["info turn: thread ID=" + std::to_string(i)] = kLines;
  EXPECT_EQ(lines, expected);
}

}  // namespace
}  // namespace yoke::log
