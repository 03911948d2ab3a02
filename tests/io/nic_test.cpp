// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/nic.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace yoke::io {
namespace {

constexpr const char* kAddress = "0000:01:00.0";

class NicTree : public ::testing::Test {
 protected:
  NicTree() { std::filesystem::create_directories(root_); }
  ~NicTree() override { std::filesystem::remove_all(root_); }

 public:
  NicTree(const NicTree&) = delete;
  NicTree& operator=(const NicTree&) = delete;
  NicTree(NicTree&&) = delete;
  NicTree& operator=(NicTree&&) = delete;

 protected:
  void add_device() const {
    std::filesystem::create_directories(root_ / "sys/bus/pci/devices" / kAddress);
  }
  void bind(const std::string& driver) const {
    std::filesystem::create_symlink("../../drivers/" + driver,
                                    root_ / "sys/bus/pci/devices" / kAddress / "driver");
  }
  void put_behind_iommu() const {
    std::filesystem::create_directories(root_ / "sys/bus/pci/devices" / kAddress / "iommu_group");
  }
  void have_interface(const std::string& flags) const {
    const auto net = root_ / "sys/bus/pci/devices" / kAddress / "net/eth2";
    std::filesystem::create_directories(net);
    std::ofstream(net / "flags") << flags << "\n";
  }
  [[nodiscard]] std::string written(const std::string& file) const {
    std::string text;
    std::getline(std::ifstream(root_ / "sys/bus/pci" / file), text);
    return text;
  }
  void load_vfio() const {
    std::filesystem::create_directories(root_ / "dev/vfio");
    std::ofstream(root_ / "dev/vfio/vfio") << "";
  }
  // What `--check` of a board file sees of it.
  [[nodiscard]] std::string check() const {
    const auto ready = check_nic(kAddress, root_);
    return ready ? "" : ready.error().id;
  }
  [[nodiscard]] Error explain(bool has_huge_pages = true) const {
    return explain_missing_nic(kAddress, has_huge_pages, root_);
  }
  [[nodiscard]] static bool names(const Error& error, const std::string& words) {
    return error.text.find(words) != std::string::npos;
  }
  std::filesystem::path root_ =
      std::filesystem::temp_directory_path() / ("yoke-nic-" + std::to_string(::getpid()));
};

TEST_F(NicTree, OneThatIsNotThereIsNamed) {
  const auto error = explain();
  EXPECT_EQ(error.id, "E-323");
  EXPECT_TRUE(names(error, "there is no PCI device 0000:01:00.0")) << error.text;
}

TEST_F(NicTree, IsLookedAtBeforeAnythingIsStarted) {
  EXPECT_EQ(check(), "E-323");
  add_device();
  EXPECT_EQ(check(), "E-325");
  load_vfio();
  EXPECT_EQ(check(), "E-325");
  put_behind_iommu();
  EXPECT_EQ(check(), "");
  bind("vfio-pci");
  EXPECT_EQ(check(), "");
}

TEST_F(NicTree, OneWhoseInterfaceIsUpIsLeftToTheKernel) {
  add_device();
  load_vfio();
  put_behind_iommu();
  bind("ixgbe");
  have_interface("0x1003");
  const auto refused = take_nic(kAddress, root_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "E-325");
  EXPECT_TRUE(names(refused.error(), "is the interface eth2, which is up")) << refused.error().text;
  have_interface("0x1002");
  EXPECT_EQ(check(), "");
}

TEST_F(NicTree, IsTakenFromTheKernelsDriver) {
  add_device();
  load_vfio();
  put_behind_iommu();
  std::filesystem::create_directories(root_ / "sys/bus/pci/drivers/ixgbe");
  std::filesystem::create_symlink("../../drivers/ixgbe",
                                  root_ / "sys/bus/pci/devices" / kAddress / "driver");
  // No kernel binds it here: that is told.
  const auto taken = take_nic(kAddress, root_);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().id, "E-327");
  EXPECT_EQ(written(std::string("devices/") + kAddress + "/driver_override"), "vfio-pci");
  EXPECT_EQ(written("drivers/ixgbe/unbind"), kAddress);
  EXPECT_EQ(written("drivers_probe"), kAddress);
}

TEST_F(NicTree, OneThatDpdkHasIsLeftAlone) {
  add_device();
  bind("vfio-pci");
  EXPECT_TRUE(take_nic(kAddress, root_));
  EXPECT_EQ(written("drivers_probe"), "");
}

TEST_F(NicTree, OneThatDpdkSharesWithTheKernelIsLeftToIt) {
  add_device();
  bind("mlx5_core");
  EXPECT_EQ(check(), "");
  EXPECT_TRUE(names(explain(), "bound to mlx5_core, but no driver of DPDK took it"))
      << explain().text;
}

TEST_F(NicTree, WithoutVfioTheModuleIsToBeLoadedFirst) {
  add_device();
  bind("ixgbe");
  EXPECT_EQ(explain().id, "E-325");
  EXPECT_TRUE(names(explain(), "vfio-pci is not loaded: modprobe vfio-pci")) << explain().text;
  load_vfio();
  EXPECT_TRUE(names(explain(), "is behind no IOMMU")) << explain().text;
}

TEST_F(NicTree, OneThatIsBoundNeedsHugePages) {
  add_device();
  load_vfio();
  bind("vfio-pci");
  EXPECT_EQ(explain(false).id, "E-321");
  EXPECT_TRUE(names(explain(false), "vm.nr_hugepages")) << explain(false).text;
}

TEST_F(NicTree, OneThatNoDriverTookIsOfAnUnknownModelOrOutOfReach) {
  add_device();
  load_vfio();
  bind("vfio-pci");
  EXPECT_EQ(explain().id, "E-327");
}

}  // namespace
}  // namespace yoke::io
