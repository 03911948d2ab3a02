// SPDX-License-Identifier: Apache-2.0
// Bytes as a lease page that the data plane finds, and that a writer takes over: nothing holds for
// longer than any lease, and what the writer has made of it is one.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "dataplane/api/lease_writer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace yoke::api;
  constexpr const char* kBoot = "0f3c6c1e-3f0d-4b39-9a55-6a1c1d6f2a10";
  constexpr LeaseTime kNow{std::chrono::hours(1)};
  alignas(LeasePage) static std::uint8_t bytes[sizeof(LeasePage)];
  std::memset(bytes, 0, sizeof bytes);
  std::copy_n(data, std::min(size, sizeof bytes), bytes);
  auto& page = *reinterpret_cast<LeasePage*>(bytes);
  const std::uint64_t blue = group_identity("blue");
  const auto is_sound = [&](std::uint64_t group) {
    const auto line = page.find(group);
    if (!line) return true;
    const auto rest = page.lines[*line].remaining(group, kNow);
    return rest.count() >= 0 && rest <= kLeaseMost;
  };
  (void)page.is_of(kBoot);
  if (!is_sound(blue) || !is_sound(group_identity(""))) std::abort();
  LeaseWriter writer(page, kBoot);
  if (!page.is_of(kBoot)) std::abort();
  if (const auto line = writer.claim("blue")) {
    writer.grant(*line, 1, kNow + std::chrono::milliseconds(20));
    if (!page.lines[*line].holds(blue, kNow)) std::abort();
    writer.revoke(*line);
    if (page.lines[*line].holds(blue, kNow)) std::abort();
  }
  return 0;
}
