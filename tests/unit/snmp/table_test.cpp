// SPDX-License-Identifier: Apache-2.0
#include "mgmt/snmp/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "mgmt/snmp/answers.h"

namespace yoke::snmp {
namespace {

using nlohmann::json;
using testing::ElementsAre;

constexpr std::uint64_t kMuch = 0x1'2345'6789ABULL;

Table table_of(GroupId id, const json& rows) { return {group_of(id), rows}; }

json vip(const std::string& name, const std::string& address = "203.0.113.10:80/tcp") {
  return {{"name", name}, {"address", address}, {"pool", "p"},     {"state", "up"},
          {"servers", 3}, {"servers_up", 2},    {"flows_open", 5}, {"packets_in", kMuch}};
}

Value integer(std::uint64_t number) { return {Syntax::kInteger, number, {}}; }
Value octets(std::string text) { return {Syntax::kOctets, 0, std::move(text)}; }

std::vector<Oid> walk(const Table& table, Oid from) {
  std::vector<Oid> seen;
  for (auto next = table.next(from); next && seen.size() < 1000; next = table.next(from)) {
    from = next->oid;
    seen.push_back(from);
    EXPECT_EQ(table.get(from), next->value);
  }
  return seen;
}

TEST(SnmpTable, AValueIsTheRowsOwnInTheSyntaxOfTheMib) {
  const Table vips = table_of(GroupId::kVip, json::array({vip("ab")}));
  const auto get = [&](std::uint32_t column) { return vips.get(Oid{2, 1, column, 2, 'a', 'b'}); };
  EXPECT_EQ(get(2), integer(1));
  EXPECT_EQ(get(3), octets(std::string("\xcb\x00\x71\x0a", 4)));
  EXPECT_EQ(get(4), (Value{Syntax::kUnsigned, 80, {}}));
  EXPECT_EQ(get(5), integer(6));
  EXPECT_EQ(get(6), octets("p"));
  EXPECT_EQ(get(7), integer(1));
  EXPECT_EQ(get(12), (Value{Syntax::kCounter64, kMuch, {}}));
  EXPECT_EQ(get(1), std::nullopt) << "the index is not accessible";
  EXPECT_EQ(get(13), std::nullopt) << "it is not known";
  EXPECT_TRUE(vips.has_object(Oid{2, 1, 13, 9}));
  EXPECT_FALSE(vips.has_object(Oid{2, 1, 99, 9}));
  EXPECT_FALSE(vips.has_object(Oid{2, 1}));
}

TEST(SnmpTable, AnUdpVipOfIpv6) {
  const Table vips = table_of(GroupId::kVip, json::array({vip("a", "[2001:db8::1]:53/udp")}));
  EXPECT_EQ(vips.get(Oid{2, 1, 2, 1, 'a'}), integer(2));
  EXPECT_EQ(vips.get(Oid{2, 1, 3, 1, 'a'})->octets.size(), 16U);
  EXPECT_EQ(vips.get(Oid{2, 1, 5, 1, 'a'}), integer(17));
}

TEST(SnmpTable, AWalkIsByColumnThenByIndexAndLeavesOutWhatIsNotKnown) {
  json rows = json::array({vip("b"), vip("aa"), vip("a")});
  rows[2]["pool"] = nullptr;
  const Table vips = table_of(GroupId::kVip, rows);
  const auto seen = walk(vips, {});
  ASSERT_FALSE(seen.empty());
  EXPECT_EQ(seen.size(), 3U * 10 - 1);
  EXPECT_TRUE(std::ranges::is_sorted(seen));
  EXPECT_EQ(seen.front(), (Oid{2, 1, 2, 1, 'a'})) << "shorter names come first";
  EXPECT_EQ(seen[1], (Oid{2, 1, 2, 1, 'b'}));
  EXPECT_EQ(seen[2], (Oid{2, 1, 2, 2, 'a', 'a'}));
}

TEST(SnmpTable, NextBeginsWhereverItIsAskedTo) {
  const Table vips = table_of(GroupId::kVip, json::array({vip("b")}));
  const Oid first{2, 1, 2, 1, 'b'}, second{2, 1, 3, 1, 'b'};
  for (const Oid& before : {Oid{}, Oid{1, 5}, Oid{2}, Oid{2, 0, 9}, Oid{2, 1}, Oid{2, 1, 0},
                            Oid{2, 1, 2}, Oid{2, 1, 2, 1}, Oid{2, 1, 2, 1, 'a', 'z'}}) {
    ASSERT_TRUE(vips.next(before));
    EXPECT_EQ(vips.next(before)->oid, first);
  }
  EXPECT_EQ(vips.next(first)->oid, second);
  EXPECT_EQ(vips.next(Oid{2, 1, 2, 9})->oid, second);
  for (const Oid& behind : {Oid{2, 1, 16}, Oid{2, 2}, Oid{3}, Oid{2, 1, 15, 2}}) {
    EXPECT_FALSE(vips.next(behind));
  }
}

TEST(SnmpTable, ScalarsEndInZero) {
  const Table unit =
      table_of(GroupId::kUnit, unit_rows(json::array({{{"unit", "lb-a"}, {"revision", 7}}})));
  EXPECT_THAT(walk(unit, {}), ElementsAre(Oid{1, 1, 0}, Oid{1, 2, 0}, Oid{1, 4, 0}));
  EXPECT_EQ(unit.get(Oid{1, 1, 0}), integer(1));
  EXPECT_EQ(unit.get(Oid{1, 2, 0}), octets("lb-a"));
  EXPECT_EQ(unit.get(Oid{1, 2}), std::nullopt);
  EXPECT_EQ(unit.get(Oid{1, 2, 1}), std::nullopt);
}

TEST(SnmpTable, WhileTheManagementPlaneIsAwayThatIsAllThatIsSaid) {
  const Table unit = table_of(GroupId::kUnit, away_rows());
  EXPECT_THAT(walk(unit, {}), ElementsAre(Oid{1, 1, 0}));
  EXPECT_EQ(unit.get(Oid{1, 1, 0}), integer(2));
}

TEST(SnmpTable, AServerIsFoundByPoolAndAddress) {
  const Table servers =
      table_of(GroupId::kServer, json::array({{{"pool", "w"},
                                               {"server", "192.0.2.11:80"},
                                               {"state", "draining"},
                                               {"weight", 2},
                                               {"check", nullptr}},
                                              {{"pool", "w"}, {"server", "[2001:db8::1]:80"}}}));
  const Oid index{1, 'w', 1, 4, 192, 0, 2, 11, 80};
  EXPECT_EQ(index_of(group_of(GroupId::kServer), {{"pool", "w"}, {"server", "192.0.2.11:80"}}),
            index);
  Oid state{3, 1, 5};
  state.insert(state.end(), index.begin(), index.end());
  EXPECT_EQ(servers.get(state), integer(3));
  EXPECT_EQ(servers.row(index).size(), 2U);
}

TEST(SnmpTable, RowsThatMakeNoSenseAreLeftOut) {
  for (const json& rows :
       {json(), json(7), json::object(), json::array({1, nullptr, "x"}),
        json::array({json::object()}), json::array({{{"name", ""}}}),
        json::array({{{"name", std::string(65, 'x')}}}), json::array({{{"name", 7}}}),
        json::array({{{"name", "a"},
                      {"state", "sleepy"},
                      {"address", "x"},
                      {"servers", -1},
                      {"packets_in", 1.5},
                      {"pool", json::array()}}})}) {
    EXPECT_THAT(walk(table_of(GroupId::kVip, rows), {}), testing::IsEmpty()) << rows;
  }
  json twice = json::array({vip("a"), vip("a")});
  twice[1]["servers"] = 9;
  const Table vips = table_of(GroupId::kVip, twice);
  EXPECT_EQ(vips.get(Oid{2, 1, 8, 1, 'a'})->number, 3U);
}

TEST(SnmpValue, WhatDoesNotFitIsCutWhereItCanBe) {
  const Column number{1, "n"}, text{1, "t", Reading::kText};
  EXPECT_EQ(value_of(number, {{"n", kMuch}})->number, 0xffffffffU);
  const std::string umlauts = [] {
    std::string made = "x";
    for (int i = 0; i < 200; ++i) made += "\xc3\xa4";
    return made;
  }();
  EXPECT_EQ(value_of(text, {{"t", umlauts}})->octets.size(), 255U);
  EXPECT_EQ(value_of(text, {{"t", umlauts.substr(1)}})->octets.size(), 254U);
}

TEST(SnmpValue, ADateIsInUtc) {
  const Column date{1, "d", Reading::kDate};
  EXPECT_EQ(value_of(date, {{"d", 1700000000}})->octets,
            std::string("\x07\xe7\x0b\x0e\x16\x0d\x14\x00+\x00\x00", 11));
}

TEST(SnmpAnswers, TrafficIsPutToItsVip) {
  const json rows = vip_rows(json::array({vip("a"), vip("b")}),
                             json::array({{{"name", "b"}, {"bytes_in", 9}, {"flows_open", 77}}}));
  EXPECT_FALSE(rows[0].contains("bytes_in"));
  EXPECT_EQ(rows[1]["bytes_in"], 9);
  EXPECT_EQ(rows[1]["flows_open"], 5);
  EXPECT_EQ(vip_rows(json(), json()), json::array());
  EXPECT_EQ(vip_rows(json::array({vip("a")}), json()).size(), 1U);
}

TEST(SnmpAnswers, DropsAreOfAllWorkers) {
  const json rows = drop_rows(json::parse(
      R"([{"drops":{"ttl":1,"odd":2}},{"drops":{"ttl":4}},{"drops":null},{"drops":{"x":-1}},7])"));
  EXPECT_EQ(rows, json::parse(R"([{"reason":"odd","packets":2},{"reason":"ttl","packets":5}])"));
  EXPECT_EQ(drop_rows(json()), json::array());
}

}  // namespace
}  // namespace yoke::snmp
