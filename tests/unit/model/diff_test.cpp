// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/diff.h"

#include <gtest/gtest.h>

#include "mgmt/model/commands.h"
#include "tests/unit/model/random_config.h"

namespace yoke::model {
namespace {

Config config_of(const std::vector<std::string>& lines) {
  Config config;
  for (const std::string& line : lines) {
    const auto operations = parse_command(line);
    EXPECT_TRUE(operations && edit(config, *operations)) << line;
  }
  return config;
}

// Carries `changes` out, children before the records they live in when removing.
Config patched(Config config, const std::vector<Change>& changes) {
  for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
    if (change->kind == Change::Kind::kRemoved) {
      EXPECT_TRUE(config.remove(change->path));
    }
  }
  for (const Change& change : changes) {
    if (change.kind == Change::Kind::kRemoved) continue;
    Fields set;
    std::vector<std::string> unset;
    for (const auto& [name, values] : change.fields) {
      if (values.after) {
        set[name] = *values.after;
      } else {
        unset.push_back(name);
      }
    }
    EXPECT_TRUE(config.set(change.path, set));
    if (!unset.empty()) {
      EXPECT_TRUE(config.remove(change.path, unset));
    }
  }
  return config;
}

TEST(Diff, CarriedOutTurnsAnyConfigurationIntoAnyOther) {
  for (unsigned seed = 0; seed < testing::kSeeds; ++seed) {
    const Config before = testing::RandomConfig(seed).config();
    const Config after = testing::RandomConfig(seed + 1).config();
    const auto changes = diff(before, after);
    EXPECT_EQ(patched(before, changes), after) << "seed " << seed;
    EXPECT_EQ(changes.empty(), before == after);
    EXPECT_TRUE(diff(after, after).empty());
    std::set<std::string> pools;
    for (const Change& change : changes) {
      if (change.path.words[0] == "pool") pools.insert(change.path.words[1]);
    }
    EXPECT_EQ(keys_that_differ(before, after, "pool"), pools);
  }
}

TEST(Diff, ReadsAsPeopleSayIt) {
  const Config before =
      config_of({"set pool web server 192.0.2.9:80", "set pool web check http host \"a b\"",
                 "set vip web 203.0.113.10:80/tcp pool web"});
  const Config after =
      config_of({"set pool web server 192.0.2.13:80 weight 2", "set pool web method dsr",
                 "set pool web check http /health", "set vip web 203.0.113.10:80/tcp"});
  EXPECT_EQ(to_text(diff(before, after)),
            "~ pool web method nat -> dsr\n"
            "~ pool web check http host \"a b\" -> (none)\n"
            "~ pool web check http path / -> /health\n"
            "+ pool web server 192.0.2.13:80 weight 2\n"
            "- pool web server 192.0.2.9:80\n"
            "~ vip web pool web -> (none)\n");
  EXPECT_EQ(summary(diff(before, after)), "~1 pool +1 server -1 server ~1 check ~1 vip");
  EXPECT_EQ(summary(diff({}, config_of({"set pool a server 192.0.2.1:1 192.0.2.2:1"}))),
            "+1 pool +2 servers");
}

}  // namespace
}  // namespace yoke::model
