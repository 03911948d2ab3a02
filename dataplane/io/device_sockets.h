// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <vector>

namespace yoke::io {

// A descriptor that a driver opened, and that it may forget to close.
class DriverSocket {
 public:
  explicit DriverSocket(int fd) noexcept;
  // Unless the driver has: the number may be somebody else's by now.
  void close_if_forgotten() const noexcept;

 private:
  int fd_;
  ino_t inode_ = 0;
};

// Drivers for kernel interfaces do not tell which descriptor their packets come by. It is the one
// that appeared while the queue was made: an AF_PACKET or AF_XDP socket, or an open /dev/net/tun.
// Threads: main, before others open such descriptors.
class DeviceSockets {
 public:
  DeviceSockets() : before_(list()) {}
  // Those that appeared since the last call, or construction; ascending, as they were made.
  [[nodiscard]] std::vector<int> take_new();

 private:
  [[nodiscard]] static std::vector<int> list();
  std::vector<int> before_;
};

}  // namespace yoke::io
