// SPDX-License-Identifier: Apache-2.0
#include "mgmt/system/files.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/unit/model/random_config.h"
#include "tests/unit/store/store_fixture.h"

namespace yoke::system {
namespace {

using store::must_set;

const std::string kKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
const std::string kOrigin = "# Written by yoke-mgmt from its configuration; edits are lost.\n";

TEST(Files, OfNothingSetAreThereAndSetNothing) {
  EXPECT_EQ(files_of({}), (Files{{"chrony.sources", kOrigin}, {"time-zone", "UTC\n"}}));
}

// One that names no server has every program ask the machine itself.
TEST(Files, HaveNoNamesWithoutAServer) {
  model::Config config;
  must_set(config, {"system", ""}, {{"dns-search", "example.net"}});
  EXPECT_FALSE(files_of(config).contains("resolv.conf"));
}

TEST(Files, SayWhatIsSetInTheWordsOfTheirPrograms) {
  model::Config config;
  must_set(config, {"system", ""},
           {{"time-zone", "America/Argentina/Buenos_Aires"},
            {"ntp-server", "192.0.2.123,2001:db8::7b,ntp.example.net"},
            {"dns-server", "192.0.2.53,2001:db8::53"},
            {"dns-search", "example.net,lab"},
            {"banner", "Hands off # all of it"}});
  EXPECT_EQ(files_of(config),
            (Files{{"resolv.conf", kOrigin + "search example.net lab\n"
                                             "nameserver 192.0.2.53\n"
                                             "nameserver 2001:db8::53\n"},
                   {"chrony.sources", kOrigin + "server 192.0.2.123 iburst\n"
                                                "server 2001:db8::7b iburst\n"
                                                "server ntp.example.net iburst\n"},
                   {"time-zone", "America/Argentina/Buenos_Aires\n"},
                   {"banner", "Hands off # all of it\n"}}));
}

TEST(Files, HaveTheKeysOfEachUserWhoHasAny) {
  model::Config config;
  must_set(config, {"user", "ann"}, {{"role", "admin"}});
  must_set(config, {"user", "ann", "ssh-key", "laptop"}, {{"key", kKey + " ann@laptop"}});
  must_set(config, {"user", "ann", "ssh-key", "desk"}, {{"key", kKey}});
  must_set(config, {"user", "bob"}, {{"role", "viewer"}});
  const Files files = files_of(config);
  EXPECT_EQ(files.at("ssh-keys/ann"), kKey + "\n" + kKey + " ann@laptop\n");
  EXPECT_FALSE(files.contains("ssh-keys/bob"));
}

std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

// Whatever a configuration holds: no value is two lines, and none leaves the folder.
TEST(Files, HaveOneLineAValue) {
  const auto size = [](const model::Config& config, std::string_view list) {
    const std::string text = config.value(model::only("system"), list);
    return text.empty() ? 0U : static_cast<std::size_t>(std::ranges::count(text, ',')) + 1;
  };
  for (unsigned seed = 0; seed < model::testing::kSeeds; ++seed) {
    const model::Config config = model::testing::RandomConfig(seed).config();
    const Files files = files_of(config);
    EXPECT_EQ(lines(files.at("chrony.sources")), 1 + size(config, "ntp-server")) << seed;
    if (size(config, "dns-server") > 0) {
      EXPECT_EQ(lines(files.at("resolv.conf")),
                1 + size(config, "dns-server") + (size(config, "dns-search") > 0 ? 1 : 0));
    }
    EXPECT_EQ(lines(files.at("time-zone")), 1U);
    for (const auto& [name, text] : files) {
      EXPECT_TRUE(
          std::ranges::all_of(text, [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
      EXPECT_LE(std::ranges::count(name, '/'), 1) << name;
      if (!name.starts_with("ssh-keys/")) continue;
      const std::string user = name.substr(name.find('/') + 1);
      EXPECT_LE(lines(text), config.keys("ssh-key", {{"user", user}}).size());
      EXPECT_TRUE(text.starts_with("ssh-")) << text;
    }
  }
}

}  // namespace
}  // namespace yoke::system
