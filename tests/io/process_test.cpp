// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "dataplane/io/huge_pages.h"
#include "hal/base/file_descriptor.h"
#include "tests/io/lab.h"

extern char** environ;

namespace yoke::io {
namespace {

constexpr unsigned kUnitMemoryMib = 96;  // as unit.cpp has it

std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = ::popen(command.c_str(), "r");
  std::array<char, 4096> part;
  for (std::size_t n = 0; (n = std::fread(part.data(), 1, part.size(), pipe)) > 0;) {
    text.append(part.data(), n);
  }
  EXPECT_EQ(::pclose(pipe), 0) << command;
  return text;
}

// io_unit (unit.cpp) as a child; its output comes by one pipe.
class UnitProcess {
 public:
  explicit UnitProcess(std::vector<std::string> words) {
    words.insert(words.begin(), IO_UNIT);
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    std::array<int, 2> pipe{};
    EXPECT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
    output_ = FileDescriptor(pipe[0]);
    const FileDescriptor input(pipe[1]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, input.get(), STDERR_FILENO);
    EXPECT_EQ(::posix_spawn(&pid_, IO_UNIT, &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
  }
  UnitProcess(const UnitProcess&) = delete;
  UnitProcess& operator=(const UnitProcess&) = delete;
  ~UnitProcess() {
    if (pid_ > 0) (void)end(SIGKILL);
  }

  // False: it ended before.
  [[nodiscard]] bool is_ready() {
    while (said_.find("forwarding") == std::string::npos) {
      if (!hear()) return false;
    }
    return true;
  }
  // As waitpid() tells it. Whatever else it said is said() now.
  [[nodiscard]] int end(int signal) {
    if (signal != 0) ::kill(pid_, signal);
    while (hear()) continue;
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = 0;
    return status;
  }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] const std::string& said() const { return said_; }

 private:
  bool hear() {
    std::array<char, 4096> part;
    const auto length = ::read(output_.get(), part.data(), part.size());
    if (length > 0) said_.append(part.data(), static_cast<std::size_t>(length));
    return length > 0;
  }

  pid_t pid_ = 0;
  FileDescriptor output_;
  std::string said_;
};

class Process : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (const auto reason = enter_private_network(); !reason.empty()) GTEST_SKIP() << reason;
    run("ip link add y0 numtxqueues 1 numrxqueues 1 type veth peer name h0 numtxqueues 1");
    run("ip link set y0 up && ip link set h0 up");
    std::string pattern = (std::filesystem::temp_directory_path() / "yoke-io-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  void TearDown() override {
    std::error_code none;
    std::filesystem::remove_all(directory_, none);
  }
  [[nodiscard]] std::vector<std::string> words(const std::string& device,
                                               const std::string& huge_pages = "no") const {
    return {directory_.string(), huge_pages, "adaptive", "wan=" + device};
  }
  // Of what the unit adds to this network, nothing.
  static void expect_as_before() {
    EXPECT_EQ(::if_nametoindex("wan"), 0u);
    EXPECT_EQ(::if_nametoindex("lab0"), 0u);
    const auto links = output_of("ip -d link show dev y0");
    EXPECT_EQ(links.find("xdp"), std::string::npos) << links;
    EXPECT_NE(links.find("promiscuity 0"), std::string::npos) << links;
  }

  std::filesystem::path directory_;
};

TEST_P(Process, EndsCleanlyWhenAskedTo) {
  UnitProcess unit(words(GetParam()));
  ASSERT_TRUE(unit.is_ready()) << unit.said();
  EXPECT_NE(::if_nametoindex("wan"), 0u);
  const int status = unit.end(SIGTERM);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << unit.said();
  expect_as_before();
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_)) {
    EXPECT_TRUE(entry.is_directory()) << entry.path();
  }
}

TEST_P(Process, LeavesNothingInTheNetworkWhenItIsKilledAndStartsAgain) {
  for (int i = 0; i < 2; ++i) {
    UnitProcess unit(words(GetParam()));
    ASSERT_TRUE(unit.is_ready()) << unit.said();
    const int status = unit.end(SIGKILL);
    EXPECT_TRUE(WIFSIGNALED(status)) << unit.said();
    // Devices of a process that was killed go a moment after it.
    EXPECT_TRUE(eventually([] { return ::if_nametoindex("wan") == 0; }));
    EXPECT_TRUE(eventually(
        [] { return output_of("ip -d link show dev y0").find("xdp") == std::string::npos; }));
    expect_as_before();
  }
}

INSTANTIATE_TEST_SUITE_P(On, Process,
                         ::testing::Values("af_packet:y0", "af_xdp:y0", "tap:lab0",
                                           "vdev:net_null0"),
                         [](const auto& device) {
                           const std::string text = device.param;
                           const auto kind = text.substr(0, text.find(':'));
                           return kind == "af_packet" ? "AfPacket"
                                  : kind == "af_xdp"  ? "AfXdp"
                                  : kind == "tap"     ? "Tap"
                                                      : "Vdev";
                         });

using ProcessOnHugePages = Process;

TEST_P(ProcessOnHugePages, HasNoneThatWouldOutliveIt) {
  const auto free = count_free_huge_pages().free_mib;
  if (free < kUnitMemoryMib) {
    GTEST_SKIP() << "only " << free
                 << " MiB of huge pages are free: sysctl vm.nr_hugepages=" << kUnitMemoryMib / 2;
  }
  UnitProcess unit(words(GetParam(), "yes"));
  ASSERT_TRUE(unit.is_ready()) << unit.said();
  const auto of_process = "/proc/" + std::to_string(unit.pid());
  run("grep -q '^HugetlbPages:.*[1-9]' " + of_process + "/status");
  // What has no name in a file system goes with the process; DPDK's files are PREFIXmap_NUMBER.
  run("! grep -q 'yokemap_' " + of_process + "/maps");
}

INSTANTIATE_TEST_SUITE_P(On, ProcessOnHugePages, ::testing::Values("af_xdp:y0"));

using TelemetryProgram = Process;

TEST_P(TelemetryProgram, OfDpdkShowsOurCounters) {
  if (std::system("command -v dpdk-telemetry.py >/dev/null") != 0) {
    GTEST_SKIP() << "no dpdk-telemetry.py (package dpdk)";
  }
  UnitProcess unit(words("vdev:net_null0"));
  ASSERT_TRUE(unit.is_ready()) << unit.said();
  const auto said = output_of("printf '/yoke/workers\\n/yoke/ports\\n' | RUNTIME_DIRECTORY=" +
                              directory_.string() + " dpdk-telemetry.py -f yoke");
  const auto workers = said.find("{\"/yoke/workers\"");
  ASSERT_NE(workers, std::string::npos) << said;
  const auto answer =
      nlohmann::json::parse(said.substr(workers, said.find('\n', workers) - workers));
  EXPECT_TRUE(answer["/yoke/workers"]["0"].contains("handed_over")) << said;
  EXPECT_NE(said.find("\"kernel_tx_full\""), std::string::npos) << said;
}

INSTANTIATE_TEST_SUITE_P(Any, TelemetryProgram, ::testing::Values("vdev:net_null0"));

using Refusal = Process;

TEST_P(Refusal, SaysWhatWasExpected) {
  const std::pair<const char*, const char*> cases[] = {
      {"eth0", "E-322: device \"eth0\" is none of pci:ADDRESS, af_xdp:INTERFACE"},
      {"pci:ffff:ff:1f.7", "E-323: port wan: there is no PCI device ffff:ff:1f.7"},
      {"af_xdp:y9", "E-323: port wan: there is no interface y9"},
      {"af_packet:y9", "E-323: port wan: there is no interface y9"},
      {"tap:y0", "E-324: port wan: an interface y0 exists already"},
      {"tap:wan", "E-324: kernel twin wan: an interface of this name exists"},
      {"vdev:net_nonesuch0", "E-327: port wan: device vdev:net_nonesuch0: "},
      {"af_xdp:m0", "E-327: port wan: make queues: "},
  };
  // Its other end may send by more queues than it has for receiving: only the kernel knows that.
  run("ip link add m0 numtxqueues 1 numrxqueues 1 type veth peer name m1 numtxqueues 2");
  run("ip link set m0 up");
  std::string last;
  for (const auto& [device, text] : cases) {
    UnitProcess unit(words(device));
    const bool is_ready = unit.is_ready();
    EXPECT_FALSE(is_ready) << device;
    const int status = unit.end(is_ready ? SIGKILL : 0);
    last = unit.said();
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 1) << device;
    EXPECT_EQ(unit.said().find(text), 0u) << unit.said();
    expect_as_before();
  }
  EXPECT_NE(last.find("XDP expects number of rx queues"), std::string::npos) << last;
}

INSTANTIATE_TEST_SUITE_P(Of, Refusal, ::testing::Values(""));

}  // namespace
}  // namespace yoke::io
