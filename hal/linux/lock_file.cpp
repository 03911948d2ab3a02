// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/lock_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <limits>
#include <string_view>

#include "hal/base/number.h"

namespace yoke::hal {
namespace {

pid_t holder_of(int fd) {
  std::array<char, 32> text{};
  const ssize_t n = ::pread(fd, text.data(), text.size(), 0);
  std::string_view words(text.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
  const auto pid = parse_decimal(words.substr(0, words.find('\n')));
  if (!pid || *pid > std::numeric_limits<pid_t>::max()) return 0;
  return static_cast<pid_t>(*pid);
}

}  // namespace

std::string LockFile::Refusal::holder_text() const {
  return holder > 0 ? "process " + std::to_string(holder) : "another process";
}

tl::expected<LockFile, LockFile::Refusal> LockFile::acquire(const std::string& path) {
  FileDescriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  const int error = errno;
  // A file that is there can be locked although its file system takes no writes.
  if (!fd && error == EROFS) {
    fd = FileDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  }
  if (!fd) return tl::unexpected(Refusal{error, 0});
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    return tl::unexpected(Refusal{errno, holder_of(fd.get())});
  }
  // For the person who reads of it; the lock itself needs no content.
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd.get(), 0) == 0) (void)!::pwrite(fd.get(), pid.data(), pid.size(), 0);
  return LockFile(std::move(fd));
}

}  // namespace yoke::hal
