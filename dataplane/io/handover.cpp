// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/handover.h"

#include <string>
#include <utility>

namespace yoke::io {

Result<std::unique_ptr<Handover>> Handover::make(unsigned workers) {
  std::unique_ptr<Handover> handover(new Handover(workers));
  for (unsigned from = 0; from < workers; ++from) {
    for (unsigned to = 0; to < workers; ++to) {
      handover->rings_.emplace_back();
      if (from == to) continue;
      auto ring = FrameRing::make("yoke-" + std::to_string(from) + "-to-" + std::to_string(to),
                                  kRingFrames);
      if (!ring) return tl::unexpected(ring.error());
      handover->rings_.back() = std::move(*ring);
    }
  }
  return handover;
}

}  // namespace yoke::io
