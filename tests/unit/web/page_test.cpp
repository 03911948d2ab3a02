// SPDX-License-Identifier: Apache-2.0
#include "mgmt/web/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>

#include "mgmt/web/assets.h"

namespace yoke::web {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

const std::chrono::system_clock::time_point kNow{std::chrono::milliseconds(1'700'000'000'500)};

std::string file(const std::string& name) {
  std::ifstream in(YOKE_SOURCE_DIR "/mgmt/web/" + name);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Page, ItsFilesAreServedAsTheyAre) {
  const Rows none = [](std::string_view) { return json(); };
  EXPECT_EQ(answer("/", none, kNow)->body, file("page.html"));
  EXPECT_EQ(answer("/page.css", none, kNow)->body, file("page.css"));
  EXPECT_EQ(answer("/page.js", none, kNow)->body, file("page.js"));
  EXPECT_EQ(answer("/page.html", none, kNow), std::nullopt);
}

TEST(Page, NothingComesFromElsewhereAndNothingIsInline) {
  const std::string html(kPageHtml);
  for (const std::string_view part : {kPageHtml, kPageCss, kPageJs}) {
    std::string text(part);
    // A name of XML, not an address that is asked for.
    const std::string space = "http://www.w3.org/2000/svg";
    if (const auto at = text.find(space); at != text.npos) text.erase(at, space.size());
    EXPECT_THAT(text, Not(HasSubstr("//www")));
    EXPECT_THAT(text, Not(HasSubstr("http:")));
    EXPECT_THAT(text, Not(HasSubstr("https:")));
    EXPECT_THAT(text, Not(HasSubstr("@import")));
    EXPECT_THAT(text, Not(HasSubstr("innerHTML")));
  }
  EXPECT_FALSE(
      std::regex_search(html, std::regex("<script(?![^>]*src=)|<style| style=| on[a-z]+=")));
  bool told = false;
  for (const auto& [name, value] : headers()) {
    if (name != "Content-Security-Policy") continue;
    told = true;
    EXPECT_THAT(value, HasSubstr("default-src 'none'"));
    EXPECT_THAT(value, Not(HasSubstr("unsafe")));
  }
  EXPECT_TRUE(told);
}

TEST(Page, TheStatusIsRowsOfShowAndWhenTheyWereTrue) {
  const auto rows = [](std::string_view object) {
    return object == "interface" ? json() : json::array({{{"of", object}}});
  };
  const json status = json::parse(answer("/status.json", rows, kNow)->body);
  EXPECT_EQ(status["at"], 1'700'000'000.5);
  EXPECT_EQ(status["status"], json({{"of", "status"}}));
  EXPECT_EQ(status["ha_config"], json::array({{{"of", "ha-config"}}}));
  for (const char* object : {"ha", "vip", "server", "traffic", "worker", "alarm", "history"}) {
    EXPECT_EQ(status[object], json::array({{{"of", object}}})) << object;
  }
  EXPECT_EQ(status["interface"], json()) << "not known now";
}

TEST(Page, OfManyServersThoseThatAreNotUpComeFirst) {
  const auto rows = [](std::string_view object) {
    json list = json::array();
    if (object != "server") return list;
    for (int i = 0; i < 16'000; ++i) {
      list.push_back({{"server", i}, {"state", i == 15'000 ? "down" : "up"}});
    }
    return list;
  };
  const json status = json::parse(answer("/status.json", rows, kNow)->body);
  ASSERT_EQ(status["server"].size(), 2000U);
  EXPECT_EQ(status["server"][0]["server"], 15'000);
}

}  // namespace
}  // namespace yoke::web
