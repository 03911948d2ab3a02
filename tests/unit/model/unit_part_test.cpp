// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/unit_part.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "mgmt/model/schema.h"
#include "tests/unit/model/random_config.h"

namespace yoke::model {
namespace {

Config config_of(const Records& records) {
  Config config;
  for (const auto& [path, fields] : records) EXPECT_TRUE(config.set(path, fields));
  return config;
}

TEST(UnitPart, OnlyTopLevelKindsAreTheUnitsAsAWhole) {
  for (const RecordType& type : schema()) {
    if (type.of_unit) {
      EXPECT_TRUE(type.parent.empty()) << type.kind;
    }
  }
  EXPECT_TRUE(find_field(*find_type("system"), "name")->of_unit);
}

TEST(UnitPart, SplitTakesApartWhatIsMarkedAndNothingElse) {
  std::size_t own_records = 0;
  for (unsigned seed = 0; seed < testing::kSeeds; ++seed) {
    const Records whole = testing::RandomConfig(seed).config().records();
    const Parts parts = split(whole);
    own_records += parts.own.size();
    for (const auto& [path, fields] : parts.own) {
      const RecordType& type = *find_type(path.kind());
      for (const auto& [name, value] : fields) {
        EXPECT_TRUE(belongs_to_unit(type) || find_field(type, name)->of_unit) << name;
        EXPECT_EQ(whole.find(path)->at(name), value);
      }
    }
    for (const auto& [path, fields] : parts.shared) {
      const RecordType& type = *find_type(path.kind());
      EXPECT_FALSE(belongs_to_unit(type)) << type.kind;
      for (const auto& [name, value] : fields) EXPECT_FALSE(find_field(type, name)->of_unit);
    }
    EXPECT_TRUE(split(parts.shared).own.empty());
  }
  EXPECT_GT(own_records, 0U);
}

TEST(UnitPart, BothPartsAreConfigurationsAndTogetherTheOneThatWas) {
  for (unsigned seed = 0; seed < testing::kSeeds; ++seed) {
    const Records whole = testing::RandomConfig(seed).config().records();
    const auto [shared, own] = split(whole);
    EXPECT_EQ(join(shared, own), whole) << seed;
    EXPECT_EQ(config_of(shared).records(), shared) << seed;
    EXPECT_EQ(config_of(join(shared, own)).records(), whole) << seed;
  }
}

TEST(UnitPart, PartsOfDifferentConfigurationsJoinToAConfiguration) {
  for (unsigned seed = 0; seed < testing::kSeeds; ++seed) {
    const Records shared = split(testing::RandomConfig(seed).config().records()).shared;
    const Records own = split(testing::RandomConfig(seed + 1000).config().records()).own;
    const Records joined = join(shared, own);
    EXPECT_EQ(config_of(joined).records(), joined) << seed;
    EXPECT_EQ(split(joined).shared, shared) << seed;
  }
}

TEST(UnitPart, ANameAloneLeavesNothingToShare) {
  Config config;
  ASSERT_TRUE(config.set(only("system"), {{"name", "lb-a"}}));
  const Parts parts = split(config.records());
  EXPECT_TRUE(parts.shared.empty());
  ASSERT_TRUE(config.set(only("system"), {{"banner", "hello"}}));
  EXPECT_EQ(split(config.records()).own, parts.own);
  EXPECT_EQ(*split(config.records()).shared.find(only("system")), (Fields{{"banner", "hello"}}));
}

TEST(UnitPart, WhatAnotherSchemaMarkedStaysWhereItIs) {
  Records own;
  own.at(only("system"))["banner"] = "once the unit's own";
  own.at(Path{{"gadget", "a"}})["size"] = "7";
  const Records whole = join(Records(), own);
  EXPECT_EQ(whole, own);
}

TEST(UnitPart, KeepOwnFillsWhatIsLeftOpenAlone) {
  Config running;
  ASSERT_TRUE(running.set(only("system"), {{"name", "lb-b"}, {"banner", "of lb-b"}}));
  Config without;
  ASSERT_TRUE(without.set(only("system"), {{"banner", "new"}}));
  keep_own(without, running);
  EXPECT_EQ(without.value(only("system"), "name"), "lb-b");
  EXPECT_EQ(without.value(only("system"), "banner"), "new");
  Config with;
  ASSERT_TRUE(with.set(only("system"), {{"name", "lb-a"}}));
  keep_own(with, running);
  EXPECT_EQ(with.value(only("system"), "name"), "lb-a");
  EXPECT_EQ(with.value(only("system"), "banner"), "");
}

}  // namespace
}  // namespace yoke::model
