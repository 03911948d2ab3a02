// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "mgmt/model/commands.h"
#include "mgmt/outlets/outlets.h"
#include "tests/unit/commit/fake_data_plane.h"
#include "tests/unit/health/loop.h"
#include "tests/unit/store/store_fixture.h"

// Whoever is told, by scripts that keep what they are told.
namespace yoke::outlets {
namespace {

using events::Kind;
using testing::ElementsAre;
using testing::HasSubstr;

class Telling : public testing::Test {
 protected:
  void follow(const std::string& lines) {
    model::Config config;
    std::istringstream stream(lines);
    for (std::string line; std::getline(stream, line);) {
      const auto edits = model::parse_command(line);
      ASSERT_TRUE(edits) << line;
      ASSERT_TRUE(model::edit(config, *edits)) << line;
    }
    outlets_.follow(config);
  }
  [[nodiscard]] std::string path_of(const std::string& name) const {
    return folder_.file("etc/yoke/notify/" + name);
  }
  void program(const std::string& name, const std::string& text) {
    const std::string path = path_of(name);
    std::filesystem::create_directories(folder_.file("etc/yoke/notify"));
    std::ofstream(path) << "#!/bin/sh\n" << text << '\n';
    ASSERT_EQ(::chmod(path.c_str(), 0700), 0);
  }
  void keeping(const std::string& name) { program(name, "cat >>\"$0.told\""); }
  [[nodiscard]] std::vector<std::string> told(const std::string& name) const {
    std::ifstream file(path_of(name + ".told"));
    std::vector<std::string> names;
    for (std::string line; std::getline(file, line);) {
      const auto whole = nlohmann::json::parse(line, nullptr, false);  // half of it may be there
      if (whole.is_discarded()) break;
      for (const auto& event : whole["events"]) names.push_back(event["event"]);
    }
    return names;
  }
  void happens(Kind kind, events::Fields fields = {}) {
    outlets_.take(events::entry_of({.kind = kind, .text = "it is", .fields = std::move(fields)}));
  }
  template <typename Holds>
  bool until(Holds&& holds) {
    hal::Timer look(loop_.get(), [&look] { look.start(std::chrono::milliseconds(5)); });
    look.start(std::chrono::milliseconds(0));
    return loop_.until(holds);
  }

  store::TempFolder folder_;
  std::unique_ptr<store::ConfigStore> store_ = store::must_open(folder_.file());
  commit::FakeDataPlane data_plane_;
  commit::Committer committer_{*store_, data_plane_};
  health::Loop loop_;
  backup::Backups backups_{
      loop_.get(),
      *store_,
      {.folder = folder_.file("backup"), .unit = "lb-a", .release = "1", .credentials = {}}};
  rpc::Unit unit_{"lb-a", committer_, {}, MonoClock::now(), backups_, folder_.file("restore")};
  std::vector<events::Event> recorded_;
  Outlets outlets_{loop_.get(), unit_, folder_.path(),
                   [this](const events::Event& event) { recorded_.push_back(event); }};
};

TEST_F(Telling, AnEndIsToldWhereItsBeginningWas) {
  keeping("page");
  follow("set notify script program page");
  const events::Fields server{{"POOL", "web"}, {"SERVER", "192.0.2.11:80"}};
  happens(Kind::kServerUp, server);
  happens(Kind::kDataPlaneConnected);
  happens(Kind::kBackupMade);
  happens(Kind::kServerDown, server);
  happens(Kind::kServerUp, server);
  ASSERT_TRUE(until([&] { return told("page").size() == 2; }));
  EXPECT_THAT(told("page"), ElementsAre("server-down", "server-up"));
}

TEST_F(Telling, WhatTheProcessBeforeToldIsOverToo) {
  keeping("page");
  follow("set notify script program page");
  outlets_.remember({events::entry_of({.kind = Kind::kDataPlaneLost, .text = ""})});
  happens(Kind::kDataPlaneConnected);
  EXPECT_TRUE(until([&] { return !told("page").empty(); }));
}

TEST_F(Telling, ThatOneCannotBeToldIsToldToAllOthers) {
  keeping("a");
  keeping("b");
  follow("set notify script:a program a\nset notify script:b program b");
  happens(Kind::kNotifyFailed, {{"NOTIFY", "script:a"}, {"TO", ""}});
  happens(Kind::kVipDown, {{"VIP", "web"}});
  ASSERT_TRUE(until([&] { return !told("a").empty() && !told("b").empty(); }));
  EXPECT_THAT(told("a"), ElementsAre("vip-down"));
  EXPECT_THAT(told("b"), ElementsAre("notify-failed", "vip-down"));
}

// Each of two that refuse all would be told of the other's losses, and lose that.
TEST_F(Telling, OfLossesOfOneNobodyIsTold) {
  keeping("a");
  follow("set notify script:a program a");
  happens(Kind::kEventsNotSent, {{"NOTIFY", "script:b"}, {"TO", ""}});
  happens(Kind::kEventsNotSent, {{"SYSLOG", "central"}});
  ASSERT_TRUE(until([&] { return !told("a").empty(); }));
  EXPECT_THAT(told("a"), ElementsAre("events-not-sent"));
}

TEST_F(Telling, OneThatFailsStandsUntilItWorksOrIsRemoved) {
  program("page", "echo no modem >&2; exit 3");
  follow("set notify script program page");
  happens(Kind::kVipDown, {{"VIP", "web"}});
  ASSERT_TRUE(until([&] { return !outlets_.conditions().empty(); }));
  EXPECT_THAT(outlets_.conditions()[0].text, HasSubstr("no modem"));
  follow("set notify script program page level error");
  ASSERT_EQ(outlets_.conditions().size(), 1U) << "nothing has arrived yet";
  EXPECT_EQ(outlets_.conditions()[0].over, "");
  follow("");
  ASSERT_EQ(outlets_.conditions().size(), 1U);
  EXPECT_THAT(outlets_.conditions()[0].over, HasSubstr("1 events that waited were dropped"));
  ASSERT_EQ(recorded_.size(), 1U);
  EXPECT_EQ(recorded_[0].kind, Kind::kEventsNotSent);
}

TEST_F(Telling, OneIsTriedByItself) {
  keeping("a");
  keeping("b");
  model::Config config;
  ASSERT_TRUE(config.set({{"notify", "script:a"}}, {{"program", "a"}}));
  ASSERT_TRUE(config.set({{"notify", "script:b"}}, {{"program", "b"}}));
  EXPECT_EQ(outlets_.try_notification(config, "mail", "me").error().id, "E-404");
  const auto number = outlets_.try_notification(config, "script:a", "me");
  ASSERT_TRUE(number);
  ASSERT_TRUE(until([&] {
    const auto rows = outlets_.tried(*number);
    return rows && rows->at(0).how.has_value();
  }));
  EXPECT_THAT(told("a"), ElementsAre("notify-test"));
  EXPECT_TRUE(told("b").empty());
  EXPECT_FALSE(outlets_.tried(*number)) << "it is forgotten";
}

}  // namespace
}  // namespace yoke::outlets
