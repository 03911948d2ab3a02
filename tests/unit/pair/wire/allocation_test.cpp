// SPDX-License-Identifier: Apache-2.0
// Counts what is allocated, here and within OpenSSL, so this is a program of its own.
#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <cstdlib>
#include <new>

#include "tests/unit/pair/wire/rig.h"

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

TEST(Session, AllocatesNothingAfterItsConstruction) {
  ASSERT_TRUE(kCounting);
  Session a(start_of(0, 1)), b(start_of(1, 1)), again(start_of(0, 2)), old(start_of(0, 3));
  ASSERT_GT(allocations, 0U);
  Frame frame(2000);
  const Frame body(1400);
  const auto carry = [&](Session& from, Session& to, bool is_hello) {
    if (is_hello) from.compose_hello(kStartTime);
    const std::size_t size = is_hello ? from.seal_hello(0, frame) : from.seal(0, body, frame);
    return to.open(0, {frame.data(), size}, kStartTime).has_value();
  };
  const std::size_t before = allocations;
  for (int i = 0; i < 3; ++i) {
    (void)carry(a, b, true);
    (void)carry(b, a, true);
  }
  bool all = true;
  for (int i = 0; i < 1000; ++i) all = all && carry(a, b, false) && carry(b, a, false);
  EXPECT_TRUE(all);
  // Those that are refused: of an unknown boot, changed, replayed.
  for (int i = 0; i < 1000; ++i) all = all && !carry(old, b, false);
  frame[frame.size() / 2] ^= 1;
  for (int i = 0; i < 1000; ++i) all = all && !b.open(0, frame, kStartTime).has_value();
  // A new boot, and another key.
  (void)carry(again, b, true);
  (void)carry(b, again, true);
  (void)carry(again, b, true);
  all = all && carry(again, b, false);
  all = all && b.keys().add(key_of(2)) && again.keys().add(key_of(2));
  (void)carry(b, again, true);
  (void)carry(again, b, true);
  all = all && carry(again, b, false) && again.keys().sealing() == 2;
  EXPECT_EQ(allocations, before);
  EXPECT_TRUE(all);
}

}  // namespace
}  // namespace yoke::pair
