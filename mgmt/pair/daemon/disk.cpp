// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/disk.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include "hal/base/log.h"

namespace yoke::pair {
namespace {

constexpr std::chrono::milliseconds kAgain{1000};

}  // namespace

void wake(int event) noexcept {
  const std::uint64_t one = 1;
  (void)!::write(event, &one, sizeof one);
}

void clear_wake(int event) noexcept {
  std::uint64_t count = 0;
  (void)!::read(event, &count, sizeof count);
}

Disk::Disk(std::filesystem::path path, Memory memory, int wake)
    : path_(std::move(path)),
      memory_(std::move(memory)),
      ordered_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      wake_(wake),
      thread_([this] { work(); }) {}

Disk::~Disk() {
  stopping_ = true;
  wake(ordered_.get());
  thread_.join();
}

bool Disk::put(const Order& order) noexcept {
  const bool taken = orders_.put(order);
  wake(ordered_.get());
  return taken;
}

void Disk::work() {
  bool is_owing = false;
  for (;;) {
    const bool stopping = stopping_;
    if (take_orders()) is_owing = true;
    if (is_owing) is_owing = !write();
    if (stopping) return;
    pollfd entry{ordered_.get(), POLLIN, 0};
    (void)::poll(&entry, 1, is_owing ? static_cast<int>(kAgain.count()) : -1);
    clear_wake(ordered_.get());
  }
}

bool Disk::take_orders() {
  bool any = false;
  while (const auto order = orders_.take()) {
    GroupMemory& group = memory_[order->group];
    if (order->reserve) group.reserved = std::max(group.reserved, *order->reserve);
    if (order->maintenance) group.maintenance = *order->maintenance;
    any = true;
  }
  return any;
}

bool Disk::write() {
  const auto written = remember(path_, memory_);
  if (!written) {
    if (!complained_) {
      log::error("pair-state-not-written", written.error().text + " [" + written.error().id + "]");
    }
    complained_ = true;
    return false;
  }
  if (complained_) log::notice("pair-state-written", "the disk takes the pair's state again");
  complained_ = false;
  for (const auto& [group, at] : memory_) (void)done_.put({group, at.reserved});
  wake(wake_);
  return true;
}

}  // namespace yoke::pair
