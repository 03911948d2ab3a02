// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/shared_page.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <utility>
#include <vector>

namespace yoke::hal {
namespace {

constexpr mode_t kReadableByAll = 0644;

bool is_whole(int fd, std::size_t bytes) {
  struct stat file {};
  return ::fstat(fd, &file) == 0 && S_ISREG(file.st_mode) &&
         static_cast<std::size_t>(file.st_size) >= bytes;
}

// Whether the file of this name is the one that is open.
bool is_at(const std::string& path, int fd) {
  struct stat named {
  }, opened{};
  return ::lstat(path.c_str(), &named) == 0 && ::fstat(fd, &opened) == 0 &&
         named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

void* map_zeros(void* at, std::size_t bytes) {
  const int fixed = at == nullptr ? 0 : MAP_FIXED;
  return ::mmap(at, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | fixed, -1, 0);
}

}  // namespace

tl::expected<std::unique_ptr<SharedPage>, int> SharedPage::open(const std::string& path,
                                                                std::size_t bytes) {
  FileDescriptor fd(
      ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, kReadableByAll));
  if (!fd) return tl::unexpected(errno);
  if (!is_whole(fd.get(), 0)) return tl::unexpected(EINVAL);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return tl::unexpected(errno);
  // Pages that are there: a /run that is full later takes none of them.
  if (const int error = ::posix_fallocate(fd.get(), 0, static_cast<off_t>(bytes)); error != 0) {
    return tl::unexpected(error);
  }
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) return tl::unexpected(errno);
  (void)::mlock(memory, bytes);  // else it may be swapped out
  return std::unique_ptr<SharedPage>(new SharedPage(path, std::move(fd), memory, bytes));
}

SharedPage::SharedPage(std::string path, FileDescriptor fd, void* memory, std::size_t bytes)
    : path_(std::move(path)),
      fd_(std::move(fd)),
      memory_(memory),
      bytes_(bytes),
      guard_(memory, bytes, PROT_READ | PROT_WRITE) {}

SharedPage::~SharedPage() { (void)::munmap(memory_, bytes_); }

bool SharedPage::is_shared() const {
  return !guard_.is_lost() && is_whole(fd_.get(), bytes_) && is_at(path_, fd_.get());
}

std::unique_ptr<SharedPageView> SharedPageView::make(std::size_t bytes) {
  void* memory = map_zeros(nullptr, bytes);
  if (memory == MAP_FAILED) return nullptr;
  return std::unique_ptr<SharedPageView>(new SharedPageView(memory, bytes));
}

SharedPageView::SharedPageView(void* memory, std::size_t bytes)
    : memory_(memory), bytes_(bytes), guard_(memory, bytes, PROT_READ) {}

SharedPageView::~SharedPageView() { (void)::munmap(memory_, bytes_); }

bool SharedPageView::follow(const std::string& path,
                            const std::function<bool(const void*)>& accepts) {
  if (fd_ && shows(path) && accepts(memory_)) return true;
  show_nothing();
  sight_ = show(path, accepts);
  return sight_ == Sight::kShown;
}

bool SharedPageView::shows(const std::string& path) const {
  return !guard_.is_lost() && is_whole(fd_.get(), bytes_) && is_at(path, fd_.get());
}

// Judged before anybody can see it.
SharedPageView::Sight SharedPageView::show(const std::string& path,
                                           const std::function<bool(const void*)>& accepts) {
  FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd) return errno == ENOENT ? Sight::kMissing : Sight::kNoFile;
  alignas(64) std::array<std::byte, 8192> copy;
  if (!is_whole(fd.get(), bytes_) || bytes_ > copy.size() ||
      ::pread(fd.get(), copy.data(), bytes_, 0) != static_cast<ssize_t>(bytes_)) {
    return Sight::kNoFile;
  }
  if (!accepts(copy.data())) return Sight::kRefused;
  guard_.clear();
  const void* shown =
      ::mmap(memory_, bytes_, PROT_READ, MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd.get(), 0);
  if (shown == MAP_FAILED) {
    (void)map_zeros(memory_, bytes_);  // a mapping that failed may have taken the old one away
    return Sight::kNoFile;
  }
  (void)::mlock(memory_, bytes_);
  fd_ = std::move(fd);
  return Sight::kShown;
}

void SharedPageView::show_nothing() {
  if (!fd_) return;
  (void)map_zeros(memory_, bytes_);
  fd_.reset();
}

std::string boot_id() {
  const FileDescriptor fd(::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
  std::array<char, 64> text{};
  const ssize_t n = fd ? ::read(fd.get(), text.data(), text.size()) : 0;
  std::string id(text.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
  while (!id.empty() && id.back() == '\n') id.pop_back();
  return id;
}

}  // namespace yoke::hal
