// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/nic.h"

#include "dataplane/io/errors.h"

namespace yoke::io {

Status check_nic(const std::string& address, const std::filesystem::path& root) {
  const auto device = root / "sys/bus/pci/devices" / address;
  std::error_code none;
  if (!std::filesystem::exists(device, none)) {
    return fail(Errc::kNotFound, error::kNotThere,
                "there is no PCI device " + address + " (lspci -D shows those that are)");
  }
  const auto driver = std::filesystem::read_symlink(device / "driver", none).filename().string();
  if (driver != "vfio-pci") {
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
          "PCI device " + address +
              " is bound to vfio-pci, but no driver of DPDK took it: is its model supported, and "
              "the IOMMU on (intel_iommu=on)"};
}

}  // namespace yoke::io
