// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/nic.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
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

// An interface of the kernel on the device that is up, or none.
std::string interface_up(const std::filesystem::path& device) {
  std::error_code none;
  for (const auto& interface : std::filesystem::directory_iterator(device / "net", none)) {
    unsigned flags = 0;
    std::ifstream(interface.path() / "flags") >> std::hex >> flags;
    constexpr unsigned kUp = 0x1;  // IFF_UP, linux/if.h
    if ((flags & kUp) != 0) return interface.path().filename().string();
  }
  return {};
}

// What keeps vfio-pci from it, or nothing.
std::string obstacle(const std::filesystem::path& device, const std::filesystem::path& root) {
  std::error_code none;
  if (!std::filesystem::exists(root / "dev/vfio/vfio", none)) {
    return "is not DPDK's, and vfio-pci is not loaded: modprobe vfio-pci";
  }
  if (!std::filesystem::exists(device / "iommu_group", none)) {
    return "is behind no IOMMU, without which vfio-pci takes none: turn it on in the firmware, and "
           "with intel_iommu=on (AMD: amd_iommu=on) for the kernel";
  }
  if (const std::string name = interface_up(device); !name.empty()) {
    return "is the interface " + name + ", which is up: ip link set " + name +
           " down, if it is to be a port";
  }
  return {};
}

Status write(const std::filesystem::path& file, const std::string& text) {
  errno = 0;
  std::ofstream to(file);
  to << text;
  to.close();
  if (to) return {};
  return fail(Errc::kFailed, error::kDriver, file.string() + ": " + std::strerror(errno));
}

}  // namespace

Status check_nic(const std::string& address, const std::filesystem::path& root) {
  const auto device = root / "sys/bus/pci/devices" / address;
  std::error_code none;
  if (!std::filesystem::exists(device, none)) {
    return fail(Errc::kNotFound, error::kNotThere,
                "there is no PCI device " + address + " (lspci -D shows those that are)");
  }
  if (serves_dpdk(driver_of(device))) return {};
  const std::string why = obstacle(device, root);
  if (why.empty()) return {};
  return fail(Errc::kRefused, error::kNotReady, "PCI device " + address + " " + why);
}

Status take_nic(const std::string& address, const std::filesystem::path& root) {
  if (auto ready = check_nic(address, root); !ready) return ready;
  const auto device = root / "sys/bus/pci/devices" / address;
  const std::string before = driver_of(device);
  if (serves_dpdk(before)) return {};
  auto done = write(device / "driver_override", "vfio-pci");
  if (done && !before.empty()) done = write(device / "driver" / "unbind", address);
  if (done) done = write(root / "sys/bus/pci/drivers_probe", address);
  if (!done) return done;
  if (driver_of(device) == "vfio-pci") return {};
  return fail(Errc::kFailed, error::kDriver,
              "PCI device " + address + " was not taken by vfio-pci: dmesg says why");
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
