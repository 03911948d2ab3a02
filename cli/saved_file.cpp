// SPDX-License-Identifier: Apache-2.0
#include "cli/saved_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "hal/base/file_descriptor.h"

namespace yoke::cli {
namespace {

Status cannot_write(const std::string& path) {
  return fail(Errc::kFailed, "E-411",
              fmt::format("{} cannot be written: {}", path, std::strerror(errno)));
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

mode_t mode_of_new_files() {
  const mode_t mask = ::umask(0);
  (void)::umask(mask);
  return 0666U & ~mask;
}

// Beside its place, under a name that nobody has.
Status replace(const std::string& path, std::string_view text, mode_t mode) {
  std::string unfinished = path + ".XXXXXX";
  const FileDescriptor fd(::mkostemp(unfinished.data(), O_CLOEXEC));
  if (!fd) return cannot_write(path);
  const bool written = write_all(fd.get(), text) && ::fchmod(fd.get(), mode) == 0 &&
                       ::fsync(fd.get()) == 0 && std::rename(unfinished.c_str(), path.c_str()) == 0;
  if (written) return {};
  Status failed = cannot_write(path);
  (void)::unlink(unfinished.c_str());
  return failed;
}

}  // namespace

Status save_file(const std::string& path, std::string_view text, bool is_secret) {
  struct stat there {};
  if (::stat(path.c_str(), &there) != 0) {
    return replace(path, text, is_secret ? S_IRUSR | S_IWUSR : mode_of_new_files());
  }
  if (S_ISREG(there.st_mode)) {
    std::error_code failed;
    const auto file = std::filesystem::canonical(path, failed);
    return replace(failed ? path : file.string(), text, there.st_mode & 07777U);
  }
  const FileDescriptor fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd || !write_all(fd.get(), text)) return cannot_write(path);
  return {};
}

}  // namespace yoke::cli
