// SPDX-License-Identifier: Apache-2.0
#include "dataplane/api/lease_writer.h"

#include <algorithm>

namespace yoke::api {

LeaseWriter::LeaseWriter(LeasePage& page, std::string_view boot) : page_(page) {
  const bool is_ours = page.is_of(boot) && page.header.version == LeaseHeader::kVersion;
  if (is_ours) return;
  page.header = {};
  for (LeaseLine& line : page.lines) {
    line.expiry.store(0, std::memory_order_release);
    line.owner.store(0, std::memory_order_release);
    line.epoch.store(0, std::memory_order_release);
    line.spare = {};
  }
  page.header.version = LeaseHeader::kVersion;
  page.header.oldest = LeaseHeader::kVersion;
  std::copy_n(boot.data(), std::min(boot.size(), page.header.boot.size()),
              page.header.boot.begin());
  std::atomic_thread_fence(std::memory_order_release);
  page.header.magic = LeaseHeader::kMagic;  // last: until then it is no page
}

std::optional<std::uint8_t> LeaseWriter::claim(std::string_view group) noexcept {
  const std::uint64_t identity = group_identity(group);
  if (const auto line = page_.find(identity)) return line;
  const auto free = page_.find(0);
  if (!free) return std::nullopt;
  LeaseLine& line = page_.lines[*free];
  line.expiry.store(0, std::memory_order_release);
  line.epoch.store(0, std::memory_order_release);
  line.owner.store(identity, std::memory_order_release);
  return free;
}

void LeaseWriter::release(std::uint8_t line) noexcept {
  revoke(line);
  page_.lines[line].owner.store(0, std::memory_order_release);
}

void LeaseWriter::grant(std::uint8_t line, std::uint64_t epoch, LeaseTime expiry) noexcept {
  LeaseLine& at = page_.lines[line];
  if (at.epoch.load(std::memory_order_relaxed) != epoch) {
    at.expiry.store(0, std::memory_order_release);
    at.epoch.store(epoch, std::memory_order_release);
  }
  at.expiry.store(static_cast<std::uint64_t>(expiry.time_since_epoch().count()),
                  std::memory_order_release);
}

void LeaseWriter::revoke(std::uint8_t line) noexcept {
  page_.lines[line].expiry.store(0, std::memory_order_release);
}

}  // namespace yoke::api
