// SPDX-License-Identifier: Apache-2.0
#include "hal/platform.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cerrno>
#include <fstream>
#include <functional>
#include <memory>

#include "hal/fake/fake_platform.h"
#include "hal/linux/linux_platform.h"
#include "hal/linux/machine_file.h"
#include "tests/support/recorded_tree.h"
#include "tests/support/temp_folder.h"

// What hal/platform.h says, of the machine that trees/plain.tree describes: asked of Linux's files
// of it, and of one in memory.
namespace yoke::hal {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

const char* const kTree = YOKE_SOURCE_DIR "/tests/unit/hal/trees/plain.tree";
const std::vector<std::uint8_t> kModule{3, 4, 7};

class Rig {
 public:
  Rig() = default;
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;
  virtual ~Rig() = default;
  virtual Platform& platform() = 0;
  virtual LedState led() = 0;
  virtual bool was_changed(PowerChange change) = 0;
};

class LinuxRig final : public Rig {
 public:
  LinuxRig() {
    if (!lay_tree(kTree, root_)) std::abort();
    std::ofstream(root_ / "ethtool/eno1/module", std::ios::binary) << "\x03\x04\x07";
    KernelCalls calls = recorded_calls(root_);
    calls.tell_init = [this](int signal) {
      signal_ = signal;
      return 0;
    };
    platform_ = std::make_unique<LinuxPlatform>(root_, std::move(calls));
  }
  Platform& platform() override { return *platform_; }
  LedState led() override {
    const auto folder = root_ / "sys/class/leds/yoke:red:alarm";
    if (read_value(folder / "trigger") == "timer") return LedState::kBlinking;
    return read_value(folder / "brightness") == "255" ? LedState::kOn : LedState::kOff;
  }
  bool was_changed(PowerChange change) override {
    if (change == PowerChange::kReset) return read_value(root_ / "proc/sysrq-trigger") == "b";
    return signal_ == SIGRTMIN + (change == PowerChange::kReboot ? 5 : 4);
  }

 private:
  TempFolder folder_;
  std::filesystem::path root_ = folder_.path();
  int signal_ = 0;
  std::unique_ptr<LinuxPlatform> platform_;
};

FakePlatform::Machine plain_machine() {
  FakePlatform::Machine made;
  made.identity = {"Supermicro", "SYS-5018D-FN8T", "S1234567", "2.4"};
  made.kernel = {.words = {"BOOT_IMAGE=/vmlinuz", "console=ttyS1,115200", "intel_iommu=on",
                           "iommu=pt", "isolcpus=1-3"},
                 .cores = {0, 1, 2, 3},
                 .isolated = {1, 2, 3},
                 .huge_pages = 512,
                 .consoles = {"tty0", "ttyS1"}};
  made.nics = {{.slot = "0000:03:00.0",
                .id = "8086:15ad",
                .driver = "vfio-pci",
                .behind_iommu = true,
                .numa_node = 0},
               {.slot = "0000:05:00.0",
                .id = "8086:1521",
                .driver = "igb",
                .interface = "eno1",
                .behind_iommu = true,
                .link = true,
                .speed_mbps = 1000,
                .mac = "02:00:00:00:00:11",
                .permanent_mac = "0c:c4:7a:00:00:11"}};
  made.interfaces = {"lo"};
  made.modules["eno1"] = kModule;
  made.readings = {
      {.kind = SensorKind::kTemperature,
       .source = "coretemp@coretemp.0/temp1",
       .label = "Package id 0",
       .value = 41.5,
       .high = 82,
       .critical = 92},
      {.kind = SensorKind::kFan, .source = "nct6776@nct6775.656/fan1", .value = 4200, .low = 600},
      {.kind = SensorKind::kFan, .source = "nct6776@nct6775.656/fan2", .value = 0, .alarm = true},
      {.kind = SensorKind::kVoltage, .source = "nct6776@nct6775.656/in0", .value = 1.824},
      {.kind = SensorKind::kTemperature, .source = "nct6776@nct6775.656/temp7"},
      {.kind = SensorKind::kSupply, .source = "power_supply/PSU1", .value = 1}};
  made.disks = {{"mmcblk0", "DG4016", 30}, {"sda", "SATADOM-SH 3IE3"}};
  made.watchdogs = {{.device = "/dev/watchdog0",
                     .identity = "iTCO_wdt",
                     .timeout = seconds(30),
                     .has_reset = true}};
  made.leds["yoke:red:alarm"] = LedState::kOff;
  made.relays["/sys/class/gpio/gpio40/value"] = "0";
  return made;
}

class FakeRig final : public Rig {
 public:
  Platform& platform() override { return platform_; }
  LedState led() override { return platform_.machine.leds.at("yoke:red:alarm"); }
  bool was_changed(PowerChange change) override {
    const auto& changes = platform_.machine.power_changes;
    return !changes.empty() && changes.back() == change;
  }

 private:
  FakePlatform platform_{plain_machine()};
};

struct Kind {
  const char* name;
  std::function<std::unique_ptr<Rig>()> make;
};

class PlatformOf : public testing::TestWithParam<Kind> {
 protected:
  std::unique_ptr<Rig> rig_ = GetParam().make();
  Platform& platform_ = rig_->platform();
};

INSTANTIATE_TEST_SUITE_P(Conformance, PlatformOf,
                         testing::Values(Kind{"Linux", [] { return std::make_unique<LinuxRig>(); }},
                                         Kind{"Memory",
                                              [] { return std::make_unique<FakeRig>(); }}),
                         [](const auto& about) { return std::string(about.param.name); });

TEST_P(PlatformOf, TheMachineSaysWhatItIsAndHowItsKernelWasStarted) {
  const auto expected = plain_machine();
  EXPECT_EQ(platform_.identity(), expected.identity);
  EXPECT_EQ(platform_.kernel(), expected.kernel);
}

TEST_P(PlatformOf, NicsAreThereWhoeverDrivesThem) {
  const auto nics = platform_.nics();
  ASSERT_EQ(nics.size(), 2U) << "and nothing else of the bus";
  EXPECT_EQ(nics, plain_machine().nics);
  EXPECT_TRUE(platform_.has_interface("eno1"));
  EXPECT_TRUE(platform_.has_interface("lo"));
  EXPECT_FALSE(platform_.has_interface("eno9"));
}

TEST_P(PlatformOf, AModulesBytesAreReadWhereThereIsOne) {
  const auto bytes = platform_.module_bytes("eno1");
  ASSERT_TRUE(bytes) << bytes.error().text;
  EXPECT_EQ(*bytes, kModule);
  const auto none = platform_.module_bytes("eno9");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().id, "E-390");
}

TEST_P(PlatformOf, SensorsAnswerInOurUnitsAndOneThatDoesNotHasNoValue) {
  const auto readings = platform_.readings(), expected = plain_machine().readings;
  ASSERT_EQ(readings.size(), expected.size());
  for (std::size_t i = 0; i < readings.size(); ++i) {
    EXPECT_EQ(readings[i], expected[i]) << readings[i].source;
  }
}

TEST_P(PlatformOf, DisksTellTheirWearWhereTheyKnowIt) {
  EXPECT_EQ(platform_.disks(), plain_machine().disks);
}

TEST_P(PlatformOf, AWatchdogIsFedAndSaysWhetherItHasReset) {
  EXPECT_EQ(platform_.watchdogs(), plain_machine().watchdogs);
  const auto watchdog = platform_.open_watchdog("/dev/watchdog0", seconds(10), seconds(2));
  ASSERT_TRUE(watchdog) << watchdog.error().text;
  EXPECT_EQ((*watchdog)->timeout(), seconds(10));
  EXPECT_TRUE((*watchdog)->keep_alive());
  (*watchdog)->stop();
  EXPECT_FALSE((*watchdog)->keep_alive()) << "disarmed";
  const auto none = platform_.open_watchdog("/dev/watchdog7", seconds(10), seconds(0));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().id, "E-390");
}

TEST_P(PlatformOf, ALedIsLitAndBlinksAndIsPutOut) {
  EXPECT_THAT(platform_.leds(), ElementsAre("yoke:red:alarm"));
  for (const LedState state : {LedState::kOn, LedState::kBlinking, LedState::kOff}) {
    EXPECT_TRUE(platform_.set_led("yoke:red:alarm", state));
    EXPECT_EQ(rig_->led(), state);
  }
  for (const char* name : {"locate", "", "..", "../../block"}) {
    EXPECT_FALSE(platform_.set_led(name, LedState::kOn)) << name;
  }
}

TEST_P(PlatformOf, ARelayIsSwitchedAndSaysHowItStands) {
  const Relay relay{.file = "/sys/class/gpio/gpio40/value"};
  EXPECT_EQ(platform_.is_bypassed(relay), false);
  EXPECT_TRUE(platform_.set_bypassed(relay, true));
  EXPECT_EQ(platform_.is_bypassed(relay), true);
  const Relay other{.file = relay.file, .bypassed = "on", .through = "off"};
  EXPECT_EQ(platform_.is_bypassed(other), std::nullopt) << "it says neither";
  const Relay none{.file = "/sys/class/gpio/gpio41/value"};
  EXPECT_EQ(platform_.is_bypassed(none), std::nullopt);
  EXPECT_FALSE(platform_.set_bypassed(none, true));
}

TEST_P(PlatformOf, TheMachineIsRebootedTurnedOffAndReset) {
  for (const auto change : {PowerChange::kReboot, PowerChange::kPowerOff, PowerChange::kReset}) {
    EXPECT_TRUE(platform_.change_power(change));
    EXPECT_TRUE(rig_->was_changed(change));
  }
}

// Whatever machine this is, and one that tells nothing at all.
TEST(LinuxPlatform, AMachineThatTellsNothingIsNoHarm) {
  const TempFolder nothing;
  for (const std::string& root : {std::string("/"), nothing.path()}) {
    LinuxPlatform platform(root, root == "/" ? kernel_calls() : recorded_calls(root));
    (void)platform.identity();
    (void)platform.kernel();
    (void)platform.nics();
    (void)platform.readings();
    (void)platform.disks();
    (void)platform.watchdogs();
    (void)platform.leds();
    EXPECT_FALSE(platform.module_bytes("lo"));
  }
  LinuxPlatform platform(nothing.path(), recorded_calls(nothing.path()));
  EXPECT_THAT(platform.nics(), IsEmpty());
  EXPECT_FALSE(platform.change_power(PowerChange::kReboot));
}

TEST(MachineFile, OddValuesAreNoValues) {
  const TempFolder folder;
  for (const char* odd : {"", "x", "1x", "1 2", "99999999999999999999", "0x20"}) {
    EXPECT_EQ(read_integer(folder.write("value", odd)), std::nullopt) << odd;
  }
  EXPECT_EQ(read_integer(folder.write("value", "-5\n")), -5);
  EXPECT_THAT(cores_of("0-2,7"), ElementsAre(0, 1, 2, 7));
  for (const char* odd : {"", "x", "3-1", "0-99999", "1,,2", "-"}) {
    EXPECT_THAT(cores_of(odd), IsEmpty()) << odd;
  }
}

TEST(Source, IsNamedByItsChipOrByTheDeviceAsWell) {
  EXPECT_TRUE(is_source("coretemp/temp1", "coretemp@coretemp.0/temp1"));
  EXPECT_TRUE(is_source("coretemp@coretemp.0/temp1", "coretemp@coretemp.0/temp1"));
  EXPECT_FALSE(is_source("coretemp@coretemp.1/temp1", "coretemp@coretemp.0/temp1"));
  EXPECT_FALSE(is_source("coretemp/temp", "coretemp@coretemp.0/temp1"));
  EXPECT_FALSE(is_source("core/temp1", "coretemp@coretemp.0/temp1"));
  EXPECT_TRUE(is_source("power_supply/PSU1", "power_supply/PSU1"));
}

}  // namespace
}  // namespace yoke::hal
