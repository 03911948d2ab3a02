// SPDX-License-Identifier: Apache-2.0
#include "dataplane/api/difference.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/api/random_messages.h"

namespace yoke::api {
namespace {

constexpr int kRounds = 300;

// In the order of names.
Configuration sorted(Configuration configuration) {
  std::ranges::sort(configuration.pools, {}, &Pool::name);
  std::ranges::sort(configuration.vips, {}, &Vip::name);
  return configuration;
}

// `from` with some of its parts gone, others replaced by those of another.
Configuration altered(const Configuration& from, testing::RandomMessages& random) {
  Configuration made = random.configuration();
  made.hash_key = from.hash_key;
  for (Pool& pool : made.pools) {
    for (const Pool& before : from.pools) {
      if (before.name == pool.name && random.flag()) pool = before;
    }
  }
  for (Vip& vip : made.vips) {
    for (const Vip& before : from.vips) {
      if (before.name == vip.name && random.flag()) vip = before;
    }
  }
  return made;
}

TEST(Difference, TurnsOneIntoTheOther) {
  for (unsigned seed = 0; seed < kRounds; ++seed) {
    testing::RandomMessages random(seed);
    const auto from = random.configuration();
    const auto to = altered(from, random);
    const auto what = difference(from, to);
    EXPECT_EQ(what.base, digest(from));
    EXPECT_EQ(applied(from, what), sorted(to)) << seed;
    EXPECT_EQ(digest(applied(from, what)), digest(to)) << seed;
  }
}

TEST(Difference, HoldsNothingThatIsTheSameInBoth) {
  for (unsigned seed = 0; seed < kRounds; ++seed) {
    testing::RandomMessages random(seed);
    const auto from = random.configuration();
    const auto to = altered(from, random);
    const auto what = difference(from, to);
    for (const Pool& pool : what.pools) EXPECT_EQ(std::ranges::count(from.pools, pool), 0);
    for (const Vip& vip : what.vips) EXPECT_EQ(std::ranges::count(from.vips, vip), 0);
    const auto same = difference(from, from);
    EXPECT_TRUE(same.pools.empty() && same.vips.empty() && same.pools_gone.empty() &&
                same.vips_gone.empty());
  }
}

TEST(Difference, AServersStateIsPartOfItsPool) {
  const auto server = *net::Endpoint::parse("192.0.2.11:80");
  Configuration from;
  from.pools = {{"web", Method::kNat, {{server, 1, ServerState::kUp}}}};
  Configuration to = from;
  EXPECT_TRUE(apply({{"web", server, ServerState::kDown}, {"other", server, {}}}, to));
  EXPECT_FALSE(apply({{"web", server, ServerState::kDown}}, to)) << "it is down already";
  EXPECT_EQ(digest(from), digest(to));
  EXPECT_EQ(difference(from, to).pools, to.pools);
}

}  // namespace
}  // namespace yoke::api
