// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/frame_ring.h"

#include <gtest/gtest.h>
#include <rte_eal.h>

#include <cstdint>
#include <set>

#include "tests/io/lab.h"

namespace yoke::io {
namespace {

// What a NIC and AF_XDP ask of packet memory.
class Pool : public ::testing::Test {
 protected:
  static constexpr unsigned kFrames = 4095;  // more than a page of any size here
  static constexpr unsigned kBytes = 2048;

  void SetUp() override {
    (void)eal();
    auto made = make_frame_pool("pool-test", kFrames, kBytes);
    ASSERT_TRUE(made) << made.error().text;
    pool_ = std::move(*made);
    const auto take = [](rte_mempool*, void* set, void* object, unsigned) {
      static_cast<std::set<rte_mbuf*>*>(set)->insert(static_cast<rte_mbuf*>(object));
    };
    rte_mempool_obj_iter(pool_.get(), take, &frames_);
    ASSERT_EQ(frames_.size(), kFrames);
  }

  FramePool pool_;
  std::set<rte_mbuf*> frames_;  // by address
};

TEST_F(Pool, GivesEveryFrameAnAddressThatANicCanReadAndWrite) {
  ASSERT_EQ(rte_eal_iova_mode(), RTE_IOVA_VA);
  for (const rte_mbuf* frame : frames_) {
    ASSERT_EQ(rte_mbuf_iova_get(frame), reinterpret_cast<std::uintptr_t>(frame->buf_addr));
    ASSERT_EQ(rte_mempool_virt2iova(frame), reinterpret_cast<std::uintptr_t>(frame));
  }
  EXPECT_EQ(pool_->flags & RTE_MEMPOOL_F_NON_IO, 0U) << "drivers would not map it";
}

TEST_F(Pool, IsOnePieceWithoutGaps) {
  const rte_mbuf* before = nullptr;
  std::ptrdiff_t step = 0;
  for (const rte_mbuf* frame : frames_) {
    const auto here = reinterpret_cast<const char*>(frame);
    if (before != nullptr) {
      const auto apart = here - reinterpret_cast<const char*>(before);
      if (step == 0) step = apart;
      ASSERT_EQ(apart, step);
    }
    before = frame;
  }
  EXPECT_EQ(pool_->nb_mem_chunks, 1U);
}

TEST_F(Pool, LeavesNothingBehind) {
  pool_.reset();
  for (int i = 0; i < 50; ++i) {
    const auto again = make_frame_pool("pool-test", kFrames, kBytes);
    ASSERT_TRUE(again) << i << ": " << again.error().text;
  }
}

TEST_F(Pool, TooManyFramesAreToldAsAValueToChange) {
  const auto none = make_frame_pool("pool-large", 10'000'000, kBytes);
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().text.find("raise memory_mib"), std::string::npos) << none.error().text;
  const auto small = make_frame_pool("pool-large", 1000, kBytes);
  EXPECT_TRUE(small) << "something of it is left: " << small.error().text;
}

}  // namespace
}  // namespace yoke::io
