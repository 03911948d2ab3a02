// SPDX-License-Identifier: Apache-2.0
#include "cli/view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <iomanip>
#include <limits>
#include <random>
#include <set>
#include <sstream>

#include "cli/probe_view.h"

namespace yoke::cli {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::HasSubstr;

TEST(Cell, CountsTakeAtMostSevenCharacters) {
  const std::pair<std::uint64_t, std::string> rows[] = {
      {0, "0"},
      {999, "999"},
      {1000, "1,000"},
      {999'999, "999,999"},
      {1'000'000, "1.00M"},
      {1'234'567, "1.23M"},
      {9'994'999, "9.99M"},
      {9'995'000, "10.0M"},
      {99'949'999, "99.9M"},
      {99'950'000, "100M"},
      {999'499'999, "999M"},
      {999'500'000, "1.00G"},
      {45'600'000'000, "45.6G"},
      {1'000'000'000'000, "1.00T"},
      {std::numeric_limits<std::uint64_t>::max(), "18.4E"},
  };
  for (const auto& [count, text] : rows) EXPECT_EQ(count_text(count), text) << count;
}

TEST(Cell, AgesHaveTheTwoLargestUnits) {
  const std::pair<std::uint64_t, std::string> rows[] = {
      {0, "0s"},
      {41, "41s"},
      {60, "1m"},
      {125, "2m5s"},
      {3600, "1h"},
      {3661, "1h1m"},
      {86'399, "23h59m"},
      {86'400, "1d"},
      {1'051'200, "12d4h"},
      {86'400 * 400ULL, "400d"},
  };
  for (const auto& [seconds, text] : rows) EXPECT_EQ(age_text(seconds), text) << seconds;
}

TEST(Cell, TimesAreLocalAndNoNumberIsTooLarge) {
  const std::time_t now = 1'700'000'000;
  std::ostringstream expected;
  expected << std::put_time(std::localtime(&now), "%Y-%m-%d %H:%M:%S");
  EXPECT_EQ(time_text(now), expected.str());
  EXPECT_EQ(time_text(std::numeric_limits<std::int64_t>::max()), "-");
  EXPECT_EQ(time_text(std::numeric_limits<std::int64_t>::min()), "-");
}

struct CellRow {
  std::string_view row;
  std::string_view key;
  Format format;
  std::string_view text;
};

const CellRow kCells[] = {
    {R"({"a":"x"})", "a", Format::kText, "x"},
    {R"({"a":""})", "a", Format::kText, "-"},
    {R"({"a":null})", "a", Format::kText, "-"},
    {R"({})", "a", Format::kText, "-"},
    {R"([1])", "a", Format::kText, "-"},
    {R"(7)", "a", Format::kCount, "-"},
    {R"({"a":true})", "a", Format::kText, "yes"},
    {R"({"a":false})", "a", Format::kCount, "no"},
    {R"({"a":1234567})", "a", Format::kText, "1234567"},
    {R"({"a":1234567})", "a", Format::kCount, "1.23M"},
    {R"({"a":"many"})", "a", Format::kCount, "many"},
    {R"({"a":125})", "a", Format::kAge, "2m5s"},
    {R"({"a":125.9})", "a", Format::kAge, "2m5s"},
    {R"({"a":-5})", "a", Format::kAge, "-"},
    {R"({"a":-5})", "a", Format::kCount, "-5"},
    {R"({"a":1e300})", "a", Format::kCount, "1e+300"},
    {R"({"a":1e300})", "a", Format::kTime, "-"},
    {R"({"a":[1,2]})", "a", Format::kText, "[1,2]"},
    {R"({"a":2,"b":3})", "a/b", Format::kRatio, "2/3"},
    {R"({"a":2})", "a/b", Format::kRatio, "2/-"},
    {R"({"a":2,"b":3})", "a+b", Format::kSum, "5"},
    {R"({"a":{"x":600000,"y":400000}})", "a", Format::kSum, "1.00M"},
    {R"({"a":{}})", "a", Format::kSum, "0"},
    // Not known is not nothing.
    {R"({"a":null,"b":null})", "a+b", Format::kSum, "-"},
    {R"({"a":3,"b":null})", "a+b", Format::kSum, "-"},
    {R"({})", "a", Format::kSum, "-"},
};

TEST(Cell, ShowsWhatTheRowHolds) {
  for (const CellRow& row : kCells) {
    EXPECT_EQ(cell_text(json::parse(row.row), row.key, row.format), row.text)
        << row.row << ' ' << row.key;
  }
}

json answer(std::string_view object, json rows) {
  return {{"schema", "yoke/1"}, {"object", object}, {"rows", std::move(rows)}};
}

void expect_fits(const Output& output, const std::string& what) {
  std::vector<std::string> all = output.header;
  all.insert(all.end(), output.rows.begin(), output.rows.end());
  for (const std::string& row : all) {
    std::istringstream lines(row);
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(text_width(line), 80U) << what << ": " << line;
      for (const char c : line) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << what;
    }
  }
}

TEST(View, OfAPoolIsItsServers) {
  const Output output = show_output("pool", true, answer("pool", json::parse(R"([
        {"pool":"web","server":"192.0.2.11:80","state":"up","weight":2,"flows_open":1234567,
         "flows_created":20,"since_s":125,"check":"http 200 in 3 ms"},
        {"pool":"web","server":"[2001:db8::12]:80","state":"unknown","weight":1,"flows_open":null,
         "flows_created":null,"since_s":null,"check":null}])")));
  EXPECT_EQ(output.header, std::vector<std::string>{
                               "SERVER             STATE    WEIGHT  FLOWS  OPENED  SINCE  CHECK"});
  EXPECT_EQ(output.rows,
            (std::vector<std::string>{
                "192.0.2.11:80      up            2  1.23M      20   2m5s  http 200 in 3 ms",
                "[2001:db8::12]:80  unknown       1      -       -      -  -"}));
}

TEST(View, OfTheStatusSaysWhatMatters) {
  const Output output = show_output(
      "status", false, answer("status", json::parse(R"([{"unit":"lb-a","uptime_s":125,"revision":7,
        "dataplane":"running","vips":2,"vips_up":1,"servers":3,"servers_up":2,"servers_down":1,
        "flows_open":12,"flows_capacity":4000000}])")));
  EXPECT_EQ(output.rows,
            (std::vector<std::string>{"UNIT       lb-a, up 2m5s", "CONFIG     revision 7",
                                      "DATAPLANE  running", "VIPS       1 of 2 up",
                                      "SERVERS    2 of 3 up, 1 down", "FLOWS      12 of 4.00M"}));
}

TEST(View, OfAStatusWithAlarmsEachHasALineAndWhatToType) {
  const json alarm = {{"raised", 1'700'000'000},
                      {"text", "server 192.0.2.12:80 of pool web is down: http 503, expected 200"},
                      {"next", "show check web"}};
  const Output output = show_output(
      "status", false,
      answer("status", {{{"unit", "lb-a"}, {"alarms", {alarm}}, {"alarms_standing", 3}}}));
  const std::string clock = time_text(1'700'000'000).substr(11);
  ASSERT_GE(output.rows.size(), 4U);
  const std::vector<std::string> last(output.rows.end() - 3, output.rows.end());
  EXPECT_EQ(last, (std::vector<std::string>{
                      "ALARM      " + clock +
                          " server 192.0.2.12:80 of pool web is down: http 503, expected",
                      "           200 -> show check web", "           and 2 more -> show alarm"}));
}

TEST(View, OfAlarmsAndEventsNothingIsCut) {
  const json row = {{"state", "raised"},
                    {"raised", 1'700'000'000},
                    {"when", 1'700'000'000},
                    {"level", "warning"},
                    {"alarm", "server-down"},
                    {"event", "server-down"},
                    {"text", "server 192.0.2.12:80 of pool web is down: http 503, expected 200"},
                    {"next", "show check web"}};
  const std::string head = time_text(1'700'000'000) +
                           "  warning  server-down: server "
                           "192.0.2.12:80 of pool web is\n";
  const std::string indent(30, ' ');
  const std::string text = head + indent + "down: http 503, expected 200";
  EXPECT_EQ(show_output("log", false, answer("log", {row})).rows, std::vector<std::string>{text});
  EXPECT_EQ(show_output("alarm", false, answer("alarm", {row})).rows,
            std::vector<std::string>{text + "\n" + indent + "-> show check web"});
  json cleared = row;
  cleared["state"] = "cleared";
  EXPECT_THAT(show_output("alarm", false, answer("alarm", {cleared})).rows.front(),
              testing::AllOf(HasSubstr("  cleared  "), testing::Not(HasSubstr("->"))));
}

// What it has no room for is in `show history 7`.
TEST(View, OfTheHistoryHasOneLineARevision) {
  const json row = {{"revision", 12},
                    {"when", 1'700'000'000},
                    {"user", "yoke-mgmt"},
                    {"from", "203.0.113.200 ssh"},
                    {"how", "unconfirmed"},
                    {"changes", "+1 pool +12 servers ~3 checks +1 vip"},
                    {"note", "a note that goes on for longer than there is room"}};
  const Output output = show_output("history", false, answer("history", {row}));
  ASSERT_EQ(output.rows.size(), 1U);
  EXPECT_EQ(output.rows[0].find('\n'), std::string::npos) << output.rows[0];
  EXPECT_THAT(output.rows[0], HasSubstr("  yoke-mgmt  203.0"));
  EXPECT_LE(output.rows[0].size(), 80U);
  const Output whole = show_output("history", false, answer("history", {row}), kAnyWidth);
  EXPECT_THAT(whole.rows[0], HasSubstr("+1 pool +12 servers ~3 checks +1 vip  a note that goes on "
                                       "for longer than there is room"));
}

TEST(View, OfWorkersAddsTheDropReasonsUp) {
  const Output output = show_output(
      "worker", false,
      answer("worker", json::parse(R"([{"worker":0,"rx":10,"drops":{"no_vip":3,"ttl":0}},
                                       {"worker":1,"rx":10,"drops":{"no_vip":4}},
                                       {"worker":2,"rx":null,"drops":null}])")));
  EXPECT_THAT(output.rows, Contains("DROPPED FOR"));
  EXPECT_EQ(output.rows.back(), "no_vip  7");
  EXPECT_TRUE(output.rows[2].ends_with("-")) << output.rows[2];
}

TEST(View, WithoutRowsSaysSo) {
  for (const json& rows : {json::array(), json(), json("x"), json(7), json::object()}) {
    const Output output = show_output("pool", false, answer("pool", rows));
    EXPECT_TRUE(output.rows.empty());
    EXPECT_EQ(output.talk, std::vector<std::string>{"There is no pool to show."});
  }
}

TEST(View, OfAnObjectWithoutATableShowsEveryValue) {
  const Output output =
      show_output("version", false, answer("version", {{{"version", "0.1.0"}, {"schema", 1}}}));
  EXPECT_EQ(output.rows, (std::vector<std::string>{"schema   1", "version  0.1.0"}));
}

TEST(View, OfTheSystemShowsEverySettingWhole) {
  const Output output = show_output(
      "system", false,
      answer("system", {{{"unit", "lb-a"},
                         {"time_zone", "UTC"},
                         {"ntp_servers", "192.0.2.123"},
                         {"dns_servers", ""},
                         {"dns_search", ""},
                         {"banner", std::string(40, 'a') + " " + std::string(40, 'b')}}}));
  EXPECT_EQ(output.rows,
            (std::vector<std::string>{"UNIT         lb-a", "TIME ZONE    UTC",
                                      "NTP SERVERS  192.0.2.123", "DNS SERVERS  -",
                                      "DNS SEARCH   -", "BANNER       " + std::string(40, 'a'),
                                      "             " + std::string(40, 'b')}));
}

TEST(View, OfTheSystemSaysWhereItsTimeZoneIsNotInForce) {
  const Output output =
      show_output("system", false,
                  answer("system", {{{"time_zone", "Europe/Berlim"}, {"time_zone_known", false}}}));
  EXPECT_EQ(output.rows[1],
            "TIME ZONE    Europe/Berlim is not in force: this unit does not know it");
}

TEST(View, TheWidestRowsOfEveryObjectFit) {
  const std::string name(32, 'n');
  const std::string endpoint = "[2001:db8:1111:2222:3333:4444:5555:6666]:65535";
  std::set<std::string> objects{"status", "system", "version", "alarm", "log"};
  for (const View& view : views()) objects.emplace(view.object);
  for (const std::string& object : objects) {
    for (const bool of_one : {false, true}) {
      json row;
      for (const View& view : views()) {
        for (const Column& column : view.columns) {
          const bool is_text = column.format == Format::kText;
          const json value = is_text ? json(std::string(200, 'w'))
                                     : json(std::numeric_limits<std::uint64_t>::max());
          std::string key(column.key);
          const auto split = key.find_first_of("/+");
          row[key.substr(0, split)] = value;
          if (split != std::string::npos) row[key.substr(split + 1)] = value;
        }
      }
      row["name"] = row["pool"] = row["unit"] = name;
      row["server"] = endpoint;
      row["address"] = endpoint + "/tcp";
      row["drops"] = {{std::string(40, 'r'), 7}};
      row["state"] = "draining";
      row["worker"] = 3;
      row["revision"] = 1'000'000;
      row["check"] = "http";
      row["method"] = "nat";
      row["link"] = "down";
      row["driver"] = "net_af_packet";
      row["mac"] = "02:00:00:00:00:01";
      row["how"] = "revert";
      row["user"] = row["from"] = std::string(16, 'u');
      expect_fits(show_output(object, of_one, answer(object, {row, row})), object);
    }
  }
}

json random_value(std::mt19937& random, int depth) {
  switch (random() % (depth == 0 ? 6 : 8)) {
    case 0:
      return nullptr;
    case 1:
      return random() % 2 == 0;
    case 2:
      return static_cast<std::uint64_t>(random()) << (random() % 33);
    case 3:
      return -static_cast<std::int64_t>(random());
    case 4:
      return static_cast<double>(random()) * 1e300;
    case 5: {
      std::string text;
      while (random() % 40 != 0) text += static_cast<char>(random() % 0x80);
      return text;
    }
    case 6: {
      json list = json::array();
      while (random() % 3 != 0) list.push_back(random_value(random, depth - 1));
      return list;
    }
    default: {
      json object = json::object();
      while (random() % 3 != 0)
        object["k" + std::to_string(random() % 9)] = random_value(random, depth - 1);
      return object;
    }
  }
}

TEST(View, RowsWithMissingUnknownAndOddValuesFit) {
  std::mt19937 random(7);
  std::vector<std::string> keys{
      "packets_per_s", "unit",    "uptime_s", "vips",  "unheard-of",      "drops",  "steps",
      "took_us",       "outcome", "ago_s",    "text",  "alarms_standing", "banner", "ntp_servers",
      "alarms",        "level",   "next",     "alarm", "raised"};
  std::vector<std::string> objects{"status", "system", "version", "unheard-of", "alarm", "log"};
  for (const View& view : views()) {
    objects.emplace_back(view.object);
    for (const Column& column : view.columns) keys.emplace_back(column.key);
  }
  for (int round = 0; round < 4000; ++round) {
    json rows = json::array();
    while (random() % 3 != 0) {
      json row = random() % 20 == 0 ? random_value(random, 2) : json::object();
      if (row.is_object()) {
        while (random() % 8 != 0) row[keys[random() % keys.size()]] = random_value(random, 2);
      }
      rows.push_back(std::move(row));
    }
    const std::string object = objects[random() % objects.size()];
    expect_fits(show_output(object, random() % 2 == 0, answer(object, rows)), rows.dump());
    (void)show_output(object, false, random_value(random, 3));
    expect_fits(probe_output(answer("probe", rows)), rows.dump());
    (void)probe_output(random_value(random, 3));
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace yoke::cli
