// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/bus_guard.h"

#include <signal.h>
#include <sys/mman.h>

#include <array>
#include <cerrno>
#include <mutex>

namespace yoke::hal {

// What a handler of a signal can reach: nothing but what is static.
struct BusSignal {
  static inline std::array<std::atomic<BusGuard*>, BusGuard::kRanges> guards{};
  static inline std::once_flag installed;

  static void handle(int signal, siginfo_t* info, void*) noexcept {
    const int before = errno;
    const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
    for (auto& slot : guards) {
      BusGuard* guard = slot.load(std::memory_order_acquire);
      if (guard != nullptr && guard->replace(address)) {
        errno = before;
        return;
      }
    }
    (void)::signal(signal, SIG_DFL);
    (void)::raise(signal);  // comes as we return
  }
  static void install() {
    struct sigaction action {};
    action.sa_sigaction = handle;
    action.sa_flags = SA_SIGINFO;
    (void)::sigemptyset(&action.sa_mask);
    (void)::sigaction(SIGBUS, &action, nullptr);
  }
};

BusGuard::BusGuard(void* memory, std::size_t bytes, int protection) noexcept
    : memory_(memory), bytes_(bytes), protection_(protection) {
  std::call_once(BusSignal::installed, BusSignal::install);
  for (auto& slot : BusSignal::guards) {
    BusGuard* none = nullptr;
    is_set_ = slot.compare_exchange_strong(none, this);
    if (is_set_) return;
  }
}

BusGuard::~BusGuard() {
  for (auto& slot : BusSignal::guards) {
    BusGuard* self = this;
    (void)slot.compare_exchange_strong(self, nullptr);
  }
}

// Within a handler: mmap() is a system call and nothing else here.
bool BusGuard::replace(std::uintptr_t address) noexcept {
  const auto begin = reinterpret_cast<std::uintptr_t>(memory_);
  if (address < begin || address - begin >= bytes_) return false;
  const void* zeros =
      ::mmap(memory_, bytes_, protection_, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  if (zeros == MAP_FAILED) return false;
  lost_.store(true);
  return true;
}

}  // namespace yoke::hal
