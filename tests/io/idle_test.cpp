// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "dataplane/io/packet_engine.h"
#include "tests/io/lab.h"
#include "tests/unit/lb/rig.h"

namespace yoke::io {
namespace {

std::string line_of(const std::filesystem::path& file, const std::string& start) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(start)) return line.substr(start.size());
  }
  return {};
}

// How often worker 0 has given up its core by itself, as the kernel counts it.
std::uint64_t times_slept() {
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    const auto status = thread.path() / "status";
    if (line_of(status, "Name:\t") != "yoke-worker-0") continue;
    return std::stoull(line_of(status, "voluntary_ctxt_switches:"));
  }
  ADD_FAILURE() << "no thread yoke-worker-0";
  return 0;
}

std::unique_ptr<PacketEngine> start(const std::vector<PortConfig>& ports, IdleMode idle) {
  auto config = engine_config(ports);
  config.idle = idle;
  auto started = PacketEngine::start(config, eal());
  EXPECT_TRUE(started) << started.error().text;
  (*started)->publish(rig_snapshot());
  return std::move(*started);
}

// The worst case: no descriptor tells of new frames, so the worker must look by itself. A round on
// an empty port takes about a microsecond; two of them a millisecond are far below 5 % of a core.
TEST(Idle, AnAdaptiveWorkerWithNothingToDoSleepsAMillisecondAtATime) {
  const RingPort wan("wan", 1, 1);
  const auto engine = start({wan.config()}, IdleMode::kAdaptive);
  const auto before = times_slept();
  EXPECT_LT(rounds_per_ms(*engine), 3.0);
  EXPECT_GT(times_slept(), before);
}

TEST(Idle, APollingWorkerNeverSleeps) {
  const RingPort wan("wan", 1, 1);
  const auto engine = start({wan.config()}, IdleMode::kPoll);
  const auto rounds = engine->worker_rounds(0);
  const auto has_gone_on = [&](std::uint64_t count) {
    return eventually([&] { return engine->worker_rounds(0) > rounds + count; });
  };
  ASSERT_TRUE(has_gone_on(10'000));  // what a start takes is behind it
  const auto before = times_slept();
  ASSERT_TRUE(has_gone_on(200'000));
  EXPECT_EQ(times_slept(), before);
}

TEST(Idle, AWorkerAsleepRunsWhatWasPublishedLast) {
  RingPort wan("wan", 1, 1);
  const RingPort lan("lan", 1, 1);
  const auto engine = start({wan.config(), lan.config()}, IdleMode::kAdaptive);
  for (std::uint16_t i = 1; i <= 50; ++i) {
    const auto slept = times_slept();
    ASSERT_TRUE(eventually([&] { return times_slept() > slept; }));
    auto next = rig_snapshot();
    next->service_table = {};
    engine->publish(std::move(next));
    const auto frame =
        test::make_packet(lb::to_vip(lb::kDsrV4, 17, static_cast<std::uint16_t>(20000 + i)));
    ASSERT_TRUE(wan.send(frame));
    ASSERT_TRUE(eventually([&] { return drops(*engine, net::Drop::kNoService) == i; }));
    engine->publish(rig_snapshot());
    ASSERT_TRUE(wan.send(frame));
    ASSERT_TRUE(eventually([&] { return totals(*engine).tx == i; }));
  }
}

}  // namespace
}  // namespace yoke::io
