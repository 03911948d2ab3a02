// SPDX-License-Identifier: Apache-2.0
#include "mgmt/alarms/conditions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/commit/web_config.h"

namespace yoke::alarms {
namespace {

using commit::ServerId;
using commit::Verdict;
using events::Kind;
using testing::HasSubstr;
using namespace std::chrono_literals;

const ServerId kFirst{"web", net::Endpoint::parse("192.0.2.11:80").value()};
const ServerId kSecond{"web", net::Endpoint::parse("192.0.2.12:80").value()};
constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

class Conditions : public testing::Test {
 protected:
  Conditions() {
    configure(commit::web_config());
    report(kFirst, Verdict::kUp);
    report(kSecond, Verdict::kUp);
    observation_.data_plane_answers = true;
    observation_.stands = [this](Kind kind) { return kind == standing_; };
  }
  void configure(model::Config config) {
    config_ = std::move(config);
    servers_ = servers_.following(config_, MonoTime());
  }
  void report(const ServerId& id, Verdict verdict) { (void)servers_.report(id, verdict, {}); }
  std::vector<Kind> kinds() {
    std::vector<Kind> found;
    for (const auto& condition : all()) found.push_back(condition.kind);
    return found;
  }
  std::vector<Condition> all() {
    auto found = conditions_of(services_);
    for (auto& condition : conditions_of(observation_)) found.push_back(std::move(condition));
    return found;
  }
  Condition only() {
    auto found = all();
    EXPECT_EQ(found.size(), 1U);
    return found.empty() ? Condition{} : found.front();
  }

  using Kinds = std::vector<Kind>;
  model::Config config_;
  commit::ServerStates servers_;
  Kind standing_ = Kind::kStarted;  // raises nothing
  Services services_{.config = config_, .servers = servers_, .reason = [](const ServerId&) {
                       return std::string("http 503");
                     }};
  Observation observation_;
};

TEST_F(Conditions, NothingIsWrongWithASoundUnit) { EXPECT_EQ(kinds(), Kinds{}); }

TEST_F(Conditions, AServerThatIsDownIsNamedWithItsReason) {
  report(kSecond, Verdict::kDown);
  const Condition found = only();
  EXPECT_EQ(found.kind, Kind::kServerDown);
  EXPECT_EQ(found.subject, "web 192.0.2.12:80");
  EXPECT_THAT(found.text, HasSubstr("http 503"));
  EXPECT_EQ(events::command_of(found.kind, found.fields), "show check web 192.0.2.12:80");
}

TEST_F(Conditions, AServerThatWasTakenOutByHandIsNoAlarm) {
  report(kSecond, Verdict::kDown);
  store::must_set(config_, {"pool", "web", "server", "192.0.2.12:80"}, {{"enabled", "no"}});
  configure(config_);
  EXPECT_EQ(kinds(), Kinds{});
}

TEST_F(Conditions, AVipIsDownWhenNoServerTakesFlows) {
  report(kFirst, Verdict::kDown);
  report(kSecond, Verdict::kDown);
  EXPECT_EQ(kinds(), (Kinds{Kind::kServerDown, Kind::kServerDown, Kind::kVipDown}));
  report(kSecond, Verdict::kUp);
  EXPECT_EQ(kinds(), Kinds{Kind::kServerDown});
  store::must_set(config_, {"pool", "web", "server", "192.0.2.12:80"}, {{"weight", "0"}});
  EXPECT_EQ(kinds(), (Kinds{Kind::kServerDown, Kind::kVipDown})) << "weight 0 takes none";
  store::must_set(config_, {"group", "blue"}, {{"enabled", "no"}});
  store::must_set(config_, {"vip", "web"}, {{"group", "blue"}});
  EXPECT_EQ(kinds(), Kinds{Kind::kServerDown}) << "nor that of a group that is taken out";
  store::must_set(config_, {"group", "blue"}, {{"enabled", "yes"}});
  EXPECT_EQ(kinds(), (Kinds{Kind::kServerDown, Kind::kVipDown}));
  store::must_set(config_, {"vip", "web"}, {{"enabled", "no"}});
  EXPECT_EQ(kinds(), Kinds{Kind::kServerDown}) << "nobody expects it to answer";
}

TEST_F(Conditions, WhyAVipIsDownIsAWholeSentence) {
  const auto text = [this] {
    const auto found = conditions_of(services_);
    return found.empty() ? std::string() : found.back().text;
  };
  report(kFirst, Verdict::kDown);
  report(kSecond, Verdict::kDown);
  EXPECT_THAT(text(),
              HasSubstr("its pool web has 2 servers, none of which takes flows; 2 are down"));
  (void)config_.remove(model::Path{{"pool", "web", "server", kSecond.server.to_string()}});
  configure(config_);
  EXPECT_THAT(text(), HasSubstr("its pool web has one server, which is down"));
}

TEST_F(Conditions, AServerNotKnownYetDecidesNothing) {
  report(kFirst, Verdict::kDown);
  report(kSecond, Verdict::kUnknown);
  EXPECT_EQ(kinds(), Kinds{Kind::kServerDown});
}

TEST_F(Conditions, APoolWithoutServersLeavesItsVipDown) {
  for (const char* server : {"192.0.2.11:80", "192.0.2.12:80"}) {
    (void)config_.remove(model::Path{{"pool", "web", "server", server}});
  }
  configure(config_);
  EXPECT_THAT(only().text, HasSubstr("has no servers"));
  ASSERT_TRUE(config_.remove(model::Path{{"vip", "web"}}, {"pool"}));
  EXPECT_EQ(kinds(), Kinds{}) << "a VIP without a pool answers ping alone";
}

TEST_F(Conditions, TheDataPlaneAndTheCommitThatWaits) {
  observation_.data_plane_answers = false;
  EXPECT_EQ(kinds(), Kinds{Kind::kDataPlaneLost});
  observation_.data_plane_answers = true;
  observation_.unconfirmed = store::Unconfirmed{.revision = 7, .back_to = 6, .deadline = {}};
  EXPECT_EQ(kinds(), Kinds{Kind::kCommitWaits});
  EXPECT_EQ(events::command_of(Kind::kCommitWaits, {}), "confirm");
}

TEST_F(Conditions, PortsAreNamedAndFlowsHaveAMarginBetweenRaisingAndClearing) {
  api::Counters counters;
  counters.ports.resize(2);
  counters.ports[0].name = "wan";
  counters.ports[0].link_up = true;
  counters.ports[1].name = "lan";
  counters.flows_capacity = 1000;
  observation_.counters = counters;
  EXPECT_EQ(only().subject, "lan");
  observation_.counters->ports[1].link_up = true;
  struct Row {
    std::uint64_t open;
    bool stands, holds;
  };
  for (const auto& [open, stands, holds] :
       {Row{899, false, false}, Row{900, false, true}, Row{899, true, true}, Row{800, true, true},
        Row{799, true, false}}) {
    observation_.counters->flows_open = open;
    standing_ = stands ? Kind::kFlowTableHigh : Kind::kStarted;
    EXPECT_EQ(kinds(), holds ? Kinds{Kind::kFlowTableHigh} : Kinds{}) << open << ' ' << stands;
  }
  observation_.counters->flows_capacity = 0;
  EXPECT_EQ(kinds(), Kinds{});
}

TEST_F(Conditions, TheDiskIsLowByBytesAndOfASmallOneByShare) {
  struct Row {
    std::uint64_t mib, free_mib;
    bool stands, holds;
  };
  for (const auto& row :
       {Row{100'000, 64, false, false}, Row{100'000, 63, false, true}, Row{100'000, 95, true, true},
        Row{100'000, 96, true, false}, Row{100, 5, false, false}, Row{100, 4, false, true},
        Row{100, 7, true, true}, Row{100, 8, true, false}}) {
    observation_.disk = Disk{row.mib * kMiB, row.free_mib * kMiB, false};
    standing_ = row.stands ? Kind::kDiskLow : Kind::kStarted;
    EXPECT_EQ(kinds(), row.holds ? Kinds{Kind::kDiskLow} : Kinds{})
        << row.mib << ' ' << row.free_mib;
  }
  observation_.disk = Disk{900 << 10, 20 << 10, false};
  EXPECT_EQ(only().text,
            "20 KiB of 900 KiB are free where the store is: remove what is not needed");
  observation_.disk = Disk{100 * kMiB, 50 * kMiB, true};
  EXPECT_EQ(kinds(), Kinds{Kind::kStoreUnwritable});
  observation_.store_unwritable = Error{Errc::kFailed, "E-503", "config.db: no space left", -1};
  EXPECT_EQ(only().text, "config.db: no space left; nothing can be committed until then")
      << "the store knows better what to do, and one alarm is enough";
  observation_.disk.reset();
  EXPECT_EQ(kinds(), Kinds{Kind::kStoreUnwritable}) << "a disk may have been full at the start";
  observation_.store_unwritable.reset();
  observation_.others = {{Kind::kEventLogFailed, "", "events.db: no space left"}};
  EXPECT_EQ(only().text, "events.db: no space left");
}

TEST_F(Conditions, AClockThatIsBehindIsAnAlarmWithWhatToDo) {
  observation_.clock_behind = "set the time";
  EXPECT_EQ(kinds(), Kinds{Kind::kClockBehind});
  EXPECT_EQ(only().text, "set the time");
}

}  // namespace
}  // namespace yoke::alarms
