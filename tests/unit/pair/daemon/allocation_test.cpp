// SPDX-License-Identifier: Apache-2.0
// Counts what is allocated, here and within OpenSSL, so this is a program of its own.
#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <optional>
#include <utility>

#include "mgmt/pair/daemon/engine.h"

namespace {

std::size_t allocations = 0;

void* counted(std::size_t size, const char*, int) {
  ++allocations;
  return std::malloc(size);
}
void* counted_again(void* at, std::size_t size, const char*, int) {
  ++allocations;
  return std::realloc(at, size);
}
void give_back(void* at, const char*, int) { std::free(at); }

// Before OpenSSL allocates for the first time.
const bool kCounting = CRYPTO_set_mem_functions(counted, counted_again, give_back) == 1;

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* at = std::malloc(size)) return at;
  throw std::bad_alloc();
}
void operator delete(void* at) noexcept { std::free(at); }
void operator delete(void* at, std::size_t) noexcept { std::free(at); }

namespace yoke::pair {
namespace {

// A unit whose outlet keeps the frames of one turn, and allocates nothing either.
class Box final : public Outlet {
 public:
  explicit Box(Unit unit) {
    Engine::Parts parts;
    parts.settings.groups.push_back({"", 7, 100, false, false, false, {}});
    parts.session.unit = unit;
    parts.restarted = true;  // listens for a shorter time
    parts.session.boot.fill(static_cast<std::uint8_t>(static_cast<int>(unit) + 1));
    parts.session.key.id = 1;
    engine.emplace(parts, *this);
  }
  void send(std::uint8_t way, Bytes frame) override {
    if (count == frames.size()) return;
    ways[count] = way;
    sizes[count] = std::min(frame.size(), frames[count].size());
    std::copy_n(frame.begin(), sizes[count], frames[count].begin());
    ++count;
  }
  void set_lease(std::size_t, const Lease& lease) override { until = lease.until; }
  void hand_over_lease(std::size_t, const Lease& lease) override { until = lease.until; }
  void ask_for_vips(std::size_t) override {}
  void announce(std::size_t) override {}
  void withdraw(std::size_t) override {}
  void reclaim(std::size_t) override {}
  void flush_flows() override {}
  void reserve(std::size_t, Epoch up_to) override { reserving = up_to; }
  void save_maintenance(std::size_t, bool) override {}
  void report(const Report&) override {}
  void rotation_heard(Bytes) override {}

  std::optional<Engine> engine;
  std::array<std::array<std::uint8_t, 600>, 64> frames{};
  std::array<std::uint8_t, 64> ways{};
  std::array<std::size_t, 64> sizes{};
  std::size_t count = 0;
  MonoTime until{};
  Epoch reserving = 0;
};

void carry(Box& from, Box& to, MonoTime now) {
  for (std::size_t i = 0; i < from.count; ++i) {
    (void)to.engine->hear(from.ways[i], {from.frames[i].data(), from.sizes[i]}, now);
  }
  from.count = 0;
}

TEST(Engine, AllocatesNothingWhileItElectsServesAndTakesOver) {
  ASSERT_TRUE(kCounting);
  Box a(Unit::kA), b(Unit::kB);
  ASSERT_GT(allocations, 0U);
  MonoTime now{std::chrono::hours(5)};
  const std::size_t before = allocations;
  Tracking well;
  well.data_link = well.able = well.ready = true;
  for (Box* box : {&a, &b}) {
    for (std::size_t i = 0; i < box->engine->groups(); ++i) box->engine->track(i, well, now);
    box->engine->start(now);
  }
  bool is_cut = false;
  const auto run = [&](int milliseconds) {
    for (int i = 0; i < milliseconds; ++i, now += std::chrono::milliseconds(1)) {
      if (is_cut) a.count = b.count = 0;
      carry(a, b, now);
      carry(b, a, now);
      for (Box* box : {&a, &b}) {
        if (box->reserving != 0) box->engine->reserved(0, std::exchange(box->reserving, 0), now);
        if (now >= box->engine->wake_at()) box->engine->tick(now);
      }
    }
  };
  run(1000);
  const bool one_served = (a.until > now) != (b.until > now);
  is_cut = true;
  run(500);
  const bool both_served = a.until > now && b.until > now;  // as is said of a network cut in two
  is_cut = false;
  run(1000);
  std::size_t made = allocations;
  Settings more = a.engine->settings();
  more.groups.push_back({"more", 8, 100, false, false, false, {}});
  Engine::Plan plan(more, Unit::kA, {});
  made = allocations - made;
  a.engine->retire(plan, now);
  a.engine->adopt(plan, now);
  run(100);
  const std::size_t after = allocations - made;
  EXPECT_TRUE(one_served);
  EXPECT_TRUE(both_served);
  EXPECT_NE(a.until > now, b.until > now);
  EXPECT_EQ(after, before);
}

}  // namespace
}  // namespace yoke::pair
