// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/targets.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace yoke::health {
namespace {

using std::chrono::milliseconds;

net::Endpoint at(const std::string& text) { return *net::Endpoint::parse(text); }

TEST(Targets, ToTryAreDisabledServersAsWell) {
  model::Config config;
  ASSERT_TRUE(config.set(model::Path{{"pool", "web", "check", "tcp"}}, {}));
  ASSERT_TRUE(
      config.set(model::Path{{"pool", "web", "server", "10.0.0.1:80"}}, {{"enabled", "no"}}));
  EXPECT_TRUE(targets_of(config).empty());
  const auto all = targets_of(config, Servers::kAll);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].server, at("10.0.0.1:80"));
  EXPECT_EQ(all[0].checks.size(), 1U);
}

TEST(Targets, ThoseOfPassiveChecksAreServersThatTakeNewFlows) {
  model::Config config;
  const auto set = [&](std::vector<std::string> path, const model::Fields& fields) {
    const auto ok = config.set(model::Path{std::move(path)}, fields);
    ASSERT_TRUE(ok) << ok.error().text;
  };
  set({"pool", "web"}, {{"passive-failures", "7"}, {"passive-hold", "1m"}});
  set({"pool", "web", "server", "10.0.0.1:80"}, {});
  set({"pool", "web", "server", "10.0.0.2:80"}, {{"enabled", "no"}});
  set({"pool", "web", "server", "10.0.0.3:80"}, {{"weight", "0"}});
  set({"pool", "other", "server", "10.0.0.4:80"}, {});
  const auto passive = passive_targets_of(config, {"web", "other", "gone"});
  ASSERT_EQ(passive.size(), 1U);
  EXPECT_EQ(passive[0].pool, "web");
  EXPECT_EQ(passive[0].rules, (PassiveRules{7, std::chrono::seconds(10), std::chrono::minutes(1)}));
  EXPECT_EQ(passive[0].servers, std::vector{at("10.0.0.1:80")});
  const auto watched = targets_of(config);
  ASSERT_EQ(watched.size(), 2U);
  EXPECT_TRUE(watched[0].passive);
  EXPECT_TRUE(watched[0].checks.empty());
}

TEST(Targets, SayHowManyChecksMustPass) {
  for (const auto& [require, count] :
       {std::pair{"all", 3U}, std::pair{"any", 1U}, std::pair{"2", 2U}}) {
    model::Config config;
    for (const char* check : {"tcp", "http", "http:b"}) {
      ASSERT_TRUE(config.set(model::Path{{"pool", "web", "check", check}}, {}));
    }
    ASSERT_TRUE(config.set(model::Path{{"pool", "web", "server", "10.0.0.1:80"}}, {}));
    ASSERT_TRUE(config.set(model::Path{{"pool", "web"}}, {{"require", require}}));
    EXPECT_EQ(targets_of(config)[0].required, count) << require;
  }
}

TEST(Targets, AreTheServersInUseOfPoolsWithChecks) {
  model::Config config;
  const auto set = [&](std::vector<std::string> path, const model::Fields& fields) {
    const auto ok = config.set(model::Path{std::move(path)}, fields);
    ASSERT_TRUE(ok) << ok.error().text;
  };
  set({"pool", "web", "server", "10.0.0.1:80"}, {});
  set({"pool", "web", "server", "10.0.0.2:80"}, {{"enabled", "no"}});
  set({"pool", "web", "check", "http:up"}, {{"request", "HEAD"},
                                            {"path", "/up"},
                                            {"host", "www.example.net"},
                                            {"expect", "200-299,401"},
                                            {"port", "8080"},
                                            {"interval", "500ms"},
                                            {"timeout", "250ms"},
                                            {"rise", "4"},
                                            {"fall", "5"}});
  set({"pool", "web", "check", "tcp"}, {});
  set({"pool", "unchecked", "server", "10.0.0.3:80"}, {});
  const auto targets = targets_of(config);
  ASSERT_EQ(targets.size(), 1u);
  EXPECT_EQ(targets[0].pool, "web");
  EXPECT_EQ(targets[0].server, at("10.0.0.1:80"));
  ASSERT_EQ(targets[0].checks.size(), 2u);
  EXPECT_EQ(targets[0].required, 2U) << "all";
  Check http;
  http.key = "http:up";
  http.pool = "web";
  http.port = 8080;
  http.interval = milliseconds(500);
  http.timeout = milliseconds(250);
  http.rise = 4;
  http.fall = 5;
  http.settings = Settings({{"request", "HEAD"},
                            {"path", "/up"},
                            {"host", "www.example.net"},
                            {"expect", "200-299,401"},
                            {"header", ""},
                            {"body", ""}});
  EXPECT_EQ(targets[0].checks[0], http);
  Check tcp;
  tcp.pool = "web";
  tcp.settings = Settings({{"send", ""}, {"receive", ""}});
  EXPECT_EQ(targets[0].checks[1], tcp) << "the schema's defaults are the type's own";
}

}  // namespace
}  // namespace yoke::health
