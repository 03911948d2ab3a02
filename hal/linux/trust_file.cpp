// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/trust_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "hal/base/file_descriptor.h"

namespace yoke::hal {

Status expect_trust_file(const std::string& path, std::string_view id) {
  constexpr off_t kBytesMax = 1 << 20;
  if (path.empty()) return {};
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat file {};
  if (!fd || ::fstat(fd.get(), &file) != 0) {
    return fail(Errc::kFailed, id, path + ": " + std::strerror(errno));
  }
  if (S_ISREG(file.st_mode) && file.st_size <= kBytesMax) return {};
  return fail(Errc::kFailed, id, path + ": expected a file of at most 1 MiB");
}

}  // namespace yoke::hal
