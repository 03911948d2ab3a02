// SPDX-License-Identifier: Apache-2.0
#include "mgmt/store/previous.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "hal/base/file_descriptor.h"
#include "mgmt/store/errors.h"

namespace yoke::store {
namespace {

Status cannot_keep(const std::string& path, int error) {
  return fail(Errc::kFailed, error == ENOSPC || error == EDQUOT ? kDiskFull : kDiskFailed,
              path + ": what the release before wrote cannot be kept beside it: " +
                  std::strerror(error) + "; free some space, or look at the disk, and start again");
}

Status sync(const std::string& path, int flags) {
  const FileDescriptor fd(::open(path.c_str(), flags | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return cannot_keep(path, errno);
  return {};
}

Status copy_synced(const std::string& from, const std::string& to) {
  std::error_code error;
  std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing, error);
  if (error) return cannot_keep(from, error.value());
  if (::chmod(to.c_str(), S_IRUSR | S_IWUSR) != 0) return cannot_keep(to, errno);
  return sync(to, O_RDWR);
}

}  // namespace

std::string previous_path(const std::string& path, std::int64_t version) {
  return path + ".v" + std::to_string(version);
}

Status keep_previous(const std::string& path, std::int64_t version) {
  const std::string kept = previous_path(path, version);
  const std::string unfinished = kept + ".new";
  for (const std::string& gone : {kept, kept + "-wal", kept + "-shm", unfinished}) {
    if (::unlink(gone.c_str()) != 0 && errno != ENOENT) return cannot_keep(gone, errno);
  }
  std::error_code ignored;
  if (std::filesystem::exists(path + "-wal", ignored)) {
    if (auto copied = copy_synced(path + "-wal", kept + "-wal"); !copied) return copied;
  }
  if (auto copied = copy_synced(path, unfinished); !copied) return copied;
  if (std::rename(unfinished.c_str(), kept.c_str()) != 0) return cannot_keep(kept, errno);
  const auto folder = std::filesystem::path(path).parent_path();
  return sync(folder.empty() ? "." : folder.string(), O_RDONLY | O_DIRECTORY);
}

}  // namespace yoke::store
