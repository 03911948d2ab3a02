// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

namespace yoke::io {

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
