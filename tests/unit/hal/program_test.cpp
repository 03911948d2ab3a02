// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/program.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "tests/unit/health/loop.h"

namespace yoke::hal {
namespace {

using namespace std::chrono_literals;
using How = ProgramEnd::How;
using testing::HasSubstr;

class Programs : public testing::Test {
 protected:
  Programs() {
    EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
    // Whoever the program is run as gets to it, and writes beside it.
    EXPECT_EQ(::chmod(folder_.c_str(), 0777), 0);
  }
  ~Programs() override { std::filesystem::remove_all(folder_); }

  ProgramPlan plan(const std::string& text, const std::string& first = "#!/bin/sh") {
    const std::string path = folder_ + "/program";
    std::ofstream(path) << first << '\n' << text << '\n';
    EXPECT_EQ(::chmod(path.c_str(), 0755), 0);
    ProgramPlan made{.path = path};
    made.environment = {"PATH=/usr/bin:/bin", "HERE=" + folder_};
    made.limits.time = 60s;
    made.account = unprivileged_account();
    return made;
  }
  ProgramEnd run(const ProgramPlan& plan) {
    std::optional<ProgramEnd> end;
    const Program program(loop_.get(), plan, [&](ProgramEnd ended) { end = std::move(ended); });
    EXPECT_FALSE(end) << "never from within";
    EXPECT_TRUE(loop_.until([&] { return end.has_value(); }, 30s));
    return end.value_or(ProgramEnd{});
  }
  // Of a program that ended with status 0.
  std::string output_of(const ProgramPlan& plan) {
    ProgramEnd end = run(plan);
    EXPECT_EQ(end.how, How::kExited);
    EXPECT_EQ(end.number, 0) << end.output << end.error;
    return std::move(end.output);
  }
  // Looks now and then at what no event tells of.
  template <typename Holds>
  static bool until_seen(const health::Loop& loop, Holds&& holds) {
    Timer look(loop.get(), [&look] { look.start(5ms); });
    look.start(0ms);
    return loop.until(holds);
  }
  template <typename Holds>
  bool until_seen(Holds&& holds) {
    return until_seen(loop_, holds);
  }
  [[nodiscard]] bool is_there(const std::string& name) const {
    return std::filesystem::exists(folder_ + '/' + name);
  }
  // Whether anybody still reads from the pipe that kHold holds open.
  [[nodiscard]] bool is_held() const {
    const std::string held = folder_ + "/held";
    return static_cast<bool>(
        FileDescriptor(::open(held.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC)));
  }
  // Starts a process that holds a pipe open, out of the program's session, and says so.
  static constexpr std::string_view kHold =
      "cd \"$HERE\"; mkfifo held\n"
      "setsid sh -c 'exec 3<>held; : >ready; exec sleep 600' >/dev/null 2>&1 &\n"
      "while ! [ -e ready ]; do sleep 0.01; done\n";

  std::string folder_ = "/tmp/yoke-program-XXXXXX";
  health::Loop loop_;
};

TEST_F(Programs, ReadsWhatIsAttachedBesidesItsInput) {
  ProgramPlan made =
      plan("cat; cat " + std::string(kAttachmentPath) + "; ls /proc/self/fd | wc -l");
  made.input = "input ";
  EXPECT_THAT(run(made).output, testing::StartsWith("input ")) << "nothing is attached";
  made.attachment = "attachment ";
  // Its input and outputs, what is attached, and the folder that is listed.
  EXPECT_EQ(output_of(made), "input attachment 5\n");
}

// As scripts do that clean up after themselves: trap 'kill 0' EXIT.
TEST_F(Programs, WhatItSendsToItsOwnGroupIsNotForTheOneThatWatches) {
  for (const bool walled : {false, true}) {
    ProgramPlan made = plan("kill 0; sleep 60");
    if (!walled) made.account.reset();
    made.walls = walled;
    const ProgramEnd end = run(made);
    if (end.how == How::kNotStarted) continue;  // no walls are to be had here
    EXPECT_EQ(end.how, How::kSignalled) << walled;
    EXPECT_EQ(end.number, SIGTERM) << walled;
  }
}

TEST_F(Programs, TellsHowItEnded) {
  struct Row {
    const char* text;
    How how;
    int number;
  };
  for (const Row& row :
       {Row{"exit 0", How::kExited, 0}, Row{"exit 3", How::kExited, 3},
        Row{"exit 255", How::kExited, 255}, Row{"kill -TERM $$", How::kSignalled, SIGTERM},
        Row{"kill -KILL $$", How::kSignalled, SIGKILL}}) {
    const ProgramEnd end = run(plan(row.text));
    EXPECT_EQ(end.how, row.how) << row.text;
    EXPECT_EQ(end.number, row.number) << row.text;
  }
}

TEST_F(Programs, WhatItReadsAndSaysAndItsWords) {
  ProgramPlan asked = plan("echo \"$2,$1.\"; cat; echo badly >&2");
  asked.arguments = {"a b", "c"};
  asked.input = "the input\n";
  const ProgramEnd end = run(asked);
  EXPECT_EQ(end.output, "c,a b.\nthe input\n");
  EXPECT_EQ(end.error, "badly\n");
  EXPECT_EQ(run(plan("cat")).output, "") << "without input there is none";
}

TEST_F(Programs, OneThatCannotBeRunSaysWhy) {
  ProgramPlan none = plan("exit 0");
  none.path += "-that-is-not-there";
  EXPECT_EQ(run(none).how, How::kNotStarted);
  EXPECT_EQ(run(none).number, ENOENT);
  const ProgramPlan closed = plan("exit 0");
  ASSERT_EQ(::chmod(closed.path.c_str(), 0644), 0);
  EXPECT_EQ(run(closed).how, How::kNotStarted);
  EXPECT_EQ(run(closed).number, EACCES);
  EXPECT_EQ(run(plan("", "#!/no/such/shell")).number, ENOENT);
  EXPECT_EQ(run(plan("", "no shell at all")).number, ENOEXEC) << "no shell is tried in its place";
}

TEST_F(Programs, HasNothingOfOurs) {
  ASSERT_EQ(::setenv("YOKE_SECRET", "hunter2", 1), 0);
  const ProgramPlan shows = plan("env | sort");
  EXPECT_EQ(output_of(shows), "HERE=" + folder_ + "\nPATH=/usr/bin:/bin\nPWD=/\n");
  // Neither files that are closed on exec nor others.
  const FileDescriptor open(::open("/dev/null", O_RDONLY));  // NOLINT: inherited, if anything is
  EXPECT_EQ(output_of(plan("ls /proc/self/fd | tr '\\n' ' '")), "0 1 2 3 ") << "3: what ls reads";
  sigset_t blocked{}, before{};
  (void)sigaddset(&blocked, SIGUSR1);
  (void)::pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const std::string signals = output_of(plan("grep 'Sig[BI]' /proc/self/status"));
  EXPECT_THAT(signals, HasSubstr("SigBlk:\t0000000000000000"));
  EXPECT_THAT(signals, HasSubstr("SigIgn:\t0000000000000000"));
  (void)::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST_F(Programs, HasNoRightsButThoseOfAnybody) {
  const std::string status = output_of(plan("grep -E '^(Cap|NoNewPrivs)' /proc/self/status"));
  for (const char* const set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
    EXPECT_THAT(status, HasSubstr(std::string(set) + ":\t0000000000000000\n"));
  }
  EXPECT_THAT(status, HasSubstr("NoNewPrivs:\t1"));
  const auto uid = ::geteuid() == 0 ? unprivileged_account().uid : ::geteuid();
  EXPECT_EQ(output_of(plan("id -u")), std::to_string(uid) + '\n');
  EXPECT_NE(uid, 0U);
}

TEST_F(Programs, GainsNothingByAProgramThatIsSetuid) {
  if (::geteuid() != 0) GTEST_SKIP() << "not root, who alone makes one";
  const std::string copy = folder_ + "/id";
  std::filesystem::copy_file("/usr/bin/id", copy);
  ASSERT_EQ(::chmod(copy.c_str(), 04755), 0);
  EXPECT_EQ(output_of(plan("\"$HERE\"/id -u")), std::to_string(unprivileged_account().uid) + '\n');
}

TEST_F(Programs, WithoutAnAccountItIsRunAsOurselves) {
  ProgramPlan ours = plan("id -u; grep CapEff /proc/self/status");
  ours.account.reset();
  EXPECT_EQ(output_of(ours), std::to_string(::geteuid()) + "\nCapEff:\t0000000000000000\n");
}

TEST_F(Programs, OutOfTimeIsEndedAndWhatItSaidIsKept) {
  ProgramPlan slow = plan(std::string(kHold) + "echo so far; sleep 600");
  slow.limits.time = 1500ms;
  const auto began = std::chrono::steady_clock::now();
  const ProgramEnd end = run(slow);
  EXPECT_EQ(end.how, How::kOutOfTime);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 10s);
  EXPECT_EQ(end.output, "so far\n");
  EXPECT_TRUE(until_seen([&] { return !is_held(); })) << "all that it started";
}

TEST_F(Programs, SaysSoMuchAndNoMore) {
  for (const char* const where : {"", " >&2"}) {
    ProgramPlan loud = plan(std::string("yes") + where);
    loud.limits.output_bytes = 1000;
    const ProgramEnd end = run(loud);
    EXPECT_EQ(end.how, How::kTooMuchOutput);
    EXPECT_EQ(end.output.size() + end.error.size(), 1000U);
  }
  ProgramPlan just = plan("head -c 1000 /dev/zero");
  just.limits.output_bytes = 1000;
  EXPECT_EQ(output_of(just).size(), 1000U);
  just.limits.output_bytes = 999;
  EXPECT_EQ(run(just).how, How::kTooMuchOutput) << "also where it has ended by then";
}

TEST_F(Programs, UsesSoMuchOfTheProcessorAndNoMore) {
  ProgramPlan busy = plan("while :; do :; done");
  busy.limits.processor = 1s;
  const ProgramEnd end = run(busy);
  EXPECT_EQ(end.how, How::kSignalled);
  EXPECT_EQ(end.number, SIGXCPU);
}

constexpr const char* kPython = "#!/usr/bin/python3 -ISB";

TEST_F(Programs, UsesSoMuchMemoryFilesAndDiskAndNoMore) {
  EXPECT_EQ(run(plan("bytearray(1 << 30)", kPython)).number, 1);
  EXPECT_THAT(run(plan("bytearray(1 << 30)", kPython)).error, HasSubstr("MemoryError"));
  EXPECT_EQ(output_of(plan("bytearray(1 << 27)", kPython)), "");
  EXPECT_THAT(run(plan("a=[open('/dev/null') for _ in range(100)]", kPython)).error,
              HasSubstr("Too many open files"));
  EXPECT_NE(run(plan("head -c 2000000 /dev/zero >\"$HERE\"/large")).number, 0);
  EXPECT_EQ(std::filesystem::file_size(folder_ + "/large"), 1U << 20);
}

TEST_F(Programs, StartsSoManyProcessesAndNoMore) {
  ProgramPlan bomb = plan(
      "import os, time\n"
      "count = 0\n"
      "try:\n"
      "  while count < 200:\n"
      "    if os.fork() == 0: time.sleep(600)\n"
      "    count += 1\n"
      "except OSError: print(count)",
      kPython);
  bomb.limits.processes = 10;
  // The others are itself, the first process and, not as root, the one that waits for it.
  EXPECT_THAT(output_of(bomb), testing::AnyOf("8\n", "7\n"));
}

TEST_F(Programs, WhatLeftItsSessionEndsWithItAllTheSame) {
  EXPECT_EQ(run(plan(std::string(kHold) + "exit 7")).number, 7);
  ASSERT_TRUE(is_there("ready"));
  EXPECT_FALSE(is_held()) << "by the time that its end is told";
}

TEST_F(Programs, EndsWithAllThatItStartedWhenNobodyWantsItAnyMore) {
  {
    const Program program(loop_.get(), plan(std::string(kHold) + ": >started; sleep 600"),
                          [](const ProgramEnd&) { ADD_FAILURE() << "nobody asked"; });
    ASSERT_TRUE(until_seen([&] { return is_there("started"); }));
    ASSERT_TRUE(is_held());
  }
  EXPECT_TRUE(until_seen([&] { return !is_held(); }));
  EXPECT_TRUE(until_seen([] { return ::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD; }))
      << "nothing is left unreaped";
}

TEST_F(Programs, EndsWithUs) {
  const pid_t us = ::fork();
  if (us == 0) {
    const health::Loop loop;
    const Program program(loop.get(), plan(std::string(kHold) + "sleep 600"),
                          [](const ProgramEnd&) {});
    (void)until_seen(loop, [&] { return is_there("ready"); });
    (void)::raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(us, &status, 0), us);
  ASSERT_TRUE(is_there("ready"));
  EXPECT_TRUE(until_seen([&] { return !is_held(); }));
}

void write_to(const char* path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  EXPECT_TRUE(file.good()) << path;
}

// In a place of this process's own, in which no more of them are to be had.
void lose_namespaces() {
  const std::string uid = std::to_string(::geteuid());
  ASSERT_EQ(::unshare(CLONE_NEWUSER), 0);
  write_to("/proc/self/uid_map", uid + ' ' + uid + " 1");
  write_to("/proc/sys/user/max_user_namespaces", "0");
  write_to("/proc/sys/user/max_pid_namespaces", "0");
  ASSERT_NE(::unshare(CLONE_NEWPID), 0);
}

// What `look` sees of a program that another process than this one runs, which `prepare` changes.
template <typename Prepare, typename Look>
void elsewhere(const ProgramPlan& plan, Prepare&& prepare, Look&& look) {
  const pid_t us = ::fork();
  if (us == 0) {
    prepare();
    std::optional<ProgramEnd> end;
    const health::Loop loop;
    const Program program(loop.get(), plan, [&](ProgramEnd ended) { end = std::move(ended); });
    EXPECT_TRUE(loop.until([&] { return end.has_value(); }, 30s));
    look(end.value_or(ProgramEnd{}));
    std::_Exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(us, &status, 0), us);
  EXPECT_EQ(status, 0);
}

TEST_F(Programs, WithoutNamespacesWhatLeftItsSessionEndsWithItToo) {
  ProgramPlan holding = plan(std::string(kHold) + "exit 7");
  holding.account.reset();
  elsewhere(holding, lose_namespaces, [&](const ProgramEnd& end) {
    EXPECT_EQ(end.number, 7);
    EXPECT_FALSE(is_held()) << "by the time that its end is told";
  });
  EXPECT_TRUE(is_there("ready"));
}

TEST_F(Programs, WithoutNamespacesOneThatIsToHaveWallsIsNotRun) {
  ProgramPlan walled = plan("touch \"$HERE/mark\"");
  walled.account.reset();
  walled.walls = true;
  elsewhere(walled, lose_namespaces, [](const ProgramEnd& end) {
    EXPECT_EQ(end.how, How::kNotStarted);
    EXPECT_THAT(why_not_started(end), testing::StartsWith("the sandbox cannot make namespaces: "));
  });
  EXPECT_FALSE(is_there("mark"));
}

class Walled : public Programs {
 protected:
  // Beside a secret, in a folder within the one that holds it.
  ProgramPlan walled(const std::string& text, const std::string& first = "#!/bin/sh") {
    ProgramPlan made = plan(text, first);
    const std::string secrets = folder_ + "/etc";
    std::filesystem::create_directories(secrets + "/checks");
    std::ofstream(secrets + "/key") << "hunter2\n";
    std::filesystem::rename(made.path, secrets + "/checks/program");
    made.path = secrets + "/checks/program";
    made.walls = true;
    made.hidden_folders = {secrets, folder_ + "/that-is-not-there"};
    return made;
  }
  // Ends with what it says, if it sees no wall that it gets through.
  static constexpr const char* kTries =
      "cat \"$HERE/etc/key\" && exit 1\n"
      "touch \"$HERE/mark\" || true\n"
      "touch /tmp/mark || exit 2\n"
      "touch \"$HERE/etc/mark\" 2>/dev/null && exit 3\n"
      "touch \"$HERE/etc/checks/mark\" 2>/dev/null && exit 4\n"
      "ls \"$HERE/etc\"\n"
      "ls /proc | grep -c '^[0-9]' || true\n";
  void expect_nothing_was_changed() const {
    EXPECT_FALSE(is_there("mark"));
    EXPECT_FALSE(is_there("etc/mark"));
    EXPECT_FALSE(is_there("etc/checks/mark"));
    EXPECT_FALSE(std::filesystem::exists("/tmp/mark"));
  }
  static void become_nobody() {
    ASSERT_EQ(::setresgid(65534, 65534, 65534), 0);
    ASSERT_EQ(::setresuid(65534, 65534, 65534), 0);
  }
};

// The first process, its shell, and what the shell counts with.
constexpr const char* kSeesItselfAlone = "checks\n[3-5]\n";

TEST_F(Walled, ChangesNoFileAndSeesWhatItMay) {
  EXPECT_THAT(output_of(walled(kTries)), testing::MatchesRegex(kSeesItselfAlone));
  expect_nothing_was_changed();
  const std::string root =
      output_of(walled("while read -r _ _ _ _ where how _; do [ $where = / ] && echo $how; done "
                       "</proc/self/mountinfo; true"));
  EXPECT_THAT(root, testing::StartsWith("ro,"));
}

TEST_F(Walled, TheSameForSomebodyWhoIsNotRoot) {
  if (::geteuid() != 0) GTEST_SKIP() << "the test before was this one";
  elsewhere(walled(kTries), become_nobody, [](const ProgramEnd& end) {
    EXPECT_EQ(end.number, 0) << end.error << why_not_started(end);
    EXPECT_THAT(end.output, testing::MatchesRegex(kSeesItselfAlone));
  });
  expect_nothing_was_changed();
}

TEST_F(Walled, SeesNoProcessesAtAllWhereTheKernelShowsNotItsOwnAlone) {
  if (::geteuid() != 0) GTEST_SKIP() << "not root, who alone covers what is there";
  const auto cover = [] {
    ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    ASSERT_EQ(::mount("tmpfs", "/proc/tty", "tmpfs", 0, nullptr), 0);
    become_nobody();
  };
  elsewhere(walled(kTries), cover, [](const ProgramEnd& end) {
    EXPECT_EQ(end.number, 0) << end.error << why_not_started(end);
    EXPECT_EQ(end.output, "checks\n0\n");
  });
  expect_nothing_was_changed();
}

TEST_F(Walled, AWallThatCannotBePutUpIsNotDoneWithout) {
  if (::geteuid() != 0) GTEST_SKIP() << "not root, who alone closes a folder to others";
  ProgramPlan made = walled("exit 0");
  // Of what is hidden nothing can be put where a file is.
  made.hidden_folders = {made.path};
  made.path = plan("exit 0").path;
  const ProgramEnd end = run(made);
  EXPECT_EQ(end.how, How::kNotStarted);
  EXPECT_EQ(why_not_started(end), "the sandbox cannot hide folders of the unit: Not a directory");
}

TEST_F(Walled, IsRefusedWhatNoProgramNeedsOfTheKernel) {
  const ProgramPlan asks = walled(
      "import ctypes, errno, os, socket\n"
      "libc = ctypes.CDLL(None, use_errno=True)\n"
      "def call(name, number, *words):\n"
      "  libc.syscall(number, *words)\n"
      "  print(name, errno.errorcode.get(ctypes.get_errno()))\n"
      "call('mount', 165, b'none', b'/tmp', b'tmpfs', 0, 0)\n"
      "call('unshare', 272, 0x10000000)\n"
      "call('clone', 56, 0x10000000, 0, 0, 0, 0)\n"
      "call('clone3', 435, 0, 0)\n"
      "call('ptrace', 101, 0, 0, 0, 0)\n"
      "call('bpf', 321, 0, 0, 0)\n"
      "call('keyctl', 250, 0, 0, 0)\n"
      "call('x32', 0x40000000 + 39)\n"
      "for family in (socket.AF_ALG, socket.AF_PACKET):\n"
      "  try: socket.socket(family, socket.SOCK_DGRAM)\n"
      "  except OSError as refused: print(family.name, errno.errorcode[refused.errno])\n"
      "for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX):\n"
      "  socket.socket(family, socket.SOCK_DGRAM)\n"
      "os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)\n",
      kPython);
  EXPECT_EQ(output_of(asks),
            "mount EPERM\nunshare EPERM\nclone EPERM\nclone3 ENOSYS\nptrace EPERM\nbpf EPERM\n"
            "keyctl EPERM\nx32 ENOSYS\nAF_ALG EAFNOSUPPORT\nAF_PACKET EAFNOSUPPORT\n");
}

}  // namespace
}  // namespace yoke::hal
