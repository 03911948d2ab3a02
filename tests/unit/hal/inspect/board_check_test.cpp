// SPDX-License-Identifier: Apache-2.0
#include "hal/inspect/board_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "hal/fake/fake_platform.h"
#include "tests/support/temp_folder.h"

namespace yoke::hal {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kBoard = R"([hardware]
vendor = Supermicro
model = SYS-5018D-FN8T, SYS-E300-8D
[dataplane]
cores = 1,2
[boot]
serial = ttyS1,115200
huge_pages = 512
isolate = 1-3
kernel = intel_iommu=on
[port.wan]
device = pci:0000:03:00.0
[port.lan]
device = af_packet:eno1
[interface.mgmt]
slot = 0000:05:00.0
[sensor.cpu]
source = coretemp/temp1
[watchdog]
identity = iTCO_wdt
[led]
alarm = yoke:red:alarm
[bypass.first]
ports = wan,lan
file = /sys/class/gpio/gpio40/value
)";

FakePlatform::Machine as_the_board_says() {
  FakePlatform::Machine made;
  made.identity = {
      .vendor = "Supermicro Inc", .model = "SYS-E300-8D", .serial = "", .firmware = ""};
  made.kernel = {.words = {"console=ttyS1,115200", "intel_iommu=on"},
                 .cores = {0, 1, 2, 3},
                 .isolated = {1, 2, 3},
                 .huge_pages = 600,
                 .consoles = {"ttyS1"}};
  made.nics = {{.slot = "0000:03:00.0", .id = "8086:15ac", .driver = "ixgbe", .behind_iommu = true},
               {.slot = "0000:05:00.0", .id = "8086:1521", .driver = "igb", .interface = "eno1"}};
  made.readings = {
      {.kind = SensorKind::kTemperature, .source = "coretemp@coretemp.0/temp1", .value = 41}};
  made.watchdogs = {{.device = "/dev/watchdog0", .identity = "iTCO_wdt"}};
  made.leds["yoke:red:alarm"] = LedState::kOff;
  made.relays["/sys/class/gpio/gpio40/value"] = "0";
  return made;
}

std::vector<Finding> differing(const std::function<void(FakePlatform::Machine&)>& change) {
  const TempFolder folder;
  const auto board = read_board(folder.write("board.conf", kBoard));
  if (!board) std::abort();
  auto machine = as_the_board_says();
  change(machine);
  auto findings = check_board(*board, FakePlatform(std::move(machine)));
  EXPECT_EQ(findings.size(), 14U);
  EXPECT_TRUE(std::ranges::is_sorted(findings, {}, &Finding::line));
  std::erase_if(findings, [](const Finding& finding) { return !finding.differs(); });
  return findings;
}

TEST(BoardCheck, AMachineThatIsAsTheFileSaysDiffersInNothing) {
  EXPECT_THAT(differing([](auto&) {}), IsEmpty());
}

TEST(BoardCheck, EachDifferenceIsToldWithItsLineAndWhatIsThere) {
  struct Case {
    std::function<void(FakePlatform::Machine&)> change;
    int line;
    const char* what;
    const char* expected;
    const char* found;
  };
  const Case cases[] = {
      {[](auto& m) { m.identity.vendor = "QEMU"; }, 2, "vendor", "begins so", "QEMU"},
      {[](auto& m) { m.identity.model = ""; }, 3, "model", "begins so", "nothing"},
      {[](auto& m) {
         m.kernel.cores = {0, 1};
       },
       5, "cores = 1, 2", "cores with 2", "2 cores, 0, 1"},
      {[](auto& m) { m.kernel.huge_pages = 511; }, 6, "huge_pages", "at least 512", "511"},
      {[](auto& m) { m.kernel.huge_pages.reset(); }, 6, "huge_pages", "at least 512", "nothing"},
      {[](auto& m) { m.kernel.isolated = {1}; }, 6, "isolate", "isolated", "1"},
      {[](auto& m) { m.kernel.consoles = {"tty0"}; }, 6, "serial", "console=ttyS1,115200", "tty0"},
      {[](auto& m) { m.kernel.words[1] = "intel_iommu=off"; }, 6, "kernel = intel_iommu=on",
       "command line", "intel_iommu=off"},
      {[](auto& m) { m.nics.erase(m.nics.begin()); }, 12, "[port.wan]", "a NIC there",
       "NICs at 0000:05:00.0 (igb)"},
      {[](auto& m) { m.nics[0].behind_iommu = false; }, 12, "[port.wan]", "an IOMMU",
       "8086:15ac, driver ixgbe, behind none"},
      {[](auto& m) { m.readings[0].value.reset(); }, 18, "[sensor.cpu]", "an answer", "not answer"},
      {[](auto& m) { m.readings.clear(); }, 18, "[sensor.cpu]", "such a sensor", "nothing"},
      {[](auto& m) {
         m.readings.push_back(m.readings[0]);
         m.readings[1].source = "coretemp@coretemp.1/temp1";
       },
       18, "[sensor.cpu]", "name its device too", "coretemp@coretemp.1/temp1"},
      {[](auto& m) { m.watchdogs[0].identity = "i6300ESB timer"; }, 20, "[watchdog]", "such a",
       "i6300ESB timer"},
      {[](auto& m) { m.leds.clear(); }, 22, "[led] alarm", "such a LED", "nothing"},
      {[](auto& m) { m.relays.begin()->second = "2"; }, 25, "[bypass.first]", "with 1 or 0",
       "neither"},
  };
  for (const Case& wrong : cases) {
    const auto found = differing(wrong.change);
    ASSERT_EQ(found.size(), 1U) << wrong.what;
    EXPECT_EQ(found[0].line, wrong.line) << wrong.what;
    EXPECT_THAT(found[0].what, HasSubstr(wrong.what));
    EXPECT_THAT(found[0].expected, HasSubstr(wrong.expected));
    EXPECT_THAT(found[0].found, HasSubstr(wrong.found));
  }
  // Without its interface: the port that is made of it, and the one that stays the kernel's.
  EXPECT_EQ(differing([](auto& m) { m.nics[1].interface = ""; }).size(), 2U);
}

TEST(BoardCheck, ANicThatDpdkHasNeedsNoIommu) {
  EXPECT_THAT(differing([](auto& m) {
                m.nics[0].driver = "uio_pci_generic";
                m.nics[0].behind_iommu = false;
              }),
              IsEmpty());
}

}  // namespace
}  // namespace yoke::hal
