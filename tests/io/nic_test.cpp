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
  void add_device() const {
    std::filesystem::create_directories(root_ / "sys/bus/pci/devices" / kAddress);
  }
  void bind(const std::string& driver) const {
    std::filesystem::create_symlink("../../drivers/" + driver,
                                    root_ / "sys/bus/pci/devices" / kAddress / "driver");
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
  load_vfio();
  EXPECT_EQ(check(), "E-325");
  bind("vfio-pci");
  EXPECT_EQ(check(), "");
}

TEST_F(NicTree, OneThatDpdkSharesWithTheKernelIsLeftToIt) {
  add_device();
  bind("mlx5_core");
  EXPECT_EQ(check(), "");
  EXPECT_TRUE(names(explain(), "bound to mlx5_core, but no driver of DPDK took it"))
      << explain().text;
}

TEST_F(NicTree, OneThatTheKernelHasIsToBeBound) {
  add_device();
  load_vfio();
  EXPECT_TRUE(names(explain(), "bound to no driver, expected vfio-pci")) << explain().text;
  bind("ixgbe");
  EXPECT_EQ(explain().id, "E-325");
  EXPECT_TRUE(names(explain(), "bound to ixgbe, expected vfio-pci: dpdk-devbind.py"))
      << explain().text;
}

TEST_F(NicTree, WithoutVfioTheModuleIsToBeLoadedFirst) {
  add_device();
  bind("ixgbe");
  EXPECT_EQ(explain().id, "E-325");
  EXPECT_TRUE(names(explain(), "modprobe vfio-pci, then dpdk-devbind.py --bind=vfio-pci 0000:01"))
      << explain().text;
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
