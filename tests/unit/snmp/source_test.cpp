// SPDX-License-Identifier: Apache-2.0
#include "mgmt/snmp/source.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <mutex>

namespace yoke::snmp {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr Source::Pace kQuick{.poll = 2ms, .fresh = 50ms, .stale = 10s, .patience = 10s};

// A management plane of the test's own.
class Plane {
 public:
  Source::Ask ask() {
    return [this](const std::string& method, const json& params) { return answer(method, params); };
  }
  int asked(const std::string& what) {
    const std::lock_guard lock(mutex_);
    return asked_[what];
  }
  void set(bool enabled, std::string away = "") {
    const std::lock_guard lock(mutex_);
    enabled_ = enabled;
    away_ = std::move(away);
    ++revision_;
  }
  // Waits until it was asked this so often.
  void until_asked(const std::string& what, int times) {
    std::unique_lock lock(mutex_);
    told_.wait(lock, [&] { return asked_[what] >= times; });
  }

 private:
  Result<json> answer(const std::string& method, const json& params) {
    const std::lock_guard lock(mutex_);
    const std::string what = method == "show" ? params["object"].get<std::string>() : method;
    ++asked_[what];
    told_.notify_all();
    if (!away_.empty()) return fail(Errc::kUnavailable, away_, "away");
    if (what == "config") {
      json document = json::object();
      if (enabled_) document["snmp"] = {{"enabled", true}};
      return json{{"revision", revision_}, {"document", document}};
    }
    if (what == "status") return rows({{"unit", "lb-a"}, {"revision", revision_}});
    if (what == "server") return rows({{"pool", "w"}, {"server", "192.0.2.1:80"}, {"weight", 1}});
    if (what == "alarm") return rows({{"state", "raised"}, {"alarm", "k"}, {"raised", 1}});
    return fail(Errc::kUnavailable, "E-451", "no data plane");
  }
  static json rows(const json& row) { return {{"rows", json::array({row})}}; }

  std::mutex mutex_;
  std::condition_variable told_;
  std::map<std::string, int> asked_;
  bool enabled_ = true;
  std::string away_;
  std::uint64_t revision_ = 1;
};

bool is_away(Source& source) {
  return source.table(GroupId::kUnit)->get(Oid{1, 1, 0})->number == 2;
}

bool has_rows(Source& source, GroupId id) {
  const auto table = source.table(id);
  return table && table->next(Oid{});
}

TEST(Source, FollowsTheSettingAndReadsTheConfigurationOnlyWhereItChanged) {
  Plane plane;
  plane.set(false);
  Source source(plane.ask(), kQuick);
  plane.until_asked("status", 5);
  EXPECT_FALSE(source.enabled());
  EXPECT_EQ(plane.asked("config"), 1);
  EXPECT_EQ(plane.asked("alarm"), 0);
  plane.set(true);
  plane.until_asked("alarm", 2);
  EXPECT_TRUE(source.enabled());
  EXPECT_EQ(plane.asked("config"), 2);
  EXPECT_EQ(source.take_changes(10).size(), 1U);
}

TEST(Source, ManyWhoWantTheSameAskOnce) {
  Plane plane;
  Source source(plane.ask(), {.poll = 1h, .fresh = 1h, .stale = 1h, .patience = 10s});
  EXPECT_EQ(plane.asked("server"), 0) << "what nobody wants is not asked for";
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(has_rows(source, GroupId::kServer));
  EXPECT_EQ(plane.asked("server"), 1);
}

TEST(Source, WhatIsOldIsAskedForAnewBehindTheOneWhoWantsIt) {
  Plane plane;
  Source source(plane.ask(), {.poll = 1h, .fresh = 0ms, .stale = 1h, .patience = 0ms});
  for (int times = 1; times <= 3; ++times) {
    (void)source.table(GroupId::kServer);
    plane.until_asked("server", times);
  }
}

TEST(Source, NothingOldIsToldOfAManagementPlaneThatIsAway) {
  Plane plane;
  Source source(plane.ask(), {.poll = 2ms, .fresh = 0ms, .stale = 30ms, .patience = 10s});
  plane.until_asked("alarm", 1);
  for (const char* error : {"E-601", "E-602", "E-603", "E-604", "E-605"}) {
    plane.set(true, error);
    while (!is_away(source)) std::this_thread::yield();
    while (has_rows(source, GroupId::kServer)) std::this_thread::yield();
    while (has_rows(source, GroupId::kAlarm)) std::this_thread::yield();
    EXPECT_TRUE(source.enabled()) << "as far as was heard";
    plane.set(true);
    while (is_away(source)) std::this_thread::yield();
  }
}

TEST(Source, WithoutADataPlaneThereAreNoPortsAndTheManagementPlaneIsThereAllTheSame) {
  Plane plane;
  Source source(plane.ask(), kQuick);
  EXPECT_FALSE(is_away(source));
  EXPECT_FALSE(has_rows(source, GroupId::kPort));
  EXPECT_FALSE(has_rows(source, GroupId::kVip));
  EXPECT_FALSE(is_away(source));
}

TEST(Source, AnAnswerThatDoesNotComeKeepsNobodyLong) {
  std::mutex mutex;
  std::unique_lock held(mutex);
  {
    Source source(
        [&](const std::string&, const json&) -> Result<json> {
          const std::lock_guard wait(mutex);
          return fail(Errc::kTimeout, "E-603", "no answer");
        },
        {.poll = 1h, .fresh = 1h, .stale = 1h, .patience = 5ms});
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(is_away(source));
    EXPECT_EQ(source.table(GroupId::kServer), nullptr) << "which is not: there are none";
    held.unlock();
  }
}

}  // namespace
}  // namespace yoke::snmp
