// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/config.h"

#include <gtest/gtest.h>

namespace yoke::model {
namespace {

const Path kPool{{"pool", "web"}};
const Path kServer{{"pool", "web", "server", "192.0.2.11:80"}};
const Path kVip{{"vip", "web"}};

TEST(Config, HoldsCanonicalTextAndLeavesDefaultsOut) {
  Config config;
  ASSERT_TRUE(config.set(
      Path{{"vip", "web"}},
      {{"address", "[2001:DB8::1]:80/tcp"}, {"idle-timeout", "60s"}, {"enabled", "yes"}}));
  const Fields expected{{"address", "[2001:db8::1]:80/tcp"}, {"idle-timeout", "1m"}};
  ASSERT_NE(config.find(kVip), nullptr);
  EXPECT_EQ(*config.find(kVip), expected);
  EXPECT_EQ(config.value(kVip, "enabled"), "yes");
}

TEST(Config, SettingAFieldBackToItsDefaultMakesConfigurationsEqual) {
  Config one;
  Config other;
  ASSERT_TRUE(one.set(kPool, {}));
  ASSERT_TRUE(other.set(kPool, {{"method", "dsr"}}));
  EXPECT_NE(one, other);
  ASSERT_TRUE(other.set(kPool, {{"method", "nat"}}));
  EXPECT_EQ(one, other);
}

TEST(Config, MakesTheRecordsAroundTheOneThatIsSet) {
  Config config;
  ASSERT_TRUE(config.set(kServer, {{"weight", "2"}}));
  EXPECT_NE(config.find(kPool), nullptr);
  EXPECT_EQ(config.value(kServer, "weight"), "2");
  EXPECT_EQ(config.value(kServer, "enabled"), "yes");
}

TEST(Config, OneServerHasOneKeyHoweverItIsSpelled) {
  Config config;
  ASSERT_TRUE(config.set(Path{{"pool", "web", "server", "[2001:DB8::0:1]:80"}}, {}));
  ASSERT_TRUE(config.set(Path{{"pool", "web", "server", "[2001:db8::1]:80"}}, {{"weight", "3"}}));
  EXPECT_EQ(config.keys("server", kPool), std::vector<std::string>{"[2001:db8::1]:80"});
}

TEST(Config, ListsKeysOfOneKindBelowOneParent) {
  Config config;
  for (const char* pool : {"a", "ab", "b"}) {
    for (const char* server : {"192.0.2.1:80", "192.0.2.2:80"}) {
      ASSERT_TRUE(config.set(Path{{"pool", pool, "server", server}}, {}));
    }
    ASSERT_TRUE(config.set(Path{{"pool", pool, "check", "tcp"}}, {}));
  }
  EXPECT_EQ(config.keys("pool"), (std::vector<std::string>{"a", "ab", "b"}));
  EXPECT_EQ(config.keys("server", Path{{"pool", "a"}}),
            (std::vector<std::string>{"192.0.2.1:80", "192.0.2.2:80"}));
  EXPECT_EQ(config.keys("check", Path{{"pool", "b"}}), std::vector<std::string>{"tcp"});
  EXPECT_TRUE(config.keys("server", Path{{"pool", "c"}}).empty());
  EXPECT_TRUE(config.keys("vip").empty());
}

struct BadEdit {
  Path path;
  Fields fields;
  std::string_view id;
};

TEST(Config, RefusesWhatTheSchemaDoesNotKnowAndChangesNothing) {
  const BadEdit rows[] = {
      {Path{}, {}, "E-106"},
      {Path{{"pool"}}, {}, "E-106"},
      {Path{{"pool", "web", "server"}}, {}, "E-106"},
      {Path{{"poool", "web"}}, {}, "E-101"},
      {Path{{"server", "192.0.2.1:80"}}, {}, "E-101"},
      {Path{{"vip", "web", "server", "192.0.2.1:80"}}, {}, "E-101"},
      {Path{{"pool", "web", "server", "192.0.2.1:80", "check", "tcp"}}, {}, "E-101"},
      {Path{{"pool", "9"}}, {}, "E-102"},
      {Path{{"pool", "web", "server", "192.0.2.1"}}, {}, "E-104"},
      {Path{{"pool", "web", "check", "ftp"}}, {}, "E-102"},
      {Path{{"pool", "web", "check", "http:"}}, {}, "E-102"},
      {Path{{"pool", "web", "check", "http:a b"}}, {}, "E-102"},
      {kPool, {{"weight", "1"}}, "E-101"},
      {kPool, {{"method", "dsr"}, {"scheduler", "lc"}}, "E-102"},
      {Path{{"pool", "web", "check", "tcp"}}, {{"path", "/"}}, "E-101"},
  };
  Config config;
  ASSERT_TRUE(config.set(kServer, {}));
  const Config before = config;
  for (const BadEdit& row : rows) {
    const auto done = config.set(row.path, row.fields);
    ASSERT_FALSE(done) << row.path.to_string();
    EXPECT_EQ(done.error().id, row.id) << row.path.to_string() << ": " << done.error().text;
    EXPECT_EQ(config, before);
  }
}

TEST(Config, ACheckHasTheFieldsOfItsTypeAlone) {
  Config config;
  const Path tcp = kPool.child("check", "tcp");
  ASSERT_TRUE(config.set(tcp, {{"interval", "5s"}}));
  EXPECT_EQ(config.value(tcp, "path"), "");
  EXPECT_EQ(config.value(kPool.child("check", "http"), "path"), "/");
}

TEST(Config, RemovesARecordWithAllBelowItAndNothingElse) {
  Config config;
  ASSERT_TRUE(config.set(kServer, {}));
  ASSERT_TRUE(config.set(Path{{"pool", "web2", "server", "192.0.2.1:80"}}, {}));
  ASSERT_TRUE(config.remove(kPool));
  EXPECT_EQ(config.find(kServer), nullptr);
  EXPECT_EQ(config.keys("pool"), std::vector<std::string>{"web2"});
  EXPECT_EQ(config.remove(kPool).error().id, "E-404");
  EXPECT_EQ(config.remove(kPool).error().kind, Errc::kNotFound);
}

TEST(Config, RemovesNamedFieldsAllOrNone) {
  Config config;
  ASSERT_TRUE(config.set(kVip, {{"pool", "web"}, {"snat", "192.0.2.1"}}));
  const Config before = config;
  EXPECT_EQ(config.remove(kVip, {"snat", "idle-timeout"}).error().id, "E-404");
  EXPECT_EQ(config.remove(kVip, {"snat", "colour"}).error().id, "E-101");
  EXPECT_EQ(config, before);
  ASSERT_TRUE(config.remove(kVip, {"snat"}));
  EXPECT_EQ(*config.find(kVip), (Fields{{"pool", "web"}}));
}

Config web_and_its_vip() {
  Config config;
  EXPECT_TRUE(config.set(kServer, {{"weight", "2"}}));
  EXPECT_TRUE(config.set(Path{{"pool", "web", "check", "http"}},
                         {{"path", "/health"}, {"interval", "1s"}}));
  EXPECT_TRUE(config.set(Path{{"pool", "webs"}}, {{"method", "dsr"}}));
  EXPECT_TRUE(config.set(kVip, {{"address", "203.0.113.10:80/tcp"}, {"pool", "web"}}));
  return config;
}

TEST(Config, ACopyHasAllThatLivesInTheRecordAndTheRecordStays) {
  Config config = web_and_its_vip();
  const Config before = config;
  ASSERT_TRUE(config.copy(kPool, "shop"));
  EXPECT_EQ(config.records().size(), before.records().size() + 3);
  for (const auto& [path, fields] : before.records()) EXPECT_EQ(*config.find(path), fields);
  EXPECT_EQ(config.value(Path{{"pool", "shop", "server", "192.0.2.11:80"}}, "weight"), "2");
  EXPECT_EQ(config.value(Path{{"pool", "shop", "check", "http"}}, "path"), "/health");
  EXPECT_EQ(config.value(kVip, "pool"), "web");
}

TEST(Config, ACheckCopiedToAnotherKindKeepsTheFieldsThatKindHas) {
  Config config = web_and_its_vip();
  ASSERT_TRUE(config.copy(Path{{"pool", "web", "check", "http"}}, "tcp"));
  EXPECT_EQ(*config.find(Path{{"pool", "web", "check", "tcp"}}), (Fields{{"interval", "1s"}}));
}

TEST(Config, WhatRefersToARecordFollowsItToItsNewName) {
  Config config = web_and_its_vip();
  Config copied = config;
  ASSERT_TRUE(config.rename(kPool, "shop"));
  EXPECT_EQ(config.find(kPool), nullptr);
  EXPECT_EQ(config.find(kServer), nullptr);
  EXPECT_EQ(config.value(kVip, "pool"), "shop");
  // There and back is nowhere.
  ASSERT_TRUE(config.rename(Path{{"pool", "shop"}}, "web"));
  EXPECT_EQ(config, copied);
  // A server of the same address elsewhere, and a VIP of the same name, are others.
  ASSERT_TRUE(config.rename(kServer, "[2001:DB8::0]:80"));
  EXPECT_EQ(config.value(Path{{"pool", "web", "server", "[2001:db8::]:80"}}, "weight"), "2");
  ASSERT_TRUE(config.rename(kVip, "shop"));
  EXPECT_EQ(config.value(Path{{"vip", "shop"}}, "pool"), "web");
}

TEST(Config, CopiesOfCopiesHaveAnEnd) {
  Config config;
  for (int i = 0; i < 1000; ++i) {
    const auto server = "192.0." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ":80";
    ASSERT_TRUE(config.set(Path{{"pool", "web", "server", server}}, {}));
  }
  Status copied;
  for (int i = 0; i < 1000 && copied; ++i) copied = config.copy(kPool, "p" + std::to_string(i));
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().id, "E-407");
  EXPECT_LE(config.records().size(), kRecordsMax);
}

TEST(Config, ARecordOfWhichThereIsOneIsThereOnceSomethingIsSetInIt) {
  Config config;
  EXPECT_EQ(only("system").to_string(), "system");
  ASSERT_TRUE(config.set(only("system"), {}));
  EXPECT_EQ(config, Config());
  ASSERT_TRUE(config.set(only("system"), {{"name", "lb-a"}, {"banner", "hands off"}}));
  EXPECT_EQ(config.value(only("system"), "name"), "lb-a");
  ASSERT_TRUE(config.remove(only("system"), {"banner"}));
  ASSERT_TRUE(config.remove(only("system"), {"name"}));
  EXPECT_EQ(config, Config());
  EXPECT_EQ(config.remove(only("system")).error().id, "E-404");
  EXPECT_EQ(config.set(Path{{"system", "lb-a"}}, {}).error().id, "E-102");
}

TEST(Config, ARenameOrCopyThatCannotBeChangesNothing) {
  struct Row {
    Path path;
    std::string to;
    std::string_view id;
  };
  const Row rows[] = {
      {kPool, "webs", "E-408"},
      {kPool, "web", "E-408"},
      {kPool, "9", "E-102"},
      {kServer, "192.0.2.11", "E-104"},
      {Path{{"pool", "none"}}, "shop", "E-404"},
      {Path{{"pol", "web"}}, "shop", "E-101"},
      {Path{{"pool", "web", "check", "http"}}, "ftp", "E-102"},
      {only("system"), "lb-a", "E-102"},
  };
  const Config before = web_and_its_vip();
  for (const Row& row : rows) {
    Config config = before;
    EXPECT_EQ(config.rename(row.path, row.to).error().id, row.id) << row.path.to_string();
    EXPECT_EQ(config.copy(row.path, row.to).error().id, row.id) << row.path.to_string();
    EXPECT_EQ(config, before);
  }
}

}  // namespace
}  // namespace yoke::model
