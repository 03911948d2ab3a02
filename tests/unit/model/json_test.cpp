// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/json.h"

#include <gtest/gtest.h>

#include "tests/unit/model/random_config.h"

namespace yoke::model {
namespace {

using nlohmann::json;

TEST(Json, ADocumentReadBackIsTheSameConfiguration) {
  for (unsigned seed = 0; seed < testing::kSeeds; ++seed) {
    const Config config = testing::RandomConfig(seed).config();
    const auto document = parse_json(to_json(config).dump());
    ASSERT_TRUE(document) << document.error().text;
    const auto back = config_from_json(*document);
    ASSERT_TRUE(back) << back.error().text;
    EXPECT_EQ(*back, config) << "seed " << seed;
  }
}

TEST(Json, TypesValuesAsPeopleWriteThem) {
  Config config;
  ASSERT_TRUE(config.set(Path{{"pool", "web", "server", "192.0.2.11:80"}}, {{"weight", "2"}}));
  ASSERT_TRUE(config.set(Path{{"pool", "web", "check", "http"}}, {{"expect", "200-299,304"}}));
  ASSERT_TRUE(config.set(Path{{"vip", "web"}}, {{"enabled", "no"}, {"snat", "192.0.2.1"}}));
  const json expected = json::parse(R"({"schema":"yoke/1",
    "pool":{"web":{"server":{"192.0.2.11:80":{"weight":2}},
                   "check":{"http":{"expect":["200-299","304"]}}}},
    "vip":{"web":{"enabled":false,"snat":["192.0.2.1"]}}})");
  EXPECT_EQ(to_json(config), expected);
}

struct BadDocument {
  std::string_view text, id, message;
};

constexpr BadDocument kBadDocuments[] = {
    {"[]", "E-111", "expected a configuration object, found an array"},
    {"{}", "E-111", "schema: expected \"yoke/1\", found nothing"},
    {R"({"schema":"yoke/2"})", "E-111", "schema: expected \"yoke/1\", found the string 'yoke/2'"},
    {R"({"schema":"yoke/1","vips":{}})", "E-101", "unknown key 'vips': expected pool, vip, "},
    {R"({"schema":"yoke/1","vip":[]})", "E-111",
     "vip: expected an object of vips by name, found an array"},
    {R"({"schema":"yoke/1","vip":{"web":7}})", "E-111", "vip web: expected an object, found 7"},
    {R"({"schema":"yoke/1","vip":{"9":{}}})", "E-102",
     "vip 9: vip: '9' is not a name: a letter, then letters, digits, - _ . up to 32 characters"},
    {R"({"schema":"yoke/1","vip":{"web":{"colour":"red"}}})", "E-101",
     "vip web: unknown key 'colour': expected address, pool, snat, snat-pool, idle-timeout, "
     "group, sync, allow, deny, max-flows, new-flow-rate, client-new-flow-rate, "
     "client-prefix-length or enabled"},
    {R"({"schema":"yoke/1","vip":{"web":{"enabled":"yes"}}})", "E-111",
     "vip web enabled: expected true or false, found the string 'yes'"},
    {R"({"schema":"yoke/1","vip":{"web":{"snat":"192.0.2.1"}}})", "E-111",
     "vip web snat: expected an array of at least one value, found the string '192.0.2.1'"},
    {R"({"schema":"yoke/1","vip":{"web":{"snat":[]}}})", "E-111",
     "vip web snat: expected an array of at least one value, found none"},
    {R"({"schema":"yoke/1","vip":{"web":{"snat":["192.0.2.1,192.0.2.2"]}}})", "E-111",
     "vip web snat: expected one value in each string of the array"},
    {R"({"schema":"yoke/1","vip":{"web":{"address":null}}})", "E-111",
     "vip web address: expected a string with an address, port and protocol such as "
     "203.0.113.10:80/tcp, found null"},
    {R"({"schema":"yoke/1","pool":{"web":{"server":{"192.0.2.1:80":{"weight":"2"}}}}})", "E-111",
     "pool web server 192.0.2.1:80 weight: expected a number from 0 to 256, found the string '2'"},
    {R"({"schema":"yoke/1","pool":{"web":{"server":{"192.0.2.1:80":{"weight":2.5}}}}})", "E-111",
     "pool web server 192.0.2.1:80 weight: expected a number from 0 to 256, found 2.5"},
    {R"({"schema":"yoke/1","pool":{"web":{"server":{"192.0.2.1:80":{"weight":-1}}}}})", "E-102",
     "pool web server 192.0.2.1:80: weight: '-1' is not a number from 0 to 256"},
    {R"({"schema":"yoke/1","pool":{"web":{"check":{"tcp":{"path":"/"}}}}})", "E-101",
     "pool web check tcp: a tcp check has no path"},
    {R"({"schema":"yoke/1","pool":{"a":{"server":{"[2001:db8::1]:1":{},"[2001:DB8::1]:1":{}}}}})",
     "E-109", "pool a server [2001:db8::1]:1 is given twice"},
    {R"({"schema":"yoke/1","system":[]})", "E-111", "system: expected an object, found an array"},
    {R"({"schema":"yoke/1","system":{"lb-a":{}}})", "E-101",
     "system: unknown key 'lb-a': expected name, banner, time-zone, ntp-server, dns-server or "
     "dns-search"},
};

TEST(Json, ADocumentOfAnotherShapeIsRefusedWithItsPath) {
  for (const BadDocument& row : kBadDocuments) {
    const auto document = parse_json(row.text);
    ASSERT_TRUE(document) << row.text;
    const auto config = config_from_json(*document);
    ASSERT_FALSE(config) << row.text;
    EXPECT_EQ(config.error().id, row.id) << row.text;
    EXPECT_TRUE(config.error().text.starts_with(row.message))
        << row.text << ": " << config.error().text;
  }
}

TEST(Json, SyntaxErrorsHaveLineAndColumn) {
  const auto rest = parse_json("{\n  \"a\": tru\n}");
  ASSERT_FALSE(rest);
  EXPECT_EQ(rest.error().id, "E-110");
  EXPECT_TRUE(rest.error().text.starts_with("line 2, column 11: syntax error"))
      << rest.error().text;
  EXPECT_TRUE(parse_json("").error().text.starts_with("line 1, column 1: "));
  EXPECT_EQ(parse_json("[1e999]").error().id, "E-110");
  EXPECT_EQ(parse_json("\"\xff\"").error().id, "E-110");
  EXPECT_EQ(parse_json(R"({"a":{"b":1},"c":{"b":1,"b":2}})").error().text,
            "the key 'b' is given twice");
  EXPECT_TRUE(parse_json(R"({"a":{"b":1},"c":[{"b":1},{"b":2}],"b":1})"));
}

TEST(Json, EveryTruncationOfADocumentIsAnErrorNotACrash) {
  const std::string text = to_json(testing::RandomConfig(5).config()).dump();
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(parse_json(text.substr(0, length))) << length;
  }
}

TEST(Json, DeepNestingIsAnErrorNotACrash) {
  const std::string open(1'000'000, '[');
  EXPECT_FALSE(parse_json(open));
  const auto nested = parse_json(open + std::string(open.size(), ']'));
  ASSERT_FALSE(nested);
  EXPECT_EQ(nested.error().text, "nested deeper than any document is");
}

TEST(Json, OperationsSurviveTheWire) {
  for (const char* line :
       {"set pool web server 192.0.2.11:80 [2001:db8::1]:80 weight 2",
        "set vip web 203.0.113.10:80/tcp snat 192.0.2.1,192.0.2.2 enabled no",
        "delete vip web snat idle-timeout", "delete pool web", "set pool web",
        "rename pool web server 192.0.2.11:80 to 192.0.2.12:80", "copy pool web to shop",
        "disable vip web", "set system name lb-a", "delete system name", "delete system"}) {
    const auto operations = parse_command(line);
    ASSERT_TRUE(operations) << line;
    const auto back = operations_from_json(to_json(*operations));
    ASSERT_TRUE(back) << back.error().text;
    EXPECT_EQ(*back, *operations) << line;
  }
}

TEST(Json, BadOperationsAreRefusedWithTheirNumber) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {R"({})", "E-111"},
      {R"([7])", "E-111"},
      {R"([{"op":"put","path":["pool","web"]}])", "E-111"},
      {R"([{"op":"set"}])", "E-111"},
      {R"([{"op":"set","path":"pool web"}])", "E-111"},
      {R"([{"op":"set","path":["pool",1]}])", "E-111"},
      {R"([{"op":"set","path":[]}])", "E-106"},
      {R"([{"op":"set","path":["pool"]}])", "E-106"},
      {R"([{"op":"set","path":["pool","web"],"fields":["method"]}])", "E-111"},
      {R"([{"op":"set","path":["pool","web"],"fields":{"weight":1}}])", "E-101"},
      {R"([{"op":"set","path":["pool","web"],"fields":{"method":1}}])", "E-111"},
      {R"([{"op":"delete","path":["pool","web"],"fields":{"method":1}}])", "E-111"},
      {R"([{"op":"delete","path":["pool","web"],"fields":[1]}])", "E-111"},
      {R"([{"op":"delete","path":["pool","web"],"fields":["colour"]}])", "E-101"},
  };
  for (const auto& [text, id] : rows) {
    const auto operations = operations_from_json(json::parse(text));
    ASSERT_FALSE(operations) << text;
    EXPECT_EQ(operations.error().id, id) << text << ": " << operations.error().text;
  }
}

TEST(Json, ChangesAndViolationsSurviveTheWire) {
  for (unsigned seed = 0; seed < testing::kSeeds; ++seed) {
    const auto changes =
        diff(testing::RandomConfig(seed).config(), testing::RandomConfig(seed + 1).config());
    const auto back = changes_from_json(to_json(changes));
    ASSERT_TRUE(back) << back.error().text;
    EXPECT_EQ(*back, changes);
  }
  const std::vector<Violation> found{{"vip web", "E-201", "its address is missing"}};
  EXPECT_EQ(violations_from_json(to_json(found)).value(), found);
  EXPECT_FALSE(violations_from_json(json::parse(R"([1])")));
  EXPECT_FALSE(changes_from_json(json::parse(R"([{"sign":"!","path":["pool","a"]}])")));
  EXPECT_FALSE(changes_from_json(json::parse(R"([{"sign":"+","path":["pool","a"],"fields":7}])")));
  EXPECT_FALSE(changes_from_json(
      json::parse(R"([{"sign":"~","path":["pool","a"],"fields":{"method":["nat"]}}])")));
  EXPECT_FALSE(changes_from_json(
      json::parse(R"([{"sign":"~","path":["pool","a"],"fields":{"method":[null,7]}}])")));
}

}  // namespace
}  // namespace yoke::model
