// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/snapshot_slot.h"

#include <cstdlib>
#include <new>

namespace yoke::io {

SnapshotSlot::SnapshotSlot(unsigned readers) {
  const std::size_t size = rte_rcu_qsbr_get_memsize(readers);
  const std::size_t lines = (size + RTE_CACHE_LINE_SIZE - 1) / RTE_CACHE_LINE_SIZE;
  void* memory = std::aligned_alloc(RTE_CACHE_LINE_SIZE, lines * RTE_CACHE_LINE_SIZE);
  if (memory == nullptr) throw std::bad_alloc();
  qsbr_.reset(static_cast<rte_rcu_qsbr*>(memory));
  rte_rcu_qsbr_init(qsbr_.get(), readers);
}

SnapshotSlot::~SnapshotSlot() { delete current_.load(std::memory_order_acquire); }

void SnapshotSlot::Free::operator()(rte_rcu_qsbr* p) const noexcept { std::free(p); }

}  // namespace yoke::io
