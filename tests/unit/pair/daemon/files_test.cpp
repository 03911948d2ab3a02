// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>

#include "hal/linux/durable_file.h"
#include "mgmt/pair/daemon/key_file.h"
#include "mgmt/pair/daemon/settings.h"
#include "mgmt/pair/daemon/state_file.h"
#include "mgmt/pair/daemon/tracked.h"

namespace yoke::pair {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

// A folder of the test's own.
class Folder {
 public:
  Folder() {
    std::string name = testing::TempDir() + "/pair-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

void write(const std::filesystem::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string text_of(const std::filesystem::path& path) {
  return hal::read_whole(path, "E-1").value().value_or("");
}

// ---- settings ----------------------------------------------------------------------------------

Json least() {
  return Json::parse(R"({"version": 1, "dedicated": {"interface": "ha0"},
                         "data": {"interface": "wan"}, "groups": [{"vrid": 7}]})");
}

TEST(SettingsTest, WhatIsLeftOutHasItsDefault) {
  const auto settings = decode_settings(least());
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_EQ(settings->profile, "default");
  EXPECT_EQ(settings->dedicated, "ha0");
  EXPECT_EQ(settings->links, std::vector<std::string>{"wan"});
  EXPECT_TRUE(settings->data_plane);
  ASSERT_EQ(settings->groups.size(), 1U);
  EXPECT_EQ(settings->groups[0].vrid, 7);
  EXPECT_EQ(settings->groups[0].priority, 100);
  EXPECT_EQ(settings->groups[0].name, "");
}

TEST(SettingsTest, GoesThereAndBack) {
  Json document = least();
  document["policy"] = "strict";
  document["profile"] = "fast";
  document["data_plane"] = false;
  document["data"]["links"] = {"eth0", "eth1"};
  document["groups"] = Json::parse(
      R"([{"name": "a", "vrid": 1, "priority": 254, "preempt": true, "last_man": true,
           "mac": "own", "vips": ["192.0.2.1", "2001:db8::1"]}, {"name": "b", "vrid": 255}])");
  const auto settings = decode_settings(document);
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_EQ(decode_settings(encode(*settings)), *settings);
  const Folder folder;
  ASSERT_TRUE(store_settings(folder / "pair.json", *settings));
  EXPECT_EQ(read_settings(folder / "pair.json").value(), *settings);
  EXPECT_EQ(read_settings(folder / "none").value(), std::nullopt);
}

TEST(SettingsTest, OtherReleasesAreUnderstood) {
  Json document = least();
  document["colour"] = "blue";
  document["groups"][0]["shape"] = {1, 2};
  document["version"] = 2;
  EXPECT_FALSE(decode_settings(document));  // says nothing of being understood by us
  document["oldest"] = 1;
  EXPECT_TRUE(decode_settings(document));
}

TEST(SettingsTest, WhatIsWrongIsTold) {
  struct Case {
    const char* at;
    Json value;
    const char* told;
  };
  const Json two_of_one = Json::parse(R"([{"name": "a", "vrid": 1}, {"name": "b", "vrid": 1}])");
  const Json shared = Json::parse(R"([{"name": "a", "vrid": 1, "vips": ["192.0.2.1"]},
                                      {"name": "b", "vrid": 2, "vips": ["192.0.2.1"]}])");
  for (const Case& wrong : {
           Case{"/groups", shared, "192.0.2.1 is in the groups of vrid 1 and 2"},
           Case{"/version", "1", "version"},
           Case{"/profile", "slow", "profile"},
           Case{"/profile", 5, "profile"},
           Case{"/policy", "none", "policy"},
           Case{"/data_plane", 1, "data_plane"},
           Case{"/dedicated/interface", "", "interface"},
           Case{"/dedicated/interface", "a-name-of-16-octets", "interface"},
           Case{"/dedicated/interface", "wan", "one interface"},
           Case{"/dedicated", 7, "no object"},
           Case{"/data/links", Json::array({"../x"}), "name of an interface"},
           Case{"/groups", Json::object(), "groups"},
           Case{"/groups", two_of_one, "one vrid"},
           Case{"/groups/0", "x", "no object"},
           Case{"/watchdog", "/etc/passwd", "no device"},
           Case{"/watchdog", 1, "watchdog"},
           Case{"/groups/0/vrid", 0, "vrid"},
           Case{"/groups/0/vrid", 256, "vrid"},
           Case{"/groups/0/vrid", -1, "vrid"},
           Case{"/groups/0/vrid", 1.5, "vrid"},
           Case{"/groups/0/priority", 255, "priority"},
           Case{"/groups/0/mac", "mine", "mac"},
           Case{"/groups/0/vips", Json::array({"192.0.2"}), "vips"},
           Case{"/groups/0/vips", Json::array({"224.0.0.1"}), "nobody's"},
           Case{"/groups/0/vips", Json::array({1}), "vips"},
       }) {
    Json document = least();
    document[Json::json_pointer(wrong.at)] = wrong.value;
    const auto settings = decode_settings(document);
    ASSERT_FALSE(settings) << document;
    EXPECT_EQ(settings.error().id, "E-720");
    EXPECT_THAT(settings.error().text, HasSubstr(wrong.told));
  }
  for (const char* text : {"[]", "1", "null", R"({"version": 1})"}) {
    EXPECT_FALSE(decode_settings(Json::parse(text))) << text;
  }
  const Folder folder;
  write(folder / "pair.json", "{");
  EXPECT_EQ(read_settings(folder / "pair.json").error().id, "E-720");
}

TEST(SettingsTest, EveryProfileIsSafe) {
  for (const char* name : {"fast", "default", "vm"}) {
    const auto checked = check(profile(name).value());
    EXPECT_TRUE(checked) << name << ": " << checked.error().text;
  }
}

// ---- the state
// -----------------------------------------------------------------------------------

const Memory kMemory{{1, {66, false}}, {51, {1'000'000'007, true}}};

TEST(StateFileTest, GoesThereAndBack) {
  const Folder folder;
  ASSERT_TRUE(remember(folder / "pair.state", kMemory));
  const auto recalled = recall(folder / "pair.state");
  EXPECT_EQ(recalled.memory, kMemory);
  EXPECT_EQ(recalled.damage, "");
}

TEST(StateFileTest, ANewUnitKnowsNothingAndThatIsWell) {
  const Folder folder;
  const auto recalled = recall(folder / "pair.state");
  EXPECT_TRUE(recalled.memory.empty());
  EXPECT_EQ(recalled.damage, "");
}

TEST(StateFileTest, LinesOfALaterReleaseAreSteppedOver) {
  Memory memory{{1, {66, false}}};
  const std::string body =
      "yoke-pair-state 1\ncolour blue\ngroup 1 reserved 66 maintenance 0 x 5\n";
  // The sum of a text that this release would not write.
  const Folder folder;
  ASSERT_TRUE(remember(folder / "pair.state", memory));
  std::uint64_t sum = 0xcbf29ce484222325;
  for (const char c : body) sum = (sum ^ static_cast<std::uint8_t>(c)) * 0x100000001b3;
  std::array<char, 32> line{};
  (void)std::snprintf(line.data(), line.size(), "sum %016llx\n",
                      static_cast<unsigned long long>(sum));
  EXPECT_EQ(decode_memory(body + line.data()), memory);
}

TEST(StateFileTest, NothingTornOrAlteredIsBelieved) {
  const std::string text = encode(kMemory);
  for (std::size_t i = 0; i < text.size(); ++i) {
    EXPECT_EQ(decode_memory(text.substr(0, i)), std::nullopt) << i;
    std::string altered = text;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    EXPECT_EQ(decode_memory(altered), std::nullopt) << i;
  }
  EXPECT_EQ(decode_memory(text + "x"), std::nullopt);
  EXPECT_EQ(decode_memory("yoke-pair-state 2\n" + text.substr(18)), std::nullopt);
}

TEST(StateFileTest, TheOneBeforeCountsAboveWhatCanHaveBeenClaimed) {
  const Folder folder;
  const auto path = folder / "pair.state";
  ASSERT_TRUE(remember(path, {{1, {66, true}}}));
  ASSERT_TRUE(remember(path, {{1, {130, true}}}));
  write(path, text_of(path).substr(0, 30));
  const auto recalled = recall(path);
  EXPECT_NE(recalled.damage, "");
  EXPECT_GE(recalled.memory.at(1).reserved, 130U);
  EXPECT_TRUE(recalled.memory.at(1).maintenance);
  // Written again while damaged, it does not push out the whole one with itself.
  ASSERT_TRUE(remember(path, recalled.memory));
  EXPECT_EQ(recall(path).damage, "");
  EXPECT_TRUE(decode_memory(text_of(path.native() + ".old")));
}

TEST(StateFileTest, BothDamagedIsTold) {
  const Folder folder;
  const auto path = folder / "pair.state";
  write(path, "x");
  write(path.native() + ".old", "");
  const auto recalled = recall(path);
  EXPECT_THAT(recalled.damage, HasSubstr("not known"));
  EXPECT_TRUE(recalled.memory.empty());
}

TEST(StateFileTest, ADiskThatTakesNothingIsTold) {
  EXPECT_EQ(remember("/proc/none/pair.state", kMemory).error().id, "E-722");
}

// ---- the key
// -------------------------------------------------------------------------------------

TEST(KeyFileTest, TwoUnitsGetOneKey) {
  const Folder folder;
  ASSERT_TRUE(make_keys(folder / "keys"));
  const auto a = read_key(folder / "keys/a/pair.key").value();
  const auto b = read_key(folder / "keys/b/pair.key").value();
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->unit, Unit::kA);
  EXPECT_EQ(b->unit, Unit::kB);
  EXPECT_EQ(a->keys.current, b->keys.current);
  EXPECT_EQ(a->hash, b->hash);
  EXPECT_NE(a->keys.current.bytes, KeyBytes{});
  EXPECT_EQ(make_keys(folder / "keys").error().id, "E-721");  // they are there already
  EXPECT_EQ(read_key(folder / "none").value(), std::nullopt);
}

TEST(KeyFileTest, OneThatOthersMayReadIsRefused) {
  const Folder folder;
  ASSERT_TRUE(make_keys(folder / "keys"));
  const auto path = folder / "keys/a/pair.key";
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  EXPECT_EQ(read_key(path).error().id, "E-721");
}

TEST(KeyFileTest, WhatIsWrongIsToldWithoutTheKey) {
  Key bytes{3, {}};
  bytes.bytes.fill(0xc5);
  const UnitKey key = first_key(Unit::kA, bytes);
  const std::string text = encode(key);
  ASSERT_TRUE(decode_key(text));
  std::string other = text;
  other.replace(other.find("unit a"), 6, "unit c");
  std::string newer = text;
  newer.replace(0, 15, "yoke-pair-key 2");
  std::string upper = text;
  upper.replace(upper.find("c5"), 2, "C5");
  for (const auto& wrong :
       {other, newer, upper, std::string(), std::string("\n\n\n"), text.substr(0, text.size() - 3),
        "yoke-pair-key 1\nunit a\nkey 256 00\n" + text}) {
    const auto read = decode_key(wrong);
    ASSERT_FALSE(read) << wrong;
    EXPECT_EQ(read.error().id, "E-721");
    EXPECT_THAT(read.error().text, testing::Not(HasSubstr("c5c5")));
  }
}

// What a release before wrote is read, and written as that reads it.
TEST(KeyFileTest, ThatOfAReleaseBeforeIsReadAndKept) {
  const std::string text = "yoke-pair-key 1\nunit b\nkey 1 " + std::string(64, '7') + "\n";
  const auto read = decode_key(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->unit, Unit::kB);
  EXPECT_EQ(read->hash, hash_key_of(read->keys.current.bytes));
  EXPECT_EQ(read->keys.next, std::nullopt);
  EXPECT_EQ(encode(*read), text);
}

// What the data planes hash by stays while the key becomes another.
TEST(KeyFileTest, HoldsBothKeysWhileOneTakesTheOthersPlace) {
  Key bytes{255, {}};
  bytes.bytes.fill(0xc5);
  UnitKey key = first_key(Unit::kB, bytes);
  const HashKey hash = key.hash;
  key.keys.made_s = 1'700'000'000;
  NextKey next;
  next.key.bytes.fill(0xd6);
  next.made_s = 1'800'000'000;
  next.rotation.fill(0x11);
  next.share.fill(0x22);
  for (const bool is_proven : {false, true}) {
    next.is_proven = is_proven;
    key.keys.next = next;
    const auto read = decode_key(encode(key));
    ASSERT_TRUE(read) << read.error().text;
    EXPECT_EQ(*read, key);
  }
  const std::string both = encode(key);
  for (std::size_t length = 0; length + 1 < both.size(); ++length) {
    const auto cut = decode_key(both.substr(0, length));
    // At the end of a line it is the whole of what comes before; a torn write cannot leave that.
    if (cut) {
      EXPECT_EQ(cut->keys.next, std::nullopt) << length;
    }
  }
  key.keys = {next.key, next.made_s, std::nullopt};
  const auto after = decode_key(encode(key));
  ASSERT_TRUE(after);
  EXPECT_EQ(after->hash, hash);
  EXPECT_NE(after->hash, hash_key_of(after->keys.current.bytes));
  EXPECT_EQ(after->keys, key.keys);
}

TEST(TrackedItems, WeighOnTheGroupsThatTheyConcern) {
  const auto tracked = decode_tracked(Json::parse(
      R"({"items": [{"name": "gateway", "up": false, "weight": 200},
                    {"name": "pool", "up": false, "weight": 100, "groups": ["blue"]},
                    {"name": "script", "up": false, "groups": ["red"]},
                    {"name": "process", "up": true}],
          "ready": false, "config": {"epoch": 4, "revision": 215, "hash": 7}, "later": 1})"));
  ASSERT_TRUE(tracked) << tracked.error().text;
  const TrackedGroup blue{.able = true, .ready = false, .health = 0, .config = {4, 215, 7}};
  EXPECT_EQ(tracked->of("blue"), blue);
  EXPECT_EQ(tracked->of("red").health, 55);
  EXPECT_FALSE(tracked->of("red").able);
  EXPECT_TRUE(tracked->of("").able);
  EXPECT_THAT(tracked->down("blue"), testing::ElementsAre("gateway", "pool"));
  EXPECT_EQ(decode_tracked(Json::object())->of("blue"), TrackedGroup{});
}

TEST(TrackedItems, ThatAreNoneAreRefusedWithTheirPlace) {
  for (const char* text :
       {R"(7)", R"({"items": 7})", R"({"items": [7]})", R"({"items": [{"up": true}]})",
        R"({"items": [{"name": "x"}]})", R"({"items": [{"name": "x", "up": 1}]})",
        R"({"items": [{"name": "x", "up": true, "weight": 255}]})",
        R"({"items": [{"name": "x", "up": true, "weight": -1}]})",
        R"({"items": [{"name": "x", "up": true, "groups": "x"}]})",
        R"({"items": [{"name": "x", "up": true, "groups": [1]}]})", R"({"ready": 1})",
        R"({"config": 1})", R"({"config": {"epoch": "x"}})"}) {
    const auto tracked = decode_tracked(Json::parse(text));
    ASSERT_FALSE(tracked) << text;
    EXPECT_EQ(tracked.error().id, "E-720") << text;
  }
}

}  // namespace
}  // namespace yoke::pair
