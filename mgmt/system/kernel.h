// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/net/address.h"

// The interfaces and routes that the kernel has, to look at alone. Read from sysfs and procfs, and
// IPv4 addresses and VLANs by ioctls: the unit's walls let no netlink through, and /proc/net/vlan
// is root's.
namespace yoke::system {

enum class Device : std::uint8_t { kOther, kVlan, kBond, kTap };

struct KernelInterface {
  std::string name;
  Device device = Device::kOther;
  std::uint16_t vlan = 0;  // of a VLAN, its number; 0: not known
  bool is_up = false;      // as somebody wants it
  bool has_link = false;   // and it can carry packets
  std::uint64_t mtu = 0;
  std::string mac;
  std::vector<net::Prefix> addresses;  // usable ones, in order
};

struct KernelRoute {
  net::Prefix prefix;
  std::optional<net::IpAddress> gateway;  // none: on-link
  std::string interface;
  std::uint64_t metric = 0;
  friend bool operator==(const KernelRoute&, const KernelRoute&) = default;
};

struct Kernel {
  std::vector<KernelInterface> interfaces;  // by name
  std::vector<KernelRoute> routes;          // of the main table, IPv4 first
  [[nodiscard]] const KernelInterface* find(std::string_view name) const;
};

struct KernelFolders {
  std::filesystem::path devices = "/sys/class/net";
  std::filesystem::path tables = "/proc/self/net";
};

// What cannot be read is not there. Threads: any.
[[nodiscard]] Kernel read_kernel(const KernelFolders& folders = {});

// The kernel's texts. Lines that make no sense are left out. Pure. Threads: any.
struct OwnAddress {
  std::string interface;
  net::Prefix prefix;
  friend bool operator==(const OwnAddress&, const OwnAddress&) = default;
};
[[nodiscard]] std::vector<OwnAddress> read_if_inet6(std::string_view text);
[[nodiscard]] std::vector<KernelRoute> read_route(std::string_view text);
[[nodiscard]] std::vector<KernelRoute> read_ipv6_route(std::string_view text);

}  // namespace yoke::system
