// SPDX-License-Identifier: Apache-2.0
#include "mgmt/system/keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/unit/store/store_fixture.h"

namespace yoke::system {
namespace {

namespace fs = std::filesystem;
using store::must_set;
using store::read_file;
using testing::HasSubstr;

class KeeperTest : public testing::Test {
 protected:
  static hal::Event make_loop() {
    sd_event* made = nullptr;
    EXPECT_GE(sd_event_new(&made), 0);
    return hal::Event(made);
  }
  KeeperTest() {
    fs::create_directories(zones_ / "Europe");
    store::write_file((zones_ / "Europe/Berlin").string(), "TZif2");
  }
  [[nodiscard]] model::Config in_zone(const std::string& zone) const {
    model::Config config;
    must_set(config, {"system", ""}, {{"time-zone", zone}});
    return config;
  }

  store::TempFolder temp_;
  fs::path folder_ = temp_.file("system"), zones_ = temp_.file("zones");
  hal::Event loop_ = make_loop();
  Keeper keeper_{loop_.get(), {.files = folder_, .zones = zones_}};
};

TEST_F(KeeperTest, WritesAtOnceAndAgainWhereSomethingDiffers) {
  keeper_.follow({});
  EXPECT_EQ(read_file((folder_ / "time-zone").string()), "UTC\n");
  keeper_.follow(in_zone("Europe/Berlin"));
  EXPECT_EQ(read_file((folder_ / "time-zone").string()), "Europe/Berlin\n");
  EXPECT_TRUE(keeper_.conditions().empty());
  // A commit that changes none of it looks at no file.
  fs::remove_all(folder_);
  keeper_.follow(in_zone("Europe/Berlin"));
  EXPECT_FALSE(fs::exists(folder_));
}

TEST_F(KeeperTest, TellsOfAZoneThatIsNotThereUntilItIs) {
  keeper_.follow(in_zone("Europe/Berlim"));
  auto found = keeper_.conditions();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].kind, events::Kind::kSystemNotSet);
  EXPECT_EQ(found[0].subject, "system time-zone");
  EXPECT_THAT(found[0].text, HasSubstr("there is no time zone Europe/Berlim in "));
  keeper_.follow(in_zone("Europe"));  // a folder of zones
  EXPECT_EQ(keeper_.conditions().size(), 1U);
  for (const std::string name : {"leapseconds", "localtime", "empty"}) {
    const std::string text = name == "localtime" ? "TZif2" : name == "empty" ? "" : "# a table";
    store::write_file((zones_ / name).string(), text);
    keeper_.follow(in_zone(name));
    EXPECT_EQ(keeper_.conditions().size(), 1U) << name;
  }
  keeper_.follow(in_zone("Europe/Berlin"));
  EXPECT_TRUE(keeper_.conditions().empty());
}

TEST_F(KeeperTest, AZoneThatIsNotThereIsNoneToCommit) {
  const auto of = [this](const std::string& zone, const model::Config& before) {
    std::vector<std::string> ids;
    for (const auto& found : zone_violations(zones_, in_zone(zone), before)) {
      EXPECT_THAT(found.text, HasSubstr("knows no time zone " + zone));
      ids.push_back(found.path + " " + found.id);
    }
    return ids;
  };
  EXPECT_EQ(of("Europe/Berlim", {}), std::vector<std::string>{"system E-253"});
  EXPECT_EQ(of("localtime", {}), std::vector<std::string>{"system E-253"});
  EXPECT_TRUE(of("Europe/Berlin", {}).empty());
  EXPECT_TRUE(of("UTC", in_zone("Europe/Berlin")).empty());
  EXPECT_TRUE(of("Europe/Berlim", in_zone("Europe/Berlim")).empty()) << "it was so before";
}

TEST_F(KeeperTest, TellsWhatItCannotWriteAndWritesItWithTheNextCommit) {
  store::write_file(folder_.string(), "in the way");
  keeper_.follow(in_zone("UTC"));
  const auto found = keeper_.conditions();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].subject, "system files");
  EXPECT_THAT(found[0].text, HasSubstr("system cannot be written: "));
  EXPECT_THAT(found[0].text, HasSubstr("an SSH key that was taken away may still open"));
  fs::remove(folder_);
  keeper_.follow(in_zone("UTC"));
  EXPECT_TRUE(keeper_.conditions().empty());
  EXPECT_EQ(read_file((folder_ / "time-zone").string()), "UTC\n");
}

}  // namespace
}  // namespace yoke::system
