// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <tl/expected.hpp>

#include "hal/base/file_descriptor.h"

namespace yoke::hal {

// The right to be the only one, held by one process at a time and gone with it however it ends.
// Threads: owned by one.
class LockFile {
 public:
  struct Refusal {
    int error = 0;     // errno; EWOULDBLOCK: somebody has it
    pid_t holder = 0;  // who, where that is known
    [[nodiscard]] std::string holder_text() const;
  };
  // The file is made if it is not there, and stays.
  [[nodiscard]] static tl::expected<LockFile, Refusal> acquire(const std::string& path);

 private:
  explicit LockFile(FileDescriptor fd) : fd_(std::move(fd)) {}
  FileDescriptor fd_;
};

}  // namespace yoke::hal
