// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hal/base/file_descriptor.h"

namespace yoke::pair {

// The kernel's word that something about some interface has changed: then, not at the next
// heartbeat, links are looked at. Where there is none to be had, the heartbeat has to do. Nothing
// waits. Threads: owned by one.
class LinkNews {
 public:
  LinkNews() noexcept;

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }  // -1: there is none
  // Whether there was any since the last call.
  [[nodiscard]] bool take() noexcept;

 private:
  FileDescriptor fd_;
};

}  // namespace yoke::pair
