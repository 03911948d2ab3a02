// SPDX-License-Identifier: Apache-2.0
// Bytes as a burst of frames: each is length (one octet), port (low bit of the next), then the
// frame.
#include <cstdlib>

#include "tests/unit/lb/rig.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace yoke::lb;
  static Rig rig(0, 2, 64);
  // One burst in two meets lists and limits.
  static const Guard guard{.deny = std::make_shared<PrefixTable>(std::vector<yoke::net::Prefix>{
                               {ip("198.51.0.0"), 16}, {ip("2001:db8::"), 33}}),
                           .max_flows = 40,
                           .flow_interval = RateLimiter::interval(100),
                           .client_interval = RateLimiter::interval(10),
                           .client_mask = yoke::net::Prefix{ip("2001:db8::"), 64}.mask()};
  rig.guard_all(size % 2 == 0 ? guard : Guard{});
  // One in three meets a unit without a lease, which neither forwards nor answers.
  rig.served_ = size % 3 == 0 ? 0 : kEveryGroup;
  std::vector<yoke::test::Frame> frames;
  std::vector<Packet> burst;
  while (size > 2 && frames.size() < yoke::limits::kBurst) {
    const std::size_t length = std::min<std::size_t>(data[0], size - 2);
    frames.emplace_back(data + 2, data + 2 + length);
    burst.push_back(
        {nullptr, static_cast<std::uint16_t>(length), 0, static_cast<std::uint8_t>(data[1] & 1)});
    data += 2 + length;
    size -= 2 + length;
  }
  for (std::size_t i = 0; i < burst.size(); ++i) burst[i].data = frames[i].data();
  std::vector<Verdict> verdicts(burst.size());
  const auto dropped = [] {
    std::uint64_t sum = 0;
    for (const auto& counter : rig.counters_.drops) sum += counter.value();
    return sum;
  };
  const std::uint64_t before = dropped();
  rig.now_ += 50;
  rig.pipeline_.process(burst, verdicts, rig.snapshot_, rig.now_, rig.served_);
  rig.pipeline_.sweep(rig.snapshot_, rig.now_, rig.served_, 8);
  std::uint64_t expected = 0;
  for (const Verdict& v : verdicts) {
    expected += v.action == Action::kDrop ? 1 : 0;
    if (rig.served_ == 0 && v.action != Action::kDrop && v.action != Action::kPunt) std::abort();
  }
  if (dropped() - before != expected) std::abort();
  return 0;
}
