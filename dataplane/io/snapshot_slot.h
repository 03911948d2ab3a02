// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rte_rcu_qsbr.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "dataplane/lb/snapshot.h"

// The snapshot that all workers read, and how it is replaced: a pointer swapped, and the old value
// freed once every worker has said that it holds no reference any more (quiescent state).
namespace yoke::io {

// Threads: publish() by one; each reader's functions by that reader.
class SnapshotSlot {
 public:
  explicit SnapshotSlot(unsigned readers);
  SnapshotSlot(const SnapshotSlot&) = delete;
  SnapshotSlot& operator=(const SnapshotSlot&) = delete;
  ~SnapshotSlot();

  // Between enter() and leave() a reader counts; publish() waits for it.
  void enter(unsigned reader) noexcept {
    rte_rcu_qsbr_thread_register(qsbr_.get(), reader);
    resume(reader);
  }
  void leave(unsigned reader) noexcept {
    rest(reader);
    rte_rcu_qsbr_thread_unregister(qsbr_.get(), reader);
  }
  // Valid until the reader's next quiescent(), rest() or leave(). Null before the first publish().
  [[nodiscard]] const lb::Snapshot* current() const noexcept {
    return current_.load(std::memory_order_acquire);
  }
  void quiescent(unsigned reader) noexcept { rte_rcu_qsbr_quiescent(qsbr_.get(), reader); }
  // A reader at rest is not waited for, and must not look.
  void rest(unsigned reader) noexcept { rte_rcu_qsbr_thread_offline(qsbr_.get(), reader); }
  void resume(unsigned reader) noexcept { rte_rcu_qsbr_thread_online(qsbr_.get(), reader); }

  // Returns when no reader can see the one before, which is then freed. `wake` is called after the
  // swap, so that sleepers take notice.
  template <typename WakeAll>
  void publish(std::unique_ptr<const lb::Snapshot> next, WakeAll&& wake) {
    const std::unique_ptr<const lb::Snapshot> before(
        current_.exchange(next.release(), std::memory_order_acq_rel));
    const auto token = rte_rcu_qsbr_start(qsbr_.get());
    wake();
    while (rte_rcu_qsbr_check(qsbr_.get(), token, false) == 0) {
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
  }

 private:
  struct Free {
    void operator()(rte_rcu_qsbr* p) const noexcept;
  };
  std::unique_ptr<rte_rcu_qsbr, Free> qsbr_;
  std::atomic<const lb::Snapshot*> current_{nullptr};
};

}  // namespace yoke::io
