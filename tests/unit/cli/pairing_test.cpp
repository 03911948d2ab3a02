// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/cli/desk.h"

// Two units that are made a pair from a terminal.
namespace yoke::cli {
namespace {

using ::testing::HasSubstr;

TEST(Pairing, PairsTwoUnitsByACode) {
  FakeMgmt mgmt;
  const auto tried = [](const char* stage, const char* code) -> json {
    return {{"unit", "a"},
            {"try", {{"stage", stage}, {"code", code}, {"other", "lb-b"}, {"failure", nullptr}}}};
  };
  int asked = 0;
  mgmt.on("pair", [&](const json&) -> Result<json> {
    ++asked;
    if (asked < 3) return tried(asked == 1 ? "connecting" : "exchanging", "");
    return tried(asked == 3 ? "comparing" : "paired", "042137");
  });
  Desk desk(mgmt, Mode::kOper);
  EXPECT_EQ(desk.run("request pair with fe80::3%ha0"), 0);
  EXPECT_EQ(mgmt.calls("pair").front(), (json{{"request", "with"}, {"address", "fe80::3%ha0"}}));
  EXPECT_THAT(desk.talk.str(), HasSubstr("request pair confirm 042137"));
  EXPECT_EQ(desk.run("request pair confirm 042137"), 0);
  EXPECT_EQ(mgmt.calls("pair").back(), (json{{"request", "confirm"}, {"code", "042137"}}));
  EXPECT_THAT(desk.talk.str(), HasSubstr("This unit is a of two, with lb-b"));
  json failed = tried("failed", "");
  failed["try"]["failure"] = {{"id", "E-746"}, {"text", "nobody answers"}};
  mgmt.answer("pair", failed);
  EXPECT_EQ(desk.run("request pair with 192.0.2.9"), 1);
  mgmt.answer("pair", {{"forgotten", true}});
  EXPECT_EQ(desk.run("request pair forget force"), 0);
  EXPECT_EQ(mgmt.calls("pair").back(), (json{{"request", "forget"}, {"force", true}}));
  EXPECT_NE(desk.run("request pair with"), 0);
  mgmt.answer("pair", {{"rotation", "exchanged"}, {"next_key", {{"name", "2-3f9a02c1"}}}});
  EXPECT_EQ(desk.run("request pair rotate"), 0);
  EXPECT_EQ(mgmt.calls("pair").back(), (json{{"request", "rotate"}}));
  EXPECT_THAT(desk.talk.str(), HasSubstr("Both units have the key 2-3f9a02c1"));
  mgmt.answer("pair", {{"rotation", "none"}, {"key", {{"name", "1-00ab12cd"}}}});
  EXPECT_EQ(desk.run("request pair rotate"), 1);
  mgmt.answer("show",
              {{"object", "ha-pairing"},
               {"rows", {{{"state", "comparing"}, {"code", "042137"}, {"next", "Compare"}}}}});
  EXPECT_EQ(desk.run("show ha pairing"), 0);
  EXPECT_THAT(desk.data.str(), HasSubstr("042137"));
  EXPECT_THAT(desk.talk.str(), HasSubstr("Compare"));
}

}  // namespace
}  // namespace yoke::cli
