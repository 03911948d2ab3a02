// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "hal/base/file_descriptor.h"
#include "hal/linux/event.h"
#include "mgmt/health/loop_lag.h"
#include "mgmt/health/script_prober.h"
#include "mgmt/health/script_text.h"
#include "mgmt/health/watch.h"
#include "tests/unit/health/loop.h"

namespace yoke::health {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

const net::Endpoint kServer = *net::Endpoint::parse("192.0.2.11:80");

// A folder of checks as root keeps it, with one script in it, beside a secret of the unit.
class Scripts : public testing::Test {
 protected:
  Scripts() {
    EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
    EXPECT_EQ(::chmod(folder_.c_str(), 0777), 0);
    std::filesystem::create_directories(checks());
    std::ofstream(etc() + "/key") << "hunter2\n";
    prober_.emplace(loop_.get(), lag_,
                    ScriptProber::Place{.programs = checks(), .hidden_folders = {etc()}});
  }
  ~Scripts() override { std::filesystem::remove_all(folder_); }
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "not root, whose scripts must be";
  }

  [[nodiscard]] std::string etc() const { return folder_ + "/etc"; }
  [[nodiscard]] std::string checks() const { return etc() + "/checks"; }
  [[nodiscard]] std::string path() const { return checks() + "/lag"; }
  [[nodiscard]] bool is_there(const std::string& name) const {
    return std::filesystem::exists(folder_ + '/' + name);
  }
  void write(const std::string& text, mode_t mode = 0755) {
    std::ofstream(path()) << "#!/bin/sh\n" << text << '\n';
    ASSERT_EQ(::chmod(path().c_str(), mode), 0);
  }
  static Check check(std::chrono::milliseconds timeout = 60s, const std::string& argument = {}) {
    Check made;
    made.key = "script:lag";
    made.pool = "web";
    made.timeout = timeout;
    made.interval = timeout;
    made.settings = Settings({{"program", "lag"}, {"argument", argument}});
    return made;
  }
  ProbeResult probe(const Check& check) {
    std::optional<ProbeResult> result;
    const auto under_way =
        prober_->start(kServer, check, [&](ProbeResult done) { result = std::move(done); });
    EXPECT_FALSE(result) << "never from within start()";
    EXPECT_TRUE(loop_.until([&] { return result.has_value(); }, 30s));
    return result.value_or(ProbeResult{});
  }
  ProbeResult run(const std::string& text) {
    write(text);
    return probe(check());
  }
  // "not tried: ...", of a script that is not run at all.
  std::string refused() {
    const ProbeResult result = probe(check());
    EXPECT_EQ(result.outcome, Outcome::kNotTried);
    return result.text;
  }
  template <typename Holds>
  bool until_seen(Holds&& holds) {
    hal::Timer look(loop_.get(), [&look] { look.start(5ms); });
    look.start(0ms);
    return loop_.until(holds, 30s);
  }

  std::string folder_ = "/tmp/yoke-script-XXXXXX";
  Loop loop_;
  LoopLag lag_{loop_.get()};
  std::optional<ScriptProber> prober_;
};

TEST_F(Scripts, ItsStatusSaysWhetherTheServerIsWell) {
  struct Row {
    const char* text;
    Outcome outcome;
    const char* says;
  };
  for (const Row& row : std::vector<Row>{
           {"exit 0", Outcome::kPassed, "script status 0 "},
           {"echo 3s behind; echo more", Outcome::kPassed, "script 3s behind "},
           {"exit 1", Outcome::kFailed, "script status 1"},
           {"echo no slots; exit 2", Outcome::kFailed, "script status 2: no slots"},
           {"echo 'lost\033[2J' >&2; exit 2", Outcome::kFailed, "script status 2: lost?[2J"},
           {"echo licence ended; exit 75", Outcome::kNotTried, "not tried: script licence ended"},
           {"exit 75", Outcome::kNotTried, "not tried: script status 75"},
           {"no-such-command", Outcome::kNotTried, "not tried: script status 127: "},
           {"kill -TERM $$", Outcome::kFailed, "script was ended by signal 15"},
           {"kill -KILL $$", Outcome::kNotTried, "not tried: script was killed"},
           {"yes", Outcome::kFailed, "script said more than is read"}}) {
    const ProbeResult result = run(row.text);
    EXPECT_EQ(result.outcome, row.outcome) << row.text << ": " << result.text;
    EXPECT_THAT(result.text, StartsWith(row.says)) << row.text;
  }
}

TEST_F(Scripts, IsToldOfTheServerAndOfNothingElse) {
  write("{ echo \"$@\"; env | sort | grep -v ^PWD; } | tr '\\n' '|'");
  const ProbeResult result = probe(check(60s, "30 s"));
  EXPECT_EQ(result.outcome, Outcome::kPassed) << result.text;
  const auto steps = result.transcript.steps();
  ASSERT_FALSE(steps.empty());
  EXPECT_THAT(steps[0].text,
              StartsWith("said last: 192.0.2.11 80 30 s|LANG=C.UTF-8|PATH=/usr/local/sbin:"));
  write(
      "[ \"$YOKE_SERVER_ADDRESS $YOKE_SERVER_PORT\" = '192.0.2.11 80' ] &&"
      "echo $YOKE_POOL $YOKE_CHECK $YOKE_TIMEOUT_MS $#");
  EXPECT_THAT(probe(check()).text, StartsWith("script web script:lag 60000 2 "));
}

TEST_F(Scripts, ATranscriptHasItsLastWordsAndItsEnd) {
  const ProbeResult result = run("echo one; echo two; echo badly >&2; exit 3");
  std::vector<std::string> texts;
  for (const auto& step : result.transcript.steps()) texts.push_back(step.text);
  EXPECT_THAT(texts,
              testing::ElementsAre("said last: two", "its errors: badly", "ended with status 3"));
  EXPECT_GT(result.duration, 0us);
}

// How many processes of this machine have these words as their command line.
int running(const std::string& words) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "cmdline");
    std::string line;
    std::getline(file, line);  // one that has ended meanwhile has none
    std::ranges::replace(line, '\0', ' ');
    if (line == words + ' ') ++count;
  }
  return count;
}

TEST_F(Scripts, OutOfTimeIsKilledWithAllThatItStarted) {
  const std::string sleep = "sleep 60" + std::to_string(::getpid());
  write("setsid " + sleep + " & echo begun; exec " + sleep);
  std::optional<ProbeResult> result;
  const auto under_way =
      prober_->start(kServer, check(1500ms), [&](ProbeResult done) { result = std::move(done); });
  int most = 0;
  EXPECT_TRUE(until_seen([&] {
    most = std::max(most, running(sleep));
    return result.has_value();
  }));
  ASSERT_TRUE(result);
  if (result->outcome == Outcome::kNotTried) GTEST_SKIP() << result->text;
  EXPECT_EQ(most, 2);
  EXPECT_TRUE(until_seen([&] { return running(sleep) == 0; }));
  EXPECT_EQ(result->outcome, Outcome::kFailed);
  EXPECT_EQ(result->text, "timeout after 1500ms at script");
  EXPECT_EQ(result->transcript.steps().back().text, "killed: it was out of time");
}

// Each of these works for root where there are no walls.
TEST_F(Scripts, GetsThroughNoWall) {
  for (const std::string& way :
       {"cat " + etc() + "/key", "ls " + etc() + " | grep -q key", "touch " + folder_ + "/mark",
        "touch " + checks() + "/mark", std::string("mount -t tmpfs none /tmp"),
        std::string("unshare --user true"), "kill -0 " + std::to_string(::getpid()),
        std::string("grep -q 'CapEff:.*[1-9a-f]' /proc/self/status"),
        std::string("[ $(id -u) = 0 ]")}) {
    const ProbeResult result = run("{ " + way + "; } 2>&1 && exit 1 || echo kept in");
    EXPECT_EQ(result.outcome, Outcome::kPassed) << way << ": " << result.text;
    EXPECT_FALSE(is_there("mark") || is_there("etc/checks/mark")) << way;
    std::ofstream(folder_ + "/way") << way << " >/dev/null\n";
    EXPECT_EQ(std::system(("unshare --mount sh " + folder_ + "/way").c_str()), 0) << way;
    std::filesystem::remove(folder_ + "/mark");
    std::filesystem::remove(checks() + "/mark");
  }
}

TEST_F(Scripts, HasATmpOfItsOwn) {
  const std::string mark = "/tmp/" + std::to_string(::getpid()) + "-mark";
  EXPECT_THAT(run("touch " + mark + " && ls -A /tmp").text, HasSubstr("-mark "));
  EXPECT_FALSE(std::filesystem::exists(mark));
  EXPECT_THAT(run("ls -A /tmp | grep -q mark || echo gone").text, StartsWith("script gone "));
}

TEST_F(Scripts, OneThatIsNotRootsAloneIsNotRun) {
  EXPECT_EQ(refused(), "not tried: " + path() + " is missing: put it there");
  write("exit 0", 0700);
  EXPECT_THAT(refused(), HasSubstr(" is not for all to run: chmod 755 " + path()));
  write("exit 0", 0644);
  EXPECT_THAT(refused(), HasSubstr(" is not for all to run"));
  for (const mode_t mode : {0775U, 0757U}) {
    write("exit 0", mode);
    EXPECT_THAT(refused(), HasSubstr("lag is for others to change: chmod go-w " + path()));
  }
  write("exit 0");
  ASSERT_EQ(::chown(path().c_str(), 65534, 0), 0);
  EXPECT_THAT(refused(), HasSubstr("lag is not root's: chown root " + path()));
  std::filesystem::remove(path());
  std::filesystem::create_symlink("/bin/true", path());
  EXPECT_THAT(refused(), HasSubstr("lag is no file"));
  std::filesystem::remove(path());
  write("exit 0");
  ASSERT_EQ(::chmod(checks().c_str(), 0777), 0);
  EXPECT_THAT(refused(), HasSubstr("checks is for others to change: chmod go-w " + checks()));
  ASSERT_EQ(::chmod(checks().c_str(), 0755), 0);
  ASSERT_EQ(::chown(checks().c_str(), 65534, 0), 0);
  EXPECT_THAT(refused(), HasSubstr("checks is not root's: chown root " + checks()));
  ASSERT_EQ(::chown(checks().c_str(), 0, 0), 0);
  EXPECT_EQ(probe(check()).outcome, Outcome::kPassed);
}

TEST_F(Scripts, OneWhoseInterpreterIsNotThereSaysNothingOfTheServer) {
  std::ofstream(path()) << "#!/no/such/shell\n";
  ASSERT_EQ(::chmod(path().c_str(), 0755), 0);
  EXPECT_EQ(refused(), "not tried: script cannot be run: No such file or directory");
}

TEST(ScriptText, AWallThatIsNotToBeHadSaysNothingOfTheServer) {
  hal::ProgramEnd end;
  end.number = EPERM;
  end.wall = "make namespaces";
  const ProbeResult result = script_result(end, 1ms);
  EXPECT_EQ(result.outcome, Outcome::kNotTried);
  EXPECT_EQ(result.text,
            "not tried: script cannot be run: the sandbox cannot make namespaces: Operation not "
            "permitted");
}

TEST_F(Scripts, SoManyRunAtOnceAndTheOthersWaitForTheirTurn) {
  const std::string gate = checks() + "/gate";  // which it sees
  ASSERT_EQ(::mkfifo(gate.c_str(), 0666), 0);
  ASSERT_EQ(::chmod(gate.c_str(), 0666), 0);
  write("read -r line <" + gate);  // until somebody opens it to write
  constexpr std::size_t kAll = ScriptProber::kAtOnce + 3;
  std::size_t ended = 0;
  std::vector<std::unique_ptr<Probe>> probes;
  for (std::size_t i = 0; i < kAll; ++i) {
    probes.push_back(prober_->start(kServer, check(), [&](const ProbeResult&) { ++ended; }));
  }
  const auto still_waiting = [&] {
    const auto before = probes.back()->waited();
    ::usleep(1000);
    return probes.back()->waited() > before;
  };
  ASSERT_TRUE(until_seen([&, first = probes[ScriptProber::kAtOnce - 1].get()] {
    const auto before = first->waited();
    ::usleep(1000);
    return first->waited() == before;  // it has begun
  }));
  EXPECT_TRUE(still_waiting());
  EXPECT_EQ(ended, 0U);
  // One that nobody wants any more, running or not, makes room.
  probes[0].reset();
  probes[ScriptProber::kAtOnce + 1].reset();
  // Opened and closed again: whoever reads is at the end.
  EXPECT_TRUE(until_seen([&] {
    const FileDescriptor writer(::open(gate.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    return ended == kAll - 2;
  }));
}

// One that has waited for its turn long since.
class BusyProber final : public Prober {
 public:
  [[nodiscard]] std::unique_ptr<Probe> start(const net::Endpoint& /*server*/,
                                             const Check& /*check*/, ProbeDone /*done*/) override {
    class Waiting final : public Probe {
      [[nodiscard]] MonoClock::duration waited() const override { return 2h; }
    };
    return std::make_unique<Waiting>();
  }
};

TEST_F(Scripts, OneThatStaysUntriedForLongIsShownAsSuch) {
  BusyProber busy;
  Watch watch(loop_.get(), busy, kServer, check(), {[] {}, [] {}});
  watch.start(0ms);
  EXPECT_TRUE(until_seen([&] { return !watch.last_text().empty(); }));
  EXPECT_EQ(watch.last_text(), "not tried for 7200s: too many scripts wait for their turn");
  watch.mend(MonoClock::now() + 1h);
  EXPECT_TRUE(watch.past().empty()) << "its time has not begun";
}

}  // namespace
}  // namespace yoke::health
