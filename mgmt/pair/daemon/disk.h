// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <optional>
#include <thread>

#include "hal/base/file_descriptor.h"
#include "mgmt/pair/daemon/ring.h"
#include "mgmt/pair/daemon/state_file.h"

namespace yoke::pair {

// Writes the state file for a thread that must not wait. What cannot be written is tried again
// until it is: a full disk costs a standby its readiness (no epoch reserved), never an active unit
// its role. Threads: put() and done() are one thread's, the file is written by another of its own.
class Disk {
 public:
  struct Order {
    Group group = 0;
    std::optional<Epoch> reserve;
    std::optional<bool> maintenance;
  };
  struct Done {
    Group group = 0;
    Epoch reserved = 0;
  };

  // `wake` is written to whenever done() has something.
  Disk(std::filesystem::path path, Memory memory, int wake);
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;
  // What was ordered is written first, if the disk takes it.
  ~Disk();

  // False: far too much is under way.
  [[nodiscard]] bool put(const Order& order) noexcept;
  [[nodiscard]] std::optional<Done> done() noexcept { return done_.take(); }

 private:
  void work();
  [[nodiscard]] bool take_orders();
  [[nodiscard]] bool write();

  Ring<Order, 256> orders_;
  Ring<Done, 256> done_;
  std::filesystem::path path_;
  Memory memory_;
  FileDescriptor ordered_;
  int wake_;
  std::atomic<bool> stopping_{false};
  bool complained_ = false;
  std::thread thread_;  // last: it uses the others
};

// Both ends of a wake-up between threads; nothing waits here.
void wake(int event) noexcept;
void clear_wake(int event) noexcept;

}  // namespace yoke::pair
