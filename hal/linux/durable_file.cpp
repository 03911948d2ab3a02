// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/durable_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "hal/base/file_descriptor.h"

namespace yoke::hal {
namespace {

tl::unexpected<Error> failed(const std::filesystem::path& path, std::string_view what,
                             std::string_view id) {
  return fail(Errc::kFailed, id,
              fmt::format("{} cannot be {}: {}", path.native(), what, std::strerror(errno)));
}

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool sync_folder(const std::filesystem::path& folder) {
  const FileDescriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fd && ::fsync(fd.get()) == 0;
}

}  // namespace

Status write_durably(const std::filesystem::path& path, std::string_view content, mode_t mode,
                     std::string_view id) {
  const std::string beside = path.native() + ".new";
  (void)::unlink(beside.c_str());  // of a process that was killed, perhaps with another mode
  {
    const FileDescriptor fd(
        ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!fd || ::fchmod(fd.get(), mode) != 0 || !write_all(fd.get(), content) ||
        ::fsync(fd.get()) != 0) {
      auto error = failed(path, "written", id);
      (void)::unlink(beside.c_str());
      return error;
    }
  }
  if (std::rename(beside.c_str(), path.c_str()) != 0) return failed(path, "put in its place", id);
  if (!sync_folder(path.parent_path())) return failed(path, "synced", id);
  return {};
}

Status remove_durably(const std::filesystem::path& path, std::string_view id) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed(path, "removed", id);
  if (!sync_folder(path.parent_path())) return failed(path, "synced", id);
  return {};
}

Result<std::optional<std::string>> read_whole(const std::filesystem::path& path,
                                              std::string_view id) {
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd && errno == ENOENT) return std::nullopt;
  struct stat file {};
  if (!fd || ::fstat(fd.get(), &file) != 0) return failed(path, "read", id);
  if (!S_ISREG(file.st_mode) || static_cast<std::size_t>(file.st_size) > kFileMost) {
    return fail(Errc::kInvalid, id,
                fmt::format("{} is no file of at most {} bytes", path.native(), kFileMost));
  }
  std::string content;
  std::array<char, 4096> part{};
  while (content.size() <= kFileMost) {
    const ssize_t n = ::read(fd.get(), part.data(), part.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed(path, "read", id);
    if (n == 0) break;
    content.append(part.data(), static_cast<std::size_t>(n));
  }
  return content;
}

}  // namespace yoke::hal
