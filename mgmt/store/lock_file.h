// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "hal/base/file_descriptor.h"
#include "hal/base/result.h"

namespace yoke::store {

// The right to use a store, held by one process at a time and gone with it however it ends. A file
// beside the store, because SQLite's own locks last only for a transaction. Threads: owned by one.
class LockFile {
 public:
  // E-506 names the process that has it.
  [[nodiscard]] static Result<LockFile> acquire(const std::string& path);

 private:
  explicit LockFile(FileDescriptor fd) : fd_(std::move(fd)) {}
  FileDescriptor fd_;
};

}  // namespace yoke::store
