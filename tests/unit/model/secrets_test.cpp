// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/secrets.h"

#include <gtest/gtest.h>

#include "mgmt/model/commands.h"
#include "mgmt/model/json.h"

namespace yoke::model {
namespace {

const Path kCheck{{"pool", "db", "check", "redis"}};

Config with_password(const std::string& password) {
  Config config;
  EXPECT_TRUE(config.set(kCheck, {{"user", "watch"}, {"password", password}}));
  return config;
}

TEST(Secrets, AreHiddenAndNothingElseIs) {
  const Config shown = hide_secrets(with_password("hunter2"));
  EXPECT_EQ(shown.value(kCheck, "password"), kHidden);
  EXPECT_EQ(shown.value(kCheck, "user"), "watch");
  EXPECT_EQ(to_commands(shown).find("hunter2"), std::string::npos);
}

TEST(Secrets, ThatChangedAreChangesWithoutTheirValues) {
  const auto changes = hide_secrets(diff(with_password("old"), with_password("new")));
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(to_text(changes), "~ pool db check redis password ******** -> ********\n");
  const auto added = hide_secrets(diff(Config{}, with_password("new")));
  EXPECT_EQ(to_text(added).find("new"), std::string::npos);
}

TEST(Secrets, ThatTwoChangedAreAConflictWithoutTheirValues) {
  const auto conflicts = hide_secrets(std::vector<Conflict>{{kCheck, "password", "mine", "theirs"},
                                                            {kCheck, "user", "ann", "bob"},
                                                            {Path{}, "", {}, {}}});
  EXPECT_EQ(conflicts[0].mine, kHidden);
  EXPECT_EQ(conflicts[0].theirs, kHidden);
  EXPECT_EQ(conflicts[1].mine, "ann");
}

TEST(Secrets, ThatCameBackHiddenAreThoseThatWereThere) {
  const Config present = with_password("hunter2");
  Config loaded = hide_secrets(present);
  EXPECT_EQ(hidden_secrets(loaded), 1U);
  keep_secrets(loaded, present);
  EXPECT_EQ(loaded, present);
  EXPECT_EQ(hidden_secrets(loaded), 0U);
  Config elsewhere = hide_secrets(present);
  keep_secrets(elsewhere, Config{});
  EXPECT_EQ(elsewhere.value(kCheck, "password"), kHidden) << "which no rule lets through";
  Config another = with_password("another");
  keep_secrets(another, present);
  EXPECT_EQ(another.value(kCheck, "password"), "another");
}

TEST(Secrets, AreLookedForInLinesThatWouldBeKept) {
  EXPECT_TRUE(names_secret("set pool db check redis user u password \"a b\""));
  EXPECT_FALSE(names_secret("set pool db check redis user u"));
  EXPECT_TRUE(names_secret("set pool db check redis pass s3cret")) << "cut short";
  EXPECT_TRUE(names_secret("set pool db check redis pa \"s3cret\"")) << "as short as it goes";
  EXPECT_FALSE(names_secret("show pool web p"));
  EXPECT_TRUE(names_secret("set pool db check redis password \"a b"));
  EXPECT_FALSE(names_secret("copy pool web to shop")) << "a word of every day";
  EXPECT_TRUE(names_secret("set notify webhook:chat bearer s3cret"));
  EXPECT_FALSE(names_secret(""));
}

TEST(Secrets, AreNotInTheErrorThatRefusesThem) {
  Config config;
  const auto set = config.set(kCheck, {{"password", "hunter\x01two"}});
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().text.find("hunter"), std::string::npos) << set.error().text;
  for (const char* value : {R"(12345678)", R"(["12345678"])", R"("1234\u00015678")"}) {
    const auto loaded =
        config_from_text(R"({"schema":"yoke/1","pool":{"db":{"check":{"redis":{"password":)" +
                         std::string(value) + "}}}}}");
    ASSERT_FALSE(loaded) << value;
    EXPECT_EQ(loaded.error().text.find("5678"), std::string::npos) << loaded.error().text;
  }
}

}  // namespace
}  // namespace yoke::model
