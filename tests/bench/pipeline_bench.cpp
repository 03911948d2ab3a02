// SPDX-License-Identifier: Apache-2.0
// The packet path on one core, against the least that could be done with the same packets.
//
// Packets lie in buffers as a packet pool lays them out, 131,072 of them or more, so many that
// their lines are twice what the last cache holds: each is cold when its turn comes. The roofline
// swaps the MAC addresses of the same packets in the same bursts. Both look at the line in front of
// a packet where its length is, and are timed in turn, several times, in this one run; the ratio of
// their medians is what counts, since times on a shared machine do not.
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "dataplane/api/lease_writer.h"
#include "dataplane/io/lease_gate.h"
#include "dataplane/net/headers.h"
#include "tests/unit/lb/rig.h"

namespace yoke::lb {
namespace {

// A buffer: 128 octets about it, 128 in front of the packet, 2,048 for it.
constexpr std::size_t kStride = 2304, kData = 256, kLength = 60;
constexpr int kRounds = 5;

// Two lines of each buffer are touched. A power of two, at most 2.4 GB.
std::size_t buffers_wanted() {
  const long cache = ::sysconf(_SC_LEVEL3_CACHE_SIZE);
  const std::size_t lines = cache > 0 ? static_cast<std::size_t>(cache) / 64 : 0;
  return std::clamp<std::size_t>(std::bit_ceil(lines), std::size_t{1} << 17, std::size_t{1} << 20);
}
const std::size_t kBuffers = buffers_wanted();

// Buffers as a packet pool lays them out, one packet in each.
class Packets {
 public:
  struct About {
    std::uint16_t length;
    std::uint8_t port;
  };
  Packets() : memory_(kBuffers * kStride) {}
  void put(std::size_t i, const test::Frame& frame, std::uint8_t port) {
    about(i) = {kLength, port};
    std::memcpy(at(i), frame.data(), std::min(frame.size(), kLength));
  }
  About& about(std::size_t i) { return reinterpret_cast<About&>(memory_[i * kStride]); }
  std::uint8_t* at(std::size_t i) { return &memory_[i * kStride + kData]; }

 private:
  PageArray<std::uint8_t> memory_;
};

using Seconds = std::chrono::duration<double>;

// Nanoseconds a packet for one pass over all buffers.
template <typename Burst>
double pass(Packets& packets, Burst&& burst) {
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t first = 0; first < kBuffers; first += limits::kBurst) {
    for (std::size_t i = 0; i < limits::kBurst; ++i) {
      const std::size_t next = (first + limits::kBurst + i) % kBuffers;
      __builtin_prefetch(&packets.about(next));
      __builtin_prefetch(packets.at(next), 1);
    }
    burst(first);
  }
  return Seconds(std::chrono::steady_clock::now() - start).count() * 1e9 /
         static_cast<double>(kBuffers);
}

void swap_macs(Packets& packets, std::size_t first) {
  for (std::size_t i = 0; i < limits::kBurst; ++i) {
    std::uint8_t* data = packets.at(first + i);
    if (packets.about(first + i).length < sizeof(net::EthernetHeader)) continue;
    auto& ethernet = net::header_at<net::EthernetHeader>(data);
    std::swap(ethernet.source, ethernet.destination);
  }
}

test::PacketSpec spec_of_flow(std::uint32_t flow, const char* vip) {
  test::PacketSpec spec;
  spec.source = net::IpAddress::v4(100, static_cast<std::uint8_t>(64 + (flow >> 18 & 63)),
                                   static_cast<std::uint8_t>(flow >> 10),
                                   static_cast<std::uint8_t>(flow >> 2))
                    .to_string();
  spec.source_port = static_cast<std::uint16_t>(1024 + (flow * 4 + flow % 4) % 60000);
  spec.destination = vip;
  spec.payload = 6;
  return spec;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Case {
  const char* name;
  const char* vip;
  std::uint32_t flows;
  bool both_directions;
};

class Bench {
 public:
  explicit Bench(const Case& c)
      : case_(c), rig_(0, 1, c.flows + c.flows / 4 + 1024), frames_(kBuffers) {
    // More addresses than one VIP has ports, as a unit of that size would be given.
    for (auto& service : rig_.snapshot_.services) {
      for (std::uint8_t i = 1; i < 16 && service.address.is_v4(); ++i) {
        service.snat.push_back(net::IpAddress::v4(203, 0, 114, i));
      }
    }
    rig_.rebuild();
    open_flows();
  }

  void run() {
    std::vector<double> roof, work, leased;
    for (int round = 0; round < kRounds; ++round) {
      fill();
      roof.push_back(pass(packets_, [&](std::size_t first) { swap_macs(packets_, first); }));
      fill();
      work.push_back(pass(packets_, [&](std::size_t first) { process(first, kEveryGroup); }));
      fill();
      leased.push_back(pass(packets_, [&](std::size_t first) { process_under_lease(first); }));
    }
    std::printf("%-22s %10.1f %10.1f %8.2f %10.1f %12zu\n", case_.name, median(roof), median(work),
                median(roof) / median(work), median(leased), std::size_t{rig_.flows_.size()});
  }

 private:
  void open_flows() {
    std::mt19937 random(1);
    for (std::uint32_t flow = 0; flow < case_.flows; ++flow) {
      const auto forwarded = rig_.send(spec_of_flow(flow, case_.vip));
      if (forwarded.verdict.action != Action::kForward) continue;
      // A uniform sample of flows, one for each buffer (reservoir sampling).
      const std::size_t place = flow < kBuffers ? flow : random() % (flow + std::size_t{1});
      if (place >= kBuffers) continue;
      const bool answer = case_.both_directions && random() % 2 == 0;
      auto spec = spec_of_flow(flow, case_.vip);
      spec.tcp_flags = kTcpAck;
      frames_[place] = test::make_packet(answer ? answer_spec(forwarded) : spec);
      ports_[place] = answer ? 1 : 0;
    }
    for (std::size_t i = case_.flows; i < kBuffers; ++i) {
      frames_[i] = frames_[i % case_.flows];
      ports_[i] = ports_[i % case_.flows];
    }
    const auto order = std::size_t{kBuffers};
    for (std::size_t i = order - 1; i > 0; --i) {
      const std::size_t j = random() % (i + 1);
      std::swap(frames_[i], frames_[j]);
      std::swap(ports_[i], ports_[j]);
    }
  }
  static test::PacketSpec answer_spec(const Rig::Result& forwarded) {
    auto spec = Rig::answer_to(forwarded, kTcpAck);
    spec.payload = 6;
    return spec;
  }
  void fill() {
    for (std::size_t i = 0; i < kBuffers; ++i) packets_.put(i, frames_[i], ports_[i]);
  }
  // As a worker does whose VIPs are all of a held group: the lease is looked at before the burst is
  // decided and before it is sent.
  void process_under_lease(std::size_t first) {
    if (first % kRenewEvery == 0) {
      writer_.grant(line_, 1, api::LeaseClock::now() + std::chrono::seconds(4));
    }
    process(first, gate_.served(under_lease_));
    if ((gate_.served(under_lease_) & group_bit(0)) == 0) std::abort();
  }
  void process(std::size_t first, GroupSet served) {
    std::array<Packet, limits::kBurst> burst;
    std::array<Verdict, limits::kBurst> verdicts;
    for (std::size_t i = 0; i < limits::kBurst; ++i) {
      const Packets::About about = packets_.about(first + i);
      burst[i] = {packets_.at(first + i), about.length, 0, about.port};
    }
    rig_.pipeline_.process(burst, verdicts, rig_.snapshot_, rig_.now_, served);
  }

  Case case_;
  Rig rig_;
  Packets packets_;
  std::vector<test::Frame> frames_;
  std::vector<std::uint8_t> ports_ = std::vector<std::uint8_t>(kBuffers);
  static constexpr std::size_t kRenewEvery = 16384;
  std::unique_ptr<api::LeasePage> page_ = std::make_unique<api::LeasePage>();
  api::LeaseWriter writer_{*page_, "0f3c6c1e-3f0d-4b39-9a55-6a1c1d6f2a10"};
  std::uint8_t line_ = *writer_.claim("");
  io::LeaseGate gate_{*page_};
  Snapshot under_lease_ = [this] {
    Snapshot snapshot;
    snapshot.standing = 0;
    snapshot.held = {{0, line_, api::group_identity("")}};
    return snapshot;
  }();
};

}  // namespace
}  // namespace yoke::lb

int main() {
  using namespace yoke::lb;
  std::printf("%-22s %10s %10s %8s %10s %12s\n", "", "swap ns", "ours ns", "ratio", "leased ns",
              "flows");
  const Case cases[] = {{"dsr    1 k flows", kDsrV4, 1024, false},
                        {"dsr    1 M flows", kDsrV4, 1U << 20, false},
                        {"nat    1 k flows", kNatV4, 1024, true},
                        {"nat    1 M flows", kNatV4, 1U << 20, true}};
  for (const Case& c : cases) Bench(c).run();
  return 0;
}
