// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/writable.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>

#include "hal/base/file_descriptor.h"
#include "mgmt/store/errors.h"

namespace yoke::store {
namespace {

// What a small commit writes.
constexpr std::size_t kLittle = 16384;

int error_of_writing(const std::string& folder) {
  const FileDescriptor fd(
      ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!fd) return errno;
  constexpr std::array<char, kLittle> kZeros{};
  return ::pwrite(fd.get(), kZeros.data(), kZeros.size(), 0) < 0 ? errno : 0;
}

}  // namespace

Status takes_writes(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path().string();
  const std::string folder = parent.empty() ? "." : parent;
  struct statvfs disk {};
  const bool says_so = ::statvfs(folder.c_str(), &disk) == 0 && (disk.f_flag & ST_RDONLY) != 0;
  const int error = says_so ? EROFS : error_of_writing(folder);
  if (error == EROFS && says_so) {
    return fail(Errc::kFailed, kReadOnly,
                path + ": its file system is read-only; remount it for writing");
  }
  if (error == EROFS) {
    return fail(Errc::kFailed, kReadOnly,
                path +
                    ": its file system is read-only since the kernel found it in error (see "
                    "dmesg): stop yoke-mgmt, unmount, fsck and mount it, and start yoke-mgmt "
                    "(packets flow meanwhile); no remount does it");
  }
  if (error == ENOSPC || error == EDQUOT) {
    return fail(Errc::kFailed, kDiskFull,
                path + ": no space left on its file system; free some and try again");
  }
  return {};
}

}  // namespace yoke::store
