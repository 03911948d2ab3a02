// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "dataplane/net/address.h"
#include "hal/base/file_descriptor.h"
#include "hal/base/result.h"

// A network device of the kernel whose cable ends in this process: a read takes a frame that the
// kernel sent, a write gives it one.
namespace yoke::io {

// The device is gone when this object is. Threads: owned by one.
class Tap {
 public:
  // Up, with this name, address and MTU. E-324 name taken, E-326, E-328.
  [[nodiscard]] static Result<Tap> make(const std::string& name, const net::MacAddress& mac,
                                        std::uint16_t mtu);

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] unsigned ifindex() const noexcept { return ifindex_; }

 private:
  Tap(FileDescriptor fd, std::string name, unsigned ifindex)
      : fd_(std::move(fd)), name_(std::move(name)), ifindex_(ifindex) {}

  FileDescriptor fd_;
  std::string name_;
  unsigned ifindex_;
};

}  // namespace yoke::io
