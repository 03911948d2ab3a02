// SPDX-License-Identifier: Apache-2.0
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

#include "hal/base/file_descriptor.h"
#include "hal/errors.h"
#include "hal/linux/linux_platform.h"
#include "hal/linux/machine_file.h"

namespace yoke::hal {
namespace {

// More than any kind of module has pages for.
constexpr std::uint32_t kModuleMost = 1024;
constexpr std::size_t kMacBytes = 6;

// Errno; 0: the kernel has answered into `command`.
int ask(const std::string& interface, void* command) {
  const FileDescriptor fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return errno;
  ifreq request{};
  const std::size_t size = std::min(interface.size(), std::size_t{IFNAMSIZ} - 1);
  std::copy_n(interface.begin(), size, std::begin(request.ifr_name));
  request.ifr_data = static_cast<char*>(command);
  return ::ioctl(fd.get(), SIOCETHTOOL, &request) == 0 ? 0 : errno;
}

Result<std::vector<std::uint8_t>> module_bytes(const std::string& interface) {
  const auto refuse = [&interface](int error) {
    return fail(Errc::kNotFound, error::kPlatform,
                interface + " tells of no module: " + std::strerror(error));
  };
  ethtool_modinfo info{};
  info.cmd = ETHTOOL_GMODULEINFO;
  if (const int error = ask(interface, &info); error != 0) return refuse(error);
  const std::uint32_t size = std::min(info.eeprom_len, kModuleMost);
  std::vector<std::uint8_t> asked(sizeof(ethtool_eeprom) + size);
  ethtool_eeprom head{};
  head.cmd = ETHTOOL_GMODULEEEPROM;
  head.len = size;
  std::memcpy(asked.data(), &head, sizeof(head));
  if (const int error = ask(interface, asked.data()); error != 0) return refuse(error);
  asked.erase(asked.begin(), asked.begin() + sizeof(ethtool_eeprom));
  return asked;
}

std::string permanent_mac(const std::string& interface) {
  constexpr std::uint32_t kAddressMost = 32;
  ethtool_perm_addr head{};
  head.cmd = ETHTOOL_GPERMADDR;
  head.size = kAddressMost;
  std::array<std::uint8_t, sizeof(head) + kAddressMost> asked{};
  std::memcpy(asked.data(), &head, sizeof(head));
  if (ask(interface, asked.data()) != 0) return {};
  std::memcpy(&head, asked.data(), sizeof(head));
  if (head.size != kMacBytes) return {};
  std::array<std::uint8_t, kMacBytes> mac{};
  std::memcpy(mac.data(), asked.data() + sizeof(head), mac.size());
  if (std::ranges::all_of(mac, [](std::uint8_t byte) { return byte == 0; })) return {};
  std::array<char, 18> text{};
  (void)std::snprintf(text.data(), text.size(), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
                      mac[2], mac[3], mac[4], mac[5]);
  return text.data();
}

}  // namespace

KernelCalls kernel_calls() {
  return {module_bytes, permanent_mac,
          [](int signal) { return ::kill(1, signal) == 0 ? 0 : errno; }};
}

KernelCalls recorded_calls(const std::filesystem::path& root) {
  const auto folder = root / "ethtool";
  return {[folder](const auto& interface) -> Result<std::vector<std::uint8_t>> {
            std::ifstream file(folder / interface / "module", std::ios::binary);
            if (!file) {
              return fail(Errc::kNotFound, error::kPlatform, interface + " tells of no module");
            }
            std::vector<std::uint8_t> bytes(kModuleMost);
            file.read(reinterpret_cast<char*>(bytes.data()), kModuleMost);
            bytes.resize(static_cast<std::size_t>(file.gcount()));
            return bytes;
          },
          [folder](const auto& interface) {
            return read_value(folder / interface / "permanent_mac").value_or("");
          },
          [](int) { return EPERM; }};
}

}  // namespace yoke::hal
