// SPDX-License-Identifier: Apache-2.0
#include "dataplane/api/codec.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "dataplane/api/errors.h"
#include "dataplane/api/json_reader.h"
#include "tests/unit/api/random_messages.h"

namespace yoke::api {
namespace {

constexpr int kRounds = 200;

// As it arrives at the other side: through text.
Json sent(const Json& json) { return Json::parse(json.dump()); }

Configuration small_configuration() {
  Configuration made;
  made.revision = 7;
  made.hash_key = {0xab, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0x0f};
  made.pools = {{"web",
                 Method::kDsr,
                 {{*net::Endpoint::parse("10.0.0.1:80"), 3, ServerState::kDraining},
                  {*net::Endpoint::parse("10.0.0.2:80"), 1, ServerState::kDown}}}};
  made.vips = {{"front",
                *net::ServiceAddress::parse("[2001:db8::1]:443/udp"),
                "web",
                {*net::IpAddress::parse("192.0.2.9")},
                60,
                "friends",
                "bad",
                {100, 20, 3, 24, 56}}};
  made.lists = {{"bad", PrefixSet({*net::Prefix::parse("198.51.100.0/24"),
                                   *net::Prefix::parse("2001:db8:bad::/48")})},
                {"friends", {}}};
  return made;
}

TEST(Codec, WhatIsEncodedIsDecodedTheSame) {
  for (unsigned seed = 0; seed < kRounds; ++seed) {
    testing::RandomMessages random(seed);
    const auto configuration = random.configuration();
    EXPECT_EQ(decode_configuration(sent(encode(configuration))), configuration) << seed;
    EXPECT_EQ(decode_stage(sent(encode_stage(configuration))), configuration) << seed;
    const auto difference = api::difference(random.configuration(), configuration);
    EXPECT_EQ(decode_stage_difference(sent(encode_stage(difference))), difference) << seed;
    EXPECT_EQ(decode_stage_difference(encode_stage(difference)), difference) << "never text";
    const auto running = random.running();
    EXPECT_EQ(decode_running_state(sent(encode(running))), running) << seed;
    const ProcessStatus status{running,
                               kVersion,
                               random.flag(),
                               random.number<std::uint64_t>(),
                               {random.lease(), random.lease()}};
    EXPECT_EQ(decode_process_status(sent(encode(status))), status) << seed;
    EXPECT_EQ(decode_changes(sent(encode_changes(running.servers))), running.servers) << seed;
    const auto change = random.change();
    EXPECT_EQ(decode_server_state_change(sent(encode(change))), change) << seed;
    const Activation activation{random.number<std::uint64_t>(), change.pool};
    EXPECT_EQ(decode_activation(sent(encode(activation))), activation) << seed;
    EXPECT_EQ(decode_digest(sent(encode_digest(change.pool))), change.pool) << seed;
    const auto generation = random.number<std::uint64_t>();
    EXPECT_EQ(decode_generation(sent(encode_generation(generation))), generation) << seed;
    const auto counters = random.counters();
    EXPECT_EQ(decode_counters(sent(encode(counters))), counters) << seed;
    EXPECT_EQ(decode_counters(sent(encode_compact(counters))), counters) << seed;
    const CountersWanted wanted{random.flag(), random.flag(), change.pool};
    EXPECT_EQ(decode_counters_wanted(sent(encode_wanted(wanted)))->wanted, wanted) << seed;
    const auto connections = random.connections();
    EXPECT_EQ(decode_connections(sent(encode(connections))), connections) << seed;
    const ConnectionsWanted connections_wanted{{change.pool, "web"}};
    EXPECT_EQ(decode_connections_wanted(sent(encode_wanted(connections_wanted))),
              connections_wanted)
        << seed;
    const StatusWanted status_wanted{random.flag()};
    EXPECT_EQ(decode_status_wanted(sent(encode_wanted(status_wanted))), status_wanted) << seed;
  }
}

// Written by hand: the names are the contract.
TEST(Codec, KeysAreTheNamesOfTheFieldsAndValuesAreWords) {
  const Json expected = Json::parse(R"({
    "revision": 7, "hash_key": "ab0102030405060708090a0b0c0d0e0f",
    "pools": [{"name": "web", "method": "dsr", "servers": [
      {"endpoint": "10.0.0.1:80", "weight": 3, "state": "draining"},
      {"endpoint": "10.0.0.2:80", "weight": 1, "state": "down"}]}],
    "vips": [{"name": "front", "address": "[2001:db8::1]:443/udp", "pool": "web",
              "snat": ["192.0.2.9"], "idle_timeout_s": 60, "allow": "friends", "deny": "bad",
              "limits": {"max_flows": 100, "new_flow_rate": 20, "client_new_flow_rate": 3,
                         "client_length_v4": 24, "client_length_v6": 56}}],
    "lists": [{"name": "bad", "prefixes": ["198.51.100.0/24", "2001:db8:bad::/48"]},
              {"name": "friends", "prefixes": []}],
    "groups": []})");
  EXPECT_EQ(encode(small_configuration()), expected);
  EXPECT_EQ(encode_stage(small_configuration()),
            (Json{{"version", 1}, {"configuration", expected}}));
}

TEST(Codec, WhoAsksAsTheReleaseBeforeDidIsToldAllAsItWas) {
  const auto asked = decode_counters_wanted(Json::object());
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->wanted, CountersWanted{});
  EXPECT_FALSE(asked->compact);
  EXPECT_EQ(decode_status_wanted(Json::object()), StatusWanted{});
  EXPECT_EQ(decode_counters_wanted({{"vips", 1}}).error().id, kBadShape);
  EXPECT_EQ(decode_status_wanted({{"servers", "no"}}).error().id, kBadShape);
}

// As the release before sends it, which knows neither lists nor limits.
TEST(Codec, WithoutListsAndLimitsThereAreNone) {
  auto json = sent(encode(small_configuration()));
  json.erase("lists");
  for (const char* key : {"allow", "deny", "limits"}) json["vips"][0].erase(key);
  const auto read = decode_configuration(json);
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->lists.empty());
  EXPECT_EQ(read->vips.front().limits, FlowLimits());
  auto difference = sent(encode_stage(api::difference({}, *read)));
  difference["difference"].erase("lists");
  difference["difference"].erase("lists_gone");
  EXPECT_TRUE(decode_stage_difference(difference));
  json["vips"][0]["limits"] = {{"new_flow_rate", 5U}};
  EXPECT_EQ(decode_configuration(json)->vips.front().limits.new_flow_rate, 5U);
  json["vips"][0]["limits"] = {{"client_length_v4", 300U}};
  EXPECT_EQ(decode_configuration(json).error().id, kBadValue);
  json["vips"][0].erase("limits");
  json["lists"] = Json::parse(R"([{"name": "x", "prefixes": ["10.0.0.0/33"]}])");
  EXPECT_EQ(decode_configuration(json).error().id, kBadValue);
  auto counters = sent(encode(Counters{}));
  counters.erase("refused");
  EXPECT_TRUE(decode_counters(counters));
}

TEST(Codec, ATrafficListOfAnotherLengthIsRefused) {
  Counters counters;
  counters.vips["web"] = {};
  auto json = encode_compact(counters);
  EXPECT_TRUE(decode_counters(json));
  json["vips"]["web"].push_back(1);
  EXPECT_EQ(decode_counters(json).error().id, kBadValue);
}

TEST(Codec, OfConnectionsALaterReleaseMayTellMoreAndNoneLess) {
  auto json =
      Json::parse(R"({"connections": {"web": {"10.0.0.1:80": [1, 2, 3, 4, 5]}}, "new": 1})");
  const auto read = decode_connections(json);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->pools.at("web").at("10.0.0.1:80"), (ConnectionCounters{1, 2, 3, 4}));
  json["connections"]["web"]["10.0.0.1:80"] = {1, 2, 3};
  EXPECT_EQ(decode_connections(json).error().id, kBadValue);
  EXPECT_EQ(decode_connections(Json::object()).error().id, kBadShape);
  EXPECT_EQ(decode_connections_wanted(Json::object()), ConnectionsWanted{});
  EXPECT_EQ(decode_connections_wanted({{"pools", "web"}}).error().id, kBadShape);
}

TEST(CountersWanted, CoversWhatHoldsNoMoreThanItself) {
  const CountersWanted all, totals{false, false}, web{false, true, "web"}, shop{true, true, "shop"};
  for (const auto& any : {all, totals, web, shop}) {
    EXPECT_TRUE(all.covers(any));
    EXPECT_TRUE(any.covers(totals));
    EXPECT_TRUE(any.covers(any));
  }
  EXPECT_FALSE(web.covers(all));
  EXPECT_FALSE(web.covers(shop));
  EXPECT_FALSE(shop.covers(web));
  EXPECT_FALSE(totals.covers(web));
}

// Adds `key` to every object in `json`, at any depth.
void add_everywhere(Json& json, const std::string& key) {
  for (Json& item : json) {
    if (item.is_structured()) add_everywhere(item, key);
  }
  if (json.is_object()) json[key] = {{"of", "a later version"}};
}

TEST(Codec, KeysThatAreNotKnownAreIgnored) {
  Json json = encode_stage(small_configuration());
  add_everywhere(json, "colour");
  ASSERT_TRUE(json["configuration"]["pools"][0]["servers"][0].contains("colour"));
  EXPECT_EQ(decode_stage(sent(json)), small_configuration());
}

TEST(Codec, ThisVersionAndTheOneBeforeAreSpoken) {
  Json json = encode_stage(small_configuration());
  json["version"] = kVersion - 1;
  EXPECT_EQ(decode_stage(sent(json)), small_configuration());
  for (const Json& other : {Json(kVersion + 1), Json(kVersion + 1000)}) {
    json["version"] = other;
    const auto read = decode_stage(sent(json));
    ASSERT_FALSE(read) << other;
    EXPECT_EQ(read.error().id, kBadVersion);
    EXPECT_EQ(read.error().kind, Errc::kInvalid);
  }
}

// Every path to a value in `json`.
void paths_of(const Json& json, const Json::json_pointer& at,
              std::vector<Json::json_pointer>& paths) {
  if (json.is_object()) {
    for (const auto& [key, value] : json.items()) {
      paths.push_back(at / key);
      paths_of(value, at / key, paths);
    }
  } else if (json.is_array()) {
    for (std::size_t i = 0; i < json.size(); ++i) {
      paths.push_back(at / i);
      paths_of(json[i], at / i, paths);
    }
  }
}

TEST(Codec, EveryKeyThatIsMissingOrOfAnotherTypeIsRefused) {
  const Json whole = encode_stage(small_configuration());
  std::vector<Json::json_pointer> paths;
  paths_of(whole, Json::json_pointer(), paths);
  ASSERT_EQ(paths.size(), 43u) << "all there are";
  // What a release before does not send.
  const std::set<std::string> optional{"allow", "deny", "limits", "lists", "groups"};
  for (const auto& path : paths) {
    Json wrong = whole;
    wrong[path] = nullptr;
    const auto read = decode_stage(sent(wrong));
    ASSERT_FALSE(read) << path;
    EXPECT_EQ(read.error().id, kBadShape) << path;
    if (whole[path.parent_pointer()].is_array()) continue;
    Json without = whole;
    without[path.parent_pointer()].erase(path.back());
    const auto missing = decode_stage(sent(without));
    if (optional.contains(path.back()) || path.to_string().find("/limits/") != std::string::npos) {
      EXPECT_TRUE(missing) << path;
      continue;
    }
    ASSERT_FALSE(missing) << path;
    EXPECT_EQ(missing.error().id, kBadShape) << path;
    EXPECT_NE(missing.error().text.find("'" + path.back() + "' is missing"), std::string::npos)
        << missing.error().text;
  }
}

TEST(Codec, BadValuesAreRefusedWithTheirPlace) {
  struct Case {
    const char* path;
    Json value;
    std::string_view id;
    const char* says;
  };
  const Case kCases[] = {
      {"/configuration/revision", -1, kBadValue, "configuration.revision: -1"},
      {"/configuration/revision", 1.5, kBadValue, "configuration.revision: 1.5"},
      {"/configuration/revision", "7", kBadShape, "configuration.revision: is text"},
      {"/configuration/hash_key", "ab", kBadValue, "32 hexadecimal digits"},
      {"/configuration/hash_key", "AB0102030405060708090a0b0c0d0e0f", kBadValue, "lower case"},
      {"/configuration/hash_key", "gb0102030405060708090a0b0c0d0e0f", kBadValue, "hexadecimal"},
      {"/configuration/pools/0/method", "tunnel", kBadValue, "'tunnel' is none of nat, dsr"},
      {"/configuration/pools/0/servers/1/weight", 65536, kBadValue,
       "configuration.pools[0].servers[1].weight: 65536 is not a whole number from 0 to 65535"},
      {"/configuration/pools/0/servers/1/weight", true, kBadShape, "is true or false"},
      {"/configuration/pools/0/servers/1/state", "Up", kBadValue, "none of up, down, draining"},
      {"/configuration/pools/0/servers/1/endpoint", "10.0.0.2", kBadValue,
       "configuration.pools[0].servers[1].endpoint: "},
      {"/configuration/vips/0/address", "10.0.0.2:80/icmp", kBadValue, "configuration.vips[0]"},
      {"/configuration/vips/0/snat/0", "::ffff:10.0.0.1", kBadValue, "vips[0].snat[0]: "},
      {"/configuration/vips/0/idle_timeout_s", 4294967296, kBadValue, "4294967295"},
      {"/configuration/vips", Json::object(), kBadShape, "is an object where a list is needed"},
      {"/configuration", Json::array(), kBadShape, "is a list where an object is needed"},
      {"/version", "1", kBadShape, "version: is text where a number is needed"},
  };
  for (const Case& c : kCases) {
    Json json = encode_stage(small_configuration());
    json[Json::json_pointer(c.path)] = c.value;
    const auto read = decode_stage(sent(json));
    ASSERT_FALSE(read) << c.path << c.value;
    EXPECT_EQ(read.error().kind, Errc::kInvalid);
    EXPECT_EQ(read.error().id, c.id) << read.error().text;
    EXPECT_NE(read.error().text.find(c.says), std::string::npos) << read.error().text;
  }
}

TEST(Codec, OnlyOneObjectOfBoundedDepthIsAMessage) {
  const std::string deep = "{\"a\":" + std::string(31, '[') + std::string(31, ']') + "}";
  EXPECT_TRUE(parse_object(deep));
  EXPECT_TRUE(parse_object(R"({"a":"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"["})")) << "in a string";
  const std::string too_deep = "{\"a\":" + std::string(32, '[') + std::string(32, ']') + "}";
  for (const std::string& text :
       {too_deep, std::string(1'000'000, '['), std::string(), std::string("[]"), std::string("7"),
        std::string("{} {}"), std::string("{\"a\":}"), std::string("{\"a\":\"\xff\"}")}) {
    const auto read = parse_object(text);
    ASSERT_FALSE(read) << text.substr(0, 80);
    EXPECT_EQ(read.error().id, kNotJson);
  }
}

TEST(Codec, NoTruncatedMessageIsTaken) {
  const std::string whole = encode_stage(small_configuration()).dump();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(parse_object(std::string_view(whole).substr(0, size))) << size;
  }
}

// What a release before sends and reads.
TEST(Codec, WhatOnlyThisReleaseKnowsMayBeLeftOutAndIsWhereItSaysNothing) {
  Configuration configuration = small_configuration();
  configuration.pools[0].scheduler = Scheduler::kResponseTime;
  configuration.pools[0].servers[0].response_us = 1500;
  Json json = encode(configuration);
  Json& pool = json["pools"][0];
  EXPECT_EQ(pool["scheduler"], "response-time");
  EXPECT_EQ(pool["servers"][0]["response_us"], 1500);
  pool.erase("scheduler");
  pool["servers"][0].erase("response_us");
  EXPECT_EQ(sent(json), sent(encode(small_configuration())));
  EXPECT_EQ(decode_configuration(sent(json)), small_configuration());

  const ServerStateChange change{"web", *net::Endpoint::parse("10.0.0.1:80"), ServerState::kUp, 9};
  Json told = encode(change);
  EXPECT_EQ(told["response_us"], 9);
  told.erase("response_us");
  EXPECT_EQ(decode_server_state_change(sent(told))->response_us, 0U);
}

// A release before knows no groups: what it sends is standing, and what has none is as it sends it.
TEST(Codec, WithoutAWordOfGroupsEverythingStands) {
  Json before = encode(small_configuration());
  EXPECT_EQ(before["groups"], Json::array()) << "this release tells that there are none";
  EXPECT_FALSE(before["vips"][0].contains("group"));
  EXPECT_TRUE(decode_configuration(sent(before))->tells_groups);
  before.erase("groups");
  EXPECT_TRUE(decode_configuration(sent(before))->groups.empty());
  EXPECT_FALSE(decode_configuration(sent(before))->tells_groups);
  EXPECT_EQ(sent(encode(*decode_configuration(sent(before)))), sent(before));
  Configuration configuration = small_configuration();
  configuration.groups = {{"", Lease::kHeld}, {"blue", Lease::kStanding}};
  configuration.vips[0].group = "blue";
  Json json = sent(encode(configuration));
  EXPECT_EQ(json["vips"][0]["group"], "blue");
  EXPECT_EQ(json["groups"], Json::parse(R"([{"name": "", "lease": "held"},
                                            {"name": "blue", "lease": "standing"}])"));
  EXPECT_EQ(decode_configuration(json), configuration);
  json["groups"][1].erase("lease");
  EXPECT_EQ(decode_configuration(json), configuration);
  json["groups"][1]["lease"] = "lent";
  EXPECT_EQ(decode_configuration(json).error().id, kBadValue);
  json["groups"] = Json::array({"blue"});
  EXPECT_EQ(decode_configuration(json).error().id, kBadShape);
  auto difference = sent(encode_stage(api::difference({}, configuration)));
  EXPECT_EQ(decode_stage_difference(difference)->groups, configuration.groups);
  difference["difference"].erase("groups");
  const auto untold = decode_stage_difference(difference);
  EXPECT_TRUE(untold->groups.empty());
  EXPECT_FALSE(applied(configuration, *untold).tells_groups);
  auto status = sent(encode(ProcessStatus{}));
  status.erase("leases");
  EXPECT_TRUE(decode_process_status(status));
  status.erase("flow_sync");
  EXPECT_EQ(decode_process_status(status)->flow_sync, FlowSyncStatus());
}

// A release before does not know that flows could be the peer's as well.
TEST(Codec, WithoutAWordOfFlowSyncThereIsSome) {
  Configuration configuration = small_configuration();
  EXPECT_FALSE(encode(configuration)["vips"][0].contains("sync"));
  configuration.vips[0].sync = FlowSync::kNone;
  Json json = sent(encode(configuration));
  EXPECT_EQ(json["vips"][0]["sync"], "none");
  EXPECT_EQ(decode_configuration(json), configuration);
  json["vips"][0]["sync"] = "later";
  EXPECT_EQ(decode_configuration(json).error().id, kBadValue);
  ProcessStatus status;
  status.flow_sync = {.has_link = true, .is_whole = true, .lag_us = 7, .told = 1, .heard = 2};
  EXPECT_EQ(decode_process_status(sent(encode(status)))->flow_sync, status.flow_sync);
}

TEST(Codec, ASchedulerOrATimeThatIsNoneIsRefused) {
  for (const auto& [key, value] :
       {std::pair<const char*, Json>{"/configuration/pools/0/scheduler", "random"},
        {"/configuration/pools/0/scheduler", nullptr},
        {"/configuration/pools/0/servers/0/response_us", -1},
        {"/configuration/pools/0/servers/0/response_us", 4294967296},
        {"/configuration/pools/0/servers/0/response_us", "1ms"}}) {
    Json json = encode_stage(small_configuration());
    json[Json::json_pointer(key)] = value;
    EXPECT_FALSE(decode_stage(sent(json))) << key << value;
  }
}

}  // namespace
}  // namespace yoke::api
