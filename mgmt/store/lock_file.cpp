// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/lock_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "hal/base/number.h"
#include "mgmt/store/errors.h"

namespace yoke::store {
namespace {

std::string holder(int fd) {
  std::array<char, 32> text{};
  const ssize_t n = ::pread(fd, text.data(), text.size(), 0);
  std::string_view words(text.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
  words = words.substr(0, words.find('\n'));
  const auto pid = parse_decimal(words);
  return pid ? "process " + std::to_string(*pid) : "another process";
}

tl::unexpected<Error> cannot_open(const std::string& path, int error) {
  if (error == EROFS) {
    return fail(Errc::kFailed, kReadOnly,
                path + ": its file system is read-only; remount it for writing");
  }
  if (error == ENOSPC || error == EDQUOT) {
    return fail(Errc::kFailed, kDiskFull,
                path + ": no space left on its file system; free some and try again");
  }
  return fail(Errc::kDenied, kNoPermission,
              path + ": " + std::strerror(error) +
                  "; check that its folder exists and belongs to this user");
}

}  // namespace

Result<LockFile> LockFile::acquire(const std::string& path) {
  FileDescriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return cannot_open(path, errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return cannot_open(path, errno);
    return fail(Errc::kConflict, kInUse,
                path + ": held by " + holder(fd.get()) + "; end that one first");
  }
  // For the person who reads the message above; the lock itself needs no content.
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd.get(), 0) == 0) (void)!::pwrite(fd.get(), pid.data(), pid.size(), 0);
  return LockFile(std::move(fd));
}

}  // namespace yoke::store
