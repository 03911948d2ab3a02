// SPDX-License-Identifier: Apache-2.0
#include "mgmt/tracking/machine.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>

namespace yoke::tracking {
namespace {

constexpr std::size_t kNameKept = 15;

// A line of /proc/N/stat: "17 (name) S 1 ...", where the name may hold anything.
bool is_living(std::string_view line, std::string_view name) {
  const auto open = line.find('(');
  const auto close = line.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    return false;
  }
  const std::string_view rest = line.substr(close + 1);
  const char state = rest.size() > 1 ? rest[1] : 'X';
  return line.substr(open + 1, close - open - 1) == name && state != 'Z' && state != 'X';
}

bool is_number(const std::string& text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::optional<bool> has_link(const std::string& interface) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return std::nullopt;
  ifreq request{};
  const std::size_t size = std::min(interface.size(), std::size_t{IFNAMSIZ} - 1);
  std::copy_n(interface.begin(), size, std::begin(request.ifr_name));
  const bool is_there = ::ioctl(fd, SIOCGIFFLAGS, &request) == 0;
  (void)::close(fd);
  if (!is_there) return std::nullopt;
  constexpr unsigned kWanted = unsigned{IFF_UP} | unsigned{IFF_RUNNING};
  return (static_cast<unsigned>(request.ifr_flags) & kWanted) == kWanted;
}

std::optional<bool> is_running(const std::string& process) {
  namespace fs = std::filesystem;
  const std::string name = process.substr(0, kNameKept);
  std::error_code error;
  fs::directory_iterator at("/proc", error);
  if (error) return std::nullopt;
  for (; at != fs::directory_iterator(); at.increment(error)) {
    if (error) return std::nullopt;
    if (!is_number(at->path().filename().string())) continue;
    std::ifstream file(at->path() / "stat");  // one that has gone meanwhile reads as empty
    std::string line;
    if (std::getline(file, line, '\0') && is_living(line, name)) return true;
  }
  return false;
}

}  // namespace yoke::tracking
