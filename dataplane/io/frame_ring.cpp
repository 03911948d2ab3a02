// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/frame_ring.h"

#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_memzone.h>
#include <sys/types.h>

#include "dataplane/io/errors.h"

namespace yoke::io {
namespace {

constexpr unsigned kThreadCache = 256;

tl::unexpected<Error> no_memory(const std::string& what) {
  return fail(Errc::kFailed, error::kMemory,
              what + " do not fit (" + rte_strerror(rte_errno) + "): raise memory_mib");
}

void free_zone(rte_mempool_memhdr* /*chunk*/, void* zone) {
  (void)rte_memzone_free(static_cast<const rte_memzone*>(zone));
}

// All frames of `pool`, in one piece of memory that goes with it.
bool populate(rte_mempool& pool, const std::string& name) {
  std::size_t smallest = 0;
  std::size_t alignment = 0;
  const ssize_t size =
      rte_mempool_op_calc_mem_size_default(&pool, pool.size, 0, &smallest, &alignment);
  if (size < 0) return false;
  const auto length = static_cast<std::size_t>(size);
  const rte_memzone* zone = rte_memzone_reserve_aligned((name + "-frames").c_str(), length,
                                                        static_cast<int>(rte_socket_id()), 0,
                                                        static_cast<unsigned>(alignment));
  if (zone == nullptr) return false;
  auto* const memory = static_cast<char*>(zone->addr);
  auto* const owned = const_cast<rte_memzone*>(zone);
  if (rte_mempool_populate_iova(&pool, memory, zone->iova, length, free_zone, owned) ==
      static_cast<int>(pool.size)) {
    return true;
  }
  if (pool.nb_mem_chunks == 0) (void)rte_memzone_free(zone);
  return false;
}

}  // namespace

// rte_pktmbuf_pool_create() would pad the buffers so that none crosses a page, and AF_XDP, told of
// count times size, would not reach the last ones: frames sent from there vanish. Without the
// demand for contiguous IO addresses there are no gaps; but then DPDK gives the buffers no IO
// addresses at all, and a NIC would read each frame from nowhere. So the memory is laid out here:
// in IOVA-as-VA mode a piece without gaps has IO addresses without gaps.
Result<FramePool> make_frame_pool(const std::string& name, unsigned frames, unsigned frame_bytes) {
  const auto room = static_cast<std::uint16_t>(RTE_PKTMBUF_HEADROOM + frame_bytes);
  const std::string what =
      std::to_string(frames) + " packet buffers of " + std::to_string(room) + " octets";
  FramePool pool(
      rte_mempool_create_empty(name.c_str(), frames, static_cast<unsigned>(sizeof(rte_mbuf)) + room,
                               kThreadCache, sizeof(rte_pktmbuf_pool_private),
                               static_cast<int>(rte_socket_id()), RTE_MEMPOOL_F_NO_IOVA_CONTIG));
  if (!pool || rte_mempool_set_ops_byname(pool.get(), "ring_mp_mc", nullptr) != 0) {
    return no_memory(what);
  }
  rte_pktmbuf_pool_private layout{};
  layout.mbuf_data_room_size = room;
  rte_pktmbuf_pool_init(pool.get(), &layout);
  if (!populate(*pool, name)) return no_memory(what);
  // What was said of the pool until it had addresses is not true of it any more, and would keep
  // drivers from mapping it.
  pool->flags &= ~unsigned{RTE_MEMPOOL_F_NO_IOVA_CONTIG | RTE_MEMPOOL_F_NON_IO};
  rte_mempool_obj_iter(pool.get(), rte_pktmbuf_init, nullptr);
  return pool;
}

Result<FrameRing> FrameRing::make(const std::string& name, unsigned capacity) {
  rte_ring* ring = rte_ring_create(name.c_str(), capacity, static_cast<int>(rte_socket_id()),
                                   RING_F_SP_ENQ | RING_F_SC_DEQ);
  if (ring == nullptr) return no_memory("the queues between workers");
  return FrameRing(ring);
}

void FrameRing::Drain::operator()(rte_ring* ring) const noexcept {
  void* frame = nullptr;
  while (rte_ring_sc_dequeue(ring, &frame) == 0) rte_pktmbuf_free(static_cast<Frame>(frame));
  rte_ring_free(ring);
}

}  // namespace yoke::io
