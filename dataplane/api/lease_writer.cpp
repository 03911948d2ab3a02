// SPDX-License-Identifier: Apache-2.0
#include "dataplane/api/lease_writer.h"

#include <algorithm>

namespace yoke::api {

LeaseWriter::LeaseWriter(LeasePage& page, std::string_view boot) noexcept : page_(page) {
  std::copy_n(boot.data(), std::min(boot.size(), boot_.size()), boot_.begin());
  // An earlier version's is taken on: what it has not written yet is 0.
  const bool is_ours = page.is_of(boot) && page.header.version <= LeaseHeader::kVersion;
  if (is_ours) {
    page.header.version = LeaseHeader::kVersion;
    page.header.oldest = LeaseHeader::kOldest;
    release_seconds();
  } else {
    make_anew();
  }
  // Greater than on any page before: what was seen of those is no answer to what happens here.
  const auto now = static_cast<std::uint64_t>(LeaseClock::now().time_since_epoch().count());
  auto& count = page.header.revocations;
  count.store(std::max(now, count.load(std::memory_order_relaxed) + 1), std::memory_order_release);
}

void LeaseWriter::make_anew() noexcept {
  LeaseHeader& header = page_.header;
  header.magic = {};
  header.spare = {};
  for (LeaseLine& line : page_.lines) {
    for (auto* word : {&line.expiry, &line.owner, &line.epoch, &line.drained, &line.redirected}) {
      word->store(0, std::memory_order_release);
    }
    line.spare = {};
  }
  header.version = LeaseHeader::kVersion;
  header.oldest = LeaseHeader::kOldest;
  header.boot = boot_;
  std::atomic_thread_fence(std::memory_order_release);
  header.magic = LeaseHeader::kMagic;  // last: until then it is no page
}

void LeaseWriter::release_seconds() noexcept {
  for (std::uint8_t i = 0; i < limits::kGroups; ++i) {
    const auto owner = page_.lines[i].owner.load(std::memory_order_relaxed);
    if (owner != 0 && page_.find(owner) != i) release(i);
  }
}

std::optional<std::uint8_t> LeaseWriter::claim(std::string_view group) noexcept {
  const std::uint64_t identity = group_identity(group);
  auto found = page_.find(identity);
  if (!found) {
    found = page_.find(0);
    if (!found) return std::nullopt;
    LeaseLine& line = page_.lines[*found];
    line.expiry.store(0, std::memory_order_release);
    line.epoch.store(0, std::memory_order_release);
    line.owner.store(identity, std::memory_order_release);
  }
  claimed_[*found] = identity;
  return found;
}

void LeaseWriter::release(std::uint8_t line) noexcept {
  (void)revoke(line);
  page_.lines[line].owner.store(0, std::memory_order_release);
  claimed_[line] = 0;
}

void LeaseWriter::keep(std::span<const std::string> groups) noexcept {
  for (std::uint8_t i = 0; i < limits::kGroups; ++i) {
    const auto owner = page_.lines[i].owner.load(std::memory_order_relaxed);
    const bool is_kept = std::ranges::any_of(
        groups, [&](const std::string& group) { return group_identity(group) == owner; });
    if (owner != 0 && !is_kept) release(i);
  }
}

bool LeaseWriter::is_sound() const noexcept {
  if (!page_.is_of({boot_.data(), boot_.size()})) return false;
  for (std::size_t i = 0; i < claimed_.size(); ++i) {
    const bool is_claimed = claimed_[i] != 0;
    if (is_claimed && page_.lines[i].owner.load(std::memory_order_relaxed) != claimed_[i]) {
      return false;
    }
  }
  return true;
}

void LeaseWriter::grant(std::uint8_t line, std::uint64_t epoch, LeaseTime expiry) noexcept {
  LeaseLine& at = page_.lines[line];
  at.redirected.store(0, std::memory_order_release);
  at.drained.store(0, std::memory_order_release);
  if (at.epoch.load(std::memory_order_relaxed) != epoch) {
    at.expiry.store(0, std::memory_order_release);
    at.epoch.store(epoch, std::memory_order_release);
  }
  at.expiry.store(static_cast<std::uint64_t>(expiry.time_since_epoch().count()),
                  std::memory_order_release);
}

std::uint64_t LeaseWriter::revoke(std::uint8_t line) noexcept {
  LeaseLine& at = page_.lines[line];
  at.redirected.store(0, std::memory_order_release);
  at.drained.store(0, std::memory_order_release);
  at.expiry.store(0, std::memory_order_release);
  return count_revocation();
}

// Whoever finds no lease finds what is to be done instead.
std::uint64_t LeaseWriter::hand_over(std::uint8_t line, LeaseTime drained,
                                     LeaseTime redirected) noexcept {
  const auto word = [](LeaseTime time) {
    return static_cast<std::uint64_t>(time.time_since_epoch().count());
  };
  LeaseLine& at = page_.lines[line];
  at.redirected.store(word(redirected), std::memory_order_release);
  at.drained.store(word(drained), std::memory_order_release);
  at.expiry.store(0, std::memory_order_release);
  return count_revocation();
}

// The fence is one of a pair: either who wakes finds no lease, or we find that he is awake.
std::uint64_t LeaseWriter::count_revocation() noexcept {
  auto& count = page_.header.revocations;
  const std::uint64_t next = count.load(std::memory_order_relaxed) + 1;
  count.store(next, std::memory_order_release);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  return next;
}

}  // namespace yoke::api
