// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/device_sockets.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <string>

#include "hal/base/number.h"

namespace yoke::io {
namespace {

bool carries_packets(int fd, const std::filesystem::path& link) {
  int domain = 0;
  socklen_t length = sizeof domain;
  if (::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0) {
    return domain == AF_PACKET || domain == AF_XDP;
  }
  std::error_code none;
  return std::filesystem::read_symlink(link, none) == "/dev/net/tun";
}

// 0: not open.
ino_t inode_of(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 ? status.st_ino : 0;
}

}  // namespace

DriverSocket::DriverSocket(int fd) noexcept : fd_(fd), inode_(inode_of(fd)) {}

void DriverSocket::close_if_forgotten() const noexcept {
  if (inode_ != 0 && inode_of(fd_) == inode_) ::close(fd_);
}

std::vector<int> DeviceSockets::list() {
  std::vector<int> fds;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", none)) {
    const auto number = parse_decimal(entry.path().filename().string());
    if (!number) continue;
    const int fd = static_cast<int>(*number);
    if (carries_packets(fd, entry.path())) fds.push_back(fd);
  }
  std::ranges::sort(fds);
  return fds;
}

std::vector<int> DeviceSockets::take_new() {
  auto now = list();
  std::vector<int> fresh;
  std::ranges::set_difference(now, before_, std::back_inserter(fresh));
  before_ = std::move(now);
  return fresh;
}

}  // namespace yoke::io
