// SPDX-License-Identifier: Apache-2.0
#include "dataplane/api/difference.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "dataplane/api/codec.h"
#include "tests/unit/api/random_messages.h"

namespace yoke::api {
namespace {

constexpr int kRounds = 300;

// In the order of names.
Configuration sorted(Configuration configuration) {
  std::ranges::sort(configuration.pools, {}, &Pool::name);
  std::ranges::sort(configuration.vips, {}, &Vip::name);
  std::ranges::sort(configuration.lists, {}, &PrefixList::name);
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
                same.vips_gone.empty() && same.lists.empty() && same.lists_gone.empty());
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

TEST(Difference, OfAListIsWhatWasAddedToItAndWhatIsGone) {
  std::vector<net::Prefix> many;
  for (unsigned i = 0; i < 5000; ++i) {
    const auto high = static_cast<std::uint8_t>(i >> 8), low = static_cast<std::uint8_t>(i);
    many.push_back({net::IpAddress::v4(10, high, low, 0), 24});
  }
  const auto one = *net::Prefix::parse("2001:db8::/48");
  Configuration from;
  from.lists = {{"bad", PrefixSet(many)}, {"other", PrefixSet(many)}};
  Configuration to = from;
  to.revision = 2;
  many[17] = one;
  to.lists.front().prefixes = PrefixSet(many);
  const auto what = difference(from, to);
  ASSERT_EQ(what.lists.size(), 1U);
  EXPECT_EQ(what.lists.front(),
            (ListDifference{"bad", {one}, {*net::Prefix::parse("10.0.17.0/24")}}));
  EXPECT_EQ(applied(from, what), to);
  EXPECT_LT(encode_stage(what).dump().size(), 500U);
  // What was not touched is not copied.
  EXPECT_EQ(applied(from, what).lists.back().prefixes.prefixes().data(),
            from.lists.back().prefixes.prefixes().data());
  EXPECT_EQ(difference(to, {}).lists_gone, (std::vector<std::string>{"bad", "other"}));
}

TEST(PrefixSet, IsTheSameHoweverItCame) {
  const auto set = [](const std::vector<std::string>& texts) {
    std::vector<net::Prefix> prefixes;
    for (const auto& text : texts) prefixes.push_back(*net::Prefix::parse(text));
    return PrefixSet(std::move(prefixes));
  };
  const auto a = set({"10.0.0.0/8", "2001:db8::/32", "10.0.0.0/9"});
  const auto b = set({"10.0.0.0/9", "10.0.0.0/9", "2001:db8::/32", "10.1.2.3/8"});
  EXPECT_EQ(a, b);
  EXPECT_EQ(a.digest(), b.digest());
  EXPECT_EQ(a.size(), 3U);
  EXPECT_FALSE(a == set({"10.0.0.0/8", "2001:db8::/32", "10.0.0.0/10"}));
  EXPECT_EQ(set({}), PrefixSet());
}

}  // namespace
}  // namespace yoke::api
