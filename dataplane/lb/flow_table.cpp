// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/flow_table.h"

namespace yoke::lb {

// Nine more than there are places, so that walk() may prefetch ahead without a test.
FlowTable::FlowTable(std::uint32_t capacity)
    : capacity_(capacity), free_(0), index_(capacity * 2), flows_(capacity + std::size_t{9}) {}

Flow* FlowTable::insert(const Flow& flow) noexcept {
  std::uint32_t place = free_;
  if (place != 0) {
    free_ = flows_[place].server_hash;
  } else if (fresh_ <= capacity_) {
    place = fresh_++;
  } else {
    return nullptr;
  }
  flows_[place] = flow;
  flows_[place].in_use = 1;
  ++size_;
  if (!index_.insert(flow.client_hash, place << 1)) {
    flows_[place].is_nat = 0;  // only its client side may be looked for when it is erased
    erase(&flows_[place]);
    return nullptr;
  }
  if (flow.is_nat != 0 && !index_.insert(flow.server_hash, place << 1 | 1)) {
    erase(&flows_[place]);
    return nullptr;
  }
  return &flows_[place];
}

void FlowTable::erase(Flow* flow) noexcept {
  const auto place = static_cast<std::uint32_t>(flow - &flows_[0]);
  index_.erase(flow->client_hash, place << 1);
  if (flow->is_nat != 0) index_.erase(flow->server_hash, place << 1 | 1);
  flow->in_use = 0;
  flow->server_hash = free_;
  free_ = place;
  --size_;
}

}  // namespace yoke::lb
