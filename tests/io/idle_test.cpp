// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <time.h>

#include <thread>

#include "dataplane/io/packet_engine.h"
#include "tests/io/lab.h"
#include "tests/unit/lb/rig.h"

namespace yoke::io {
namespace {

// Processor time of the whole process per second that passes.
double busy_share(std::chrono::milliseconds during) {
  const auto cpu = [] {
    timespec t{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
  };
  const auto start = std::chrono::steady_clock::now();
  const double before = cpu();
  std::this_thread::sleep_for(during);
  const double spent = cpu() - before;
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
  return spent / passed.count();
}

std::unique_ptr<PacketEngine> start(const RingPort& wan, IdleMode idle) {
  auto config = engine_config({wan.config()});
  config.idle = idle;
  auto started = PacketEngine::start(config, eal());
  EXPECT_TRUE(started) << started.error().text;
  (*started)->publish(rig_snapshot());
  return std::move(*started);
}

// The worst case: no descriptor tells of new frames, so the worker must look by itself.
TEST(Idle, AnAdaptiveWorkerWithNothingToDoCostsLessThanATwentiethOfACore) {
  const RingPort wan("wan", 1, 1);
  const auto engine = start(wan, IdleMode::kAdaptive);
  const auto rounds = engine->worker_rounds(0);
  const double share = busy_share(std::chrono::milliseconds(1500));
  RecordProperty("share", std::to_string(share));
  EXPECT_LT(share, 0.05);
  EXPECT_GT(engine->worker_rounds(0), rounds + 100);  // it did look
}

TEST(Idle, APollingWorkerNeverSleeps) {
  const RingPort wan("wan", 1, 1);
  const auto engine = start(wan, IdleMode::kPoll);
  EXPECT_GT(busy_share(std::chrono::milliseconds(300)), 0.2);
}

TEST(Idle, AWorkerAsleepTakesUpASnapshotAtOnce) {
  const RingPort wan("wan", 1, 1);
  const auto engine = start(wan, IdleMode::kAdaptive);
  const auto start_time = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) engine->publish(rig_snapshot());
  EXPECT_LT(std::chrono::steady_clock::now() - start_time, std::chrono::seconds(5));
}

}  // namespace
}  // namespace yoke::io
