// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/nic.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "dataplane/io/errors.h"

namespace yoke::io {
namespace {

// Drivers of the kernel beside which DPDK's own work: those that hand the device over, and those of
// NICs that stay with the kernel as well (mlx4, mlx5).
bool serves_dpdk(std::string_view driver) {
  constexpr std::array<std::string_view, 5> kDrivers{"vfio-pci", "uio_pci_generic", "igb_uio",
                                                     "mlx4_core", "mlx5_core"};
  return std::ranges::find(kDrivers, driver) != kDrivers.end();
}

std::string driver_of(const std::filesystem::path& device) {
  std::error_code none;
  return std::filesystem::read_symlink(device / "driver", none).filename().string();
}

}  // namespace

Status check_nic(const std::string& address, const std::filesystem::path& root) {
  const auto device = root / "sys/bus/pci/devices" / address;
  std::error_code none;
  if (!std::filesystem::exists(device, none)) {
    return fail(Errc::kNotFound, error::kNotThere,
                "there is no PCI device " + address + " (lspci -D shows those that are)");
  }
  const std::string driver = driver_of(device);
  if (!serves_dpdk(driver)) {
    const bool has_vfio = std::filesystem::exists(root / "dev/vfio/vfio", none);
    return fail(Errc::kRefused, error::kNotReady,
                "PCI device " + address + " is bound to " +
                    (driver.empty() ? "no driver" : driver) +
                    ", expected vfio-pci: " + (has_vfio ? "" : "modprobe vfio-pci, then ") +
                    "dpdk-devbind.py --bind=vfio-pci " + address);
  }
  return {};
}

Error explain_missing_nic(const std::string& address, bool has_huge_pages,
                          const std::filesystem::path& root) {
  if (auto ready = check_nic(address, root); !ready) return ready.error();
  if (!has_huge_pages) {
    return {Errc::kRefused, std::string(error::kMemory),
            "PCI device " + address +
                " needs huge pages and none are in use: reserve as many as memory_mib takes "
                "(sysctl vm.nr_hugepages) and set huge_pages = yes"};
  }
  return {Errc::kFailed, std::string(error::kDriver),
          "PCI device " + address + " is bound to " +
              driver_of(root / "sys/bus/pci/devices" / address) +
              ", but no driver of DPDK took it: is its model supported, and "
              "the IOMMU on (intel_iommu=on)"};
}

}  // namespace yoke::io
