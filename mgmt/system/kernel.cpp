// SPDX-License-Identifier: Apache-2.0
#include "mgmt/system/kernel.h"

#include <linux/if_vlan.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <fstream>
#include <iterator>

#include "hal/base/file_descriptor.h"
#include "hal/base/number.h"

namespace yoke::system {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string line_of(const fs::path& file) {
  std::string line;
  std::ifstream in(file);
  (void)std::getline(in, line);
  return line;
}

Device device_of(const fs::path& folder) {
  std::error_code ignored;
  if (fs::exists(folder / "tun_flags", ignored)) return Device::kTap;
  const std::string about = text_of(folder / "uevent");
  if (about.find("DEVTYPE=vlan\n") != std::string::npos) return Device::kVlan;
  if (about.find("DEVTYPE=bond\n") != std::string::npos) return Device::kBond;
  return Device::kOther;
}

std::uint16_t vlan_of(const std::string& name) {
  const FileDescriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  vlan_ioctl_args asked{};
  asked.cmd = GET_VLAN_VID_CMD;
  if (name.size() >= sizeof asked.device1) return 0;
  std::memcpy(&asked.device1[0], name.data(), name.size());
  if (!socket || ::ioctl(socket.get(), SIOCGIFVLAN, &asked) != 0) return 0;
  return static_cast<std::uint16_t>(asked.u.VID);
}

KernelInterface read_interface(const fs::path& folder) {
  KernelInterface read;
  read.name = folder.filename().string();
  read.device = device_of(folder);
  if (read.device == Device::kVlan) read.vlan = vlan_of(read.name);
  const std::string flags = line_of(folder / "flags");  // "0x1003"
  read.is_up = (std::strtoul(flags.c_str(), nullptr, 16) & IFF_UP) != 0;
  read.has_link = line_of(folder / "carrier") == "1";
  read.mtu = parse_decimal(line_of(folder / "mtu")).value_or(0);
  read.mac = line_of(folder / "address");
  return read;
}

std::optional<net::IpAddress> address_of(const sockaddr& from) {
  if (from.sa_family != AF_INET) return std::nullopt;
  sockaddr_in in{};
  std::memcpy(&in, &from, sizeof in);
  return net::IpAddress::load_v4(&in.sin_addr);
}

// The mask of that address: an interface may have several.
std::uint8_t length_of(int socket, const ifreq& entry) {
  ifreq asked = entry;
  if (::ioctl(socket, SIOCGIFNETMASK, &asked) != 0) return 32;
  sockaddr_in mask{};
  std::memcpy(&mask, &asked.ifr_netmask, sizeof mask);
  return static_cast<std::uint8_t>(std::popcount(mask.sin_addr.s_addr));
}

std::vector<OwnAddress> read_ipv4() {
  const FileDescriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  constexpr std::size_t kMost = 4096;  // 40 bytes each
  std::vector<ifreq> entries(kMost);
  ifconf all{};
  all.ifc_len = static_cast<int>(entries.size() * sizeof(ifreq));
  all.ifc_req = entries.data();
  if (!socket || ::ioctl(socket.get(), SIOCGIFCONF, &all) != 0) return {};
  entries.resize(static_cast<std::size_t>(all.ifc_len) / sizeof(ifreq));
  std::vector<OwnAddress> found;
  for (const ifreq& entry : entries) {
    const auto address = address_of(entry.ifr_addr);
    if (!address) continue;
    std::string label(static_cast<const char*>(entry.ifr_name));
    label.resize(std::min(label.size(), label.find(':')));  // "eth0:1" is eth0
    found.push_back({std::move(label), {*address, length_of(socket.get(), entry)}});
  }
  return found;
}

}  // namespace

const KernelInterface* Kernel::find(std::string_view name) const {
  const auto found = std::ranges::find(interfaces, name, &KernelInterface::name);
  return found == interfaces.end() ? nullptr : &*found;
}

Kernel read_kernel(const KernelFolders& folders) {
  Kernel kernel;
  std::error_code error;
  for (fs::directory_iterator at(folders.devices, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code ignored;  // bonding_masters is a file
    if (!fs::is_directory(at->path(), ignored)) continue;
    kernel.interfaces.push_back(read_interface(at->path()));
  }
  std::ranges::sort(kernel.interfaces, {}, &KernelInterface::name);
  std::vector<OwnAddress> addresses = read_ipv4();
  std::ranges::move(read_if_inet6(text_of(folders.tables / "if_inet6")),
                    std::back_inserter(addresses));
  for (const OwnAddress& own : addresses) {
    const auto at = std::ranges::find(kernel.interfaces, own.interface, &KernelInterface::name);
    if (at != kernel.interfaces.end()) at->addresses.push_back(own.prefix);
  }
  kernel.routes = read_route(text_of(folders.tables / "route"));
  std::ranges::move(read_ipv6_route(text_of(folders.tables / "ipv6_route")),
                    std::back_inserter(kernel.routes));
  return kernel;
}

}  // namespace yoke::system
