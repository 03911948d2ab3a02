// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/kernel_watchdog.h"

#include <fcntl.h>
#include <linux/watchdog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>

namespace yoke::hal {
namespace {

bool write_one(int fd, char c) noexcept { return ::write(fd, &c, 1) == 1; }

}  // namespace

tl::expected<std::unique_ptr<Watchdog>, int> KernelWatchdog::open(const std::string& path,
                                                                  std::chrono::seconds timeout,
                                                                  std::chrono::seconds pretimeout) {
  FileDescriptor fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return tl::unexpected(errno);
  int seconds = static_cast<int>(timeout.count());
  // A driver that has one timeout alone tells it.
  if (::ioctl(fd.get(), WDIOC_SETTIMEOUT, &seconds) != 0) {
    (void)::ioctl(fd.get(), WDIOC_GETTIMEOUT, &seconds);
  }
  if (int before = static_cast<int>(pretimeout.count()); before > 0) {
    (void)::ioctl(fd.get(), WDIOC_SETPRETIMEOUT, &before);
  }
  return std::unique_ptr<Watchdog>(
      new KernelWatchdog(std::move(fd), std::chrono::seconds(seconds)));
}

bool KernelWatchdog::keep_alive() noexcept { return fd_ && write_one(fd_.get(), '\0'); }

void KernelWatchdog::stop() noexcept {
  if (fd_) (void)write_one(fd_.get(), 'V');
  fd_.reset();
}

}  // namespace yoke::hal
