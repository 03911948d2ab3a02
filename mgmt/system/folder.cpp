// SPDX-License-Identifier: Apache-2.0
#include "mgmt/system/folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "hal/base/file_descriptor.h"

namespace yoke::system {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kUnwritten = "E-411";
// Whatever the umask is: the group is that of those who use the unit.
constexpr mode_t kFolderMode = S_IRWXU | S_IRGRP | S_IXGRP;
constexpr mode_t kFileMode = S_IRUSR | S_IWUSR | S_IRGRP;

std::string_view way_out(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return "free space there";
    case EACCES:
    case EPERM:
    case EROFS:
      return "let the user of yoke-mgmt write there";
    default:
      return "remove what is in its way";
  }
}

tl::unexpected<Error> unwritten(const fs::path& file, int error) {
  return fail(Errc::kFailed, kUnwritten,
              fmt::format("{} cannot be written: {}; {}", file.string(), std::strerror(error),
                          way_out(error)));
}

Status make_folder(const fs::path& folder) {
  if (::mkdir(folder.c_str(), kFolderMode) != 0 && errno != EEXIST) {
    return unwritten(folder, errno);
  }
  const FileDescriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat now {};
  if (!fd || ::fstat(fd.get(), &now) != 0) return unwritten(folder, errno);
  const bool is_right = (now.st_mode & ALLPERMS) == kFolderMode;
  if (!is_right && ::fchmod(fd.get(), kFolderMode) != 0) return unwritten(folder, errno);
  return {};
}

bool holds(const fs::path& file, const std::string& text) {
  const FileDescriptor fd(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat now {};
  if (!fd || ::fstat(fd.get(), &now) != 0 || !S_ISREG(now.st_mode)) return false;
  if (now.st_size != static_cast<off_t>(text.size())) return false;
  if ((now.st_mode & ALLPERMS) != kFileMode) return false;
  std::string present(text.size(), '\0');
  return ::read(fd.get(), present.data(), present.size()) == static_cast<ssize_t>(text.size()) &&
         present == text;
}

// A file is made outside of the folder, whose every name may be a user's: whoever watches it sees
// whole files alone.
fs::path beside_of(const fs::path& folder) {
  return folder.parent_path() / fmt::format(".{}.new", folder.filename().string());
}

Status write_file(const fs::path& file, const fs::path& beside, const std::string& text) {
  (void)::unlink(beside.c_str());  // of an attempt that was cut short
  const FileDescriptor fd(
      ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kFileMode));
  if (!fd || ::fchmod(fd.get(), kFileMode) != 0) return unwritten(beside, errno);
  errno = ENOSPC;  // what a write that was cut short does not say
  const bool is_whole =
      ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (is_whole && ::rename(beside.c_str(), file.c_str()) == 0) return {};
  auto failed = unwritten(file, errno);
  (void)::unlink(beside.c_str());
  return failed;
}

// What is in `folder` and not among `wanted`; links and what else is there are ours to remove too.
Status remove_others(const fs::path& folder, const std::set<std::string>& wanted) {
  std::error_code error;
  std::vector<fs::path> others;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (!wanted.contains(at->path().filename().string())) others.push_back(at->path());
  }
  for (const fs::path& other : others) {
    std::error_code why;
    fs::remove_all(other, why);
    if (why) error = why;
  }
  return error ? Status(unwritten(folder, error.value())) : Status();
}

std::vector<const Files::value_type*> in_order(const Files& files) {
  std::vector<const Files::value_type*> order;
  order.reserve(files.size());
  for (const bool first : {true, false}) {
    for (const auto& file : files) {
      if (comes_first(file.first) == first) order.push_back(&file);
    }
  }
  return order;
}

}  // namespace

Status hold_files(const fs::path& folder, const Files& files) {
  if (auto made = make_folder(folder); !made) return made;
  Status first;
  const auto note = [&first](Status done) {
    if (first && !done) first = std::move(done);
  };
  std::map<fs::path, std::set<std::string>> wanted{{folder, {}}};
  for (const Files::value_type* const each : in_order(files)) {
    const auto& [name, text] = *each;
    const fs::path file = folder / name;
    const fs::path parent = file.parent_path();
    if (!wanted.contains(parent)) {
      if (auto made = make_folder(parent); !made) {
        note(std::move(made));
        continue;  // a link, perhaps: it is removed below, being nothing that is wanted
      }
      wanted[folder].insert(parent.filename().string());
    }
    wanted[parent].insert(file.filename().string());
    if (holds(file, text)) continue;
    Status done = write_file(file, beside_of(folder), text);
    if (!done && is_of_keys(name)) (void)::unlink(file.c_str());
    note(std::move(done));
  }
  for (const auto& [place, names] : wanted) note(remove_others(place, names));
  return first;
}

}  // namespace yoke::system
