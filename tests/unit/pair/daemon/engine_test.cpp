// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/engine.h"
#include "mgmt/pair/wire/refusal_watch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <vector>

namespace yoke::pair {
namespace {

using std::chrono::milliseconds;
using Frame = std::vector<std::uint8_t>;

Settings settings_of_two_groups() {
  Settings settings;
  settings.dedicated = "ha0";
  settings.data = "wan";
  for (const auto& [name, vrid] : {std::pair{"one", 1}, std::pair{"two", 2}}) {
    GroupSettings group;
    group.name = name;
    group.vrid = static_cast<Group>(vrid);
    group.vips = {net::IpAddress::v4(192, 0, 2, static_cast<std::uint8_t>(vrid))};
    settings.groups.push_back(group);
  }
  return settings;
}

struct Sent {
  std::uint8_t way;
  Frame frame;
};

// One unit, with an outlet that remembers.
class Box final : public Outlet {
 public:
  Box(Unit own, std::uint8_t boot, const Settings& settings)
      : unit(own), leases(settings.groups.size()) {
    Engine::Parts parts;
    parts.settings = settings;
    parts.session.unit = unit;
    parts.session.boot.fill(boot);
    parts.session.seed.fill(static_cast<std::uint8_t>(boot + 100));
    parts.session.key.id = 1;
    parts.session.key.bytes.fill(0x5a);
    parts.restarted = true;  // listens for a shorter time
    parts.recalled.resize(settings.groups.size());
    engine = std::make_unique<Engine>(parts, *this);
  }

  void send(std::uint8_t way, Bytes frame) override {
    out.push_back({way, {frame.begin(), frame.end()}});
  }
  void set_lease(std::size_t group, const Lease& lease) override { leases[group] = lease; }
  void hand_over_lease(std::size_t group, const Lease& lease) override { leases[group] = lease; }
  void ask_for_vips(std::size_t) override { ++asked; }
  void announce(std::size_t) override { ++announced; }
  void withdraw(std::size_t) override { ++withdrawn; }
  void reclaim(std::size_t) override {}
  void flush_flows() override { ++flushes; }
  void reserve(std::size_t group, Epoch up_to) override { reserving.push_back({group, up_to}); }
  void save_maintenance(std::size_t, bool on) override { maintenance = on; }
  void report(const Report& report) override { reports.push_back(report); }
  void rotation_heard(Bytes body) override { rotations.emplace_back(body.begin(), body.end()); }

  // As the process does it: those that go by the indices of before, the others by the new ones.
  void change(const Settings& settings, MonoTime now) {
    Engine::Plan plan(settings, unit, {});
    engine->retire(plan, now);
    leases.resize(settings.groups.size());
    engine->adopt(plan, now);
    Tracking well;
    well.data_link = well.able = well.ready = true;
    for (std::size_t i = 0; i < engine->groups(); ++i) engine->track(i, well, now);
  }

  [[nodiscard]] Role role(std::size_t group) const { return engine->state(group).role; }
  [[nodiscard]] bool holds(std::size_t group, MonoTime now) const {
    return leases[group].until > now;
  }

  Unit unit;
  std::unique_ptr<Engine> engine;
  std::deque<Sent> out;
  std::vector<Lease> leases;
  std::vector<std::pair<std::size_t, Epoch>> reserving;
  std::vector<Report> reports;
  int asked = 0, announced = 0, withdrawn = 0;
  int flushes = 0;               // not answered
  std::vector<Frame> rotations;  // what was heard of another key
  bool maintenance = false;
};

// Two units, a wire that takes no time, and a disk that takes a millisecond.
class EngineTest : public testing::Test {
 protected:
  EngineTest() {
    Tracking well;
    well.data_link = well.able = well.ready = true;
    for (Box* box : {&a, &b}) {
      for (std::size_t i = 0; i < box->engine->groups(); ++i) box->engine->track(i, well, now);
      box->engine->start(now);
    }
  }

  void run(milliseconds span) {
    for (const MonoTime end = now + span; now < end; now += milliseconds(1)) {
      for (int round = 0; round < 4; ++round) {
        carry(a, b);
        carry(b, a);
      }
      for (Box* box : {&a, &b}) {
        if (box == dead) continue;
        for (const auto& [group, up_to] : std::exchange(box->reserving, {})) {
          box->engine->reserved(group, up_to, now);
        }
        if (peers_hear_of_flows && std::exchange(box->flushes, 0) > 0) box->engine->flushed(now);
        if (now >= box->engine->wake_at()) box->engine->tick(now);
      }
      for (std::size_t i = 0; i < std::min(a.leases.size(), b.leases.size()); ++i) {
        EXPECT_FALSE(a.holds(i, now) && b.holds(i, now));
      }
    }
  }
  void carry(Box& from, Box& to) {
    for (const Sent& sent : std::exchange(from.out, {})) {
      kept.push_back(sent);
      if (&to != dead && &from != dead) (void)to.engine->hear(sent.way, sent.frame, now);
    }
  }

  Settings settings = settings_of_two_groups();
  MonoTime now{std::chrono::hours(5)};
  Box a{Unit::kA, 1, settings}, b{Unit::kB, 2, settings};
  Box* dead = nullptr;
  bool peers_hear_of_flows = true;
  std::vector<Sent> kept;
};

TEST_F(EngineTest, OneHoldsEachGroup) {
  run(milliseconds(2000));
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_NE(a.holds(i, now), b.holds(i, now)) << i;
    EXPECT_EQ(a.holds(i, now) ? a.role(i) : b.role(i), Role::kActive);
  }
  EXPECT_EQ(a.announced + b.announced, 2);
  EXPECT_EQ(a.engine->misfits() + b.engine->misfits(), 0U);
}

TEST_F(EngineTest, OneThatDiesIsReplacedAndItsLeaseHasLapsed) {
  run(milliseconds(1000));
  Box& first = a.holds(0, now) ? a : b;
  Box& other = &first == &a ? b : a;
  dead = &first;
  run(milliseconds(1000));
  EXPECT_EQ(other.role(0), Role::kAlone);
  EXPECT_TRUE(other.holds(0, now));
  EXPECT_GT(other.asked, 0);
}

TEST_F(EngineTest, AFailoverMovesOneGroupAndTellsHowItWent) {
  run(milliseconds(1000));
  Box& first = a.holds(0, now) ? a : b;
  Box& other = &first == &a ? b : a;
  const bool second_moves = first.holds(1, now);
  first.engine->command(0, {Command::What::kFailover}, 77, now);
  run(milliseconds(500));
  EXPECT_TRUE(other.holds(0, now));
  EXPECT_EQ(first.holds(1, now), second_moves);
  first.engine->command(0, {Command::What::kFailover}, 78, now);
  const auto answer = [&](std::uint32_t ticket) {
    const auto found =
        std::find_if(first.reports.begin(), first.reports.end(), [&](const Report& report) {
          return report.ticket == ticket && report.kind != Report::Kind::kTransition;
        });
    return found == first.reports.end() ? Report::Kind::kTransition : found->kind;
  };
  EXPECT_EQ(answer(77), Report::Kind::kObeyed);
  EXPECT_EQ(answer(78), Report::Kind::kRefused);
}

TEST_F(EngineTest, AFailoverWaitsUntilThePeerHasTheFlowsAndIsCalledOffWhereThatNeverIs) {
  run(milliseconds(1000));
  Box& first = a.holds(0, now) ? a : b;
  Box& other = &first == &a ? b : a;
  peers_hear_of_flows = false;
  first.engine->command(0, {Command::What::kFailover}, 77, now);
  run(milliseconds(100));
  EXPECT_EQ(first.flushes, 1);
  EXPECT_EQ(first.role(0), Role::kHandoffOut);
  EXPECT_TRUE(first.holds(0, now));
  run(milliseconds(1000));
  EXPECT_EQ(first.role(0), Role::kActive);
  EXPECT_TRUE(first.holds(0, now));
  EXPECT_EQ(other.role(0), Role::kStandby);
  // Of a handoff that was called off nothing is left that a late word could end.
  first.engine->flushed(now);
  EXPECT_TRUE(first.holds(0, now));
  first.flushes = 0;
  peers_hear_of_flows = true;
  first.engine->command(0, {Command::What::kFailover}, 78, now);
  run(milliseconds(500));
  EXPECT_TRUE(other.holds(0, now));
}

TEST_F(EngineTest, WhoAnswersForAVipStopsACandidate) {
  dead = &b;
  for (int i = 0; i < 10'000 && a.role(0) != Role::kCandidate; ++i) run(milliseconds(1));
  ASSERT_EQ(a.role(0), Role::kCandidate);
  a.engine->hear_holder(net::IpAddress::v4(192, 0, 2, 99), now);
  EXPECT_EQ(a.role(0), Role::kCandidate);
  a.engine->hear_holder(settings.groups[0].vips[0], now);
  EXPECT_NE(a.role(0), Role::kCandidate);
  EXPECT_FALSE(a.holds(0, now));
}

TEST_F(EngineTest, NothingForgedOrPlayedAgainChangesAnything) {
  run(milliseconds(1000));
  const auto recorded = kept;
  const Role before[] = {a.role(0), a.role(1), b.role(0), b.role(1)};
  const Epoch seen = a.engine->state(0).seen;
  for (const Sent& sent : recorded) {
    Frame forged = sent.frame;
    forged[forged.size() / 2] ^= 0x40;
    for (Box* box : {&a, &b}) {
      EXPECT_FALSE(box->engine->hear(sent.way, sent.frame, now));
      EXPECT_FALSE(box->engine->hear(sent.way, forged, now));
      EXPECT_FALSE(box->engine->hear(sent.way, {sent.frame.data(), sent.frame.size() / 2}, now));
    }
  }
  EXPECT_GE(a.engine->session().refusals().all(), 3 * recorded.size());
  run(milliseconds(500));
  const Role after[] = {a.role(0), a.role(1), b.role(0), b.role(1)};
  EXPECT_TRUE(std::equal(std::begin(before), std::end(before), std::begin(after)));
  EXPECT_EQ(a.engine->state(0).seen, seen);
}

// One unit has the new key long before the other, lets go of the old one long before it, and no
// heartbeat is lost by that.
TEST_F(EngineTest, AnotherKeyMovesNoGroupAndLosesNoFrame) {
  run(milliseconds(1000));
  for (Box* box : {&a, &b}) box->reports.clear();
  const Key older = [] {
    Key key{1, {}};
    key.bytes.fill(0x5a);
    return key;
  }();
  Key newer{2, {}};
  newer.bytes.fill(0x6b);
  ASSERT_TRUE(b.engine->use_keys(older, newer));
  b.engine->say_rotation(Frame{1, 2, 3});
  run(milliseconds(200));
  ASSERT_FALSE(a.rotations.empty());
  EXPECT_EQ(a.rotations.front(), (Frame{1, 2, 3}));
  EXPECT_EQ(b.engine->session().keys().sealing(), 1) << "the peer does not have it";
  ASSERT_TRUE(a.engine->use_keys(older, newer));
  run(milliseconds(200));
  for (Box* box : {&a, &b}) {
    EXPECT_EQ(box->engine->session().keys().sealing(), 2);
    EXPECT_TRUE(box->engine->session().keys().settled());
  }
  ASSERT_TRUE(a.engine->use_keys(newer, std::nullopt));
  run(milliseconds(200));
  ASSERT_TRUE(b.engine->use_keys(newer, std::nullopt));
  run(milliseconds(1000));
  for (Box* box : {&a, &b}) {
    EXPECT_EQ(foul(box->engine->session().refusals()), 0U);
    EXPECT_TRUE(box->reports.empty());
  }
  EXPECT_FALSE(a.engine->use_keys(older, std::nullopt)) << "it takes another session";
}

TEST_F(EngineTest, GroupsThatThePeerHasAloneAreCounted) {
  run(milliseconds(1000));
  Settings more = settings;
  more.groups.push_back(GroupSettings{"three", 3, 100, false, false, true, {}});
  Box other(Unit::kB, 9, more);
  other.engine->start(now);
  for (int i = 0; i < 200; ++i, now += milliseconds(5)) {
    other.engine->tick(now);
    a.engine->tick(now);
    carry(other, a);
    carry(a, other);
  }
  EXPECT_GT(a.engine->misfits(), 0U);
}

TEST_F(EngineTest, SettingsThatChangeMoveNoGroupThatStays) {
  run(milliseconds(2000));
  Box& first = a.holds(0, now) ? a : b;
  const Epoch epoch = first.engine->state(0).lease.epoch;
  Settings changed = settings;
  changed.groups[0].priority = 77;
  changed.groups[0].vips.push_back(net::IpAddress::v4(192, 0, 2, 77));
  first.change(changed, now);
  run(milliseconds(1000));
  EXPECT_TRUE(first.holds(0, now));
  EXPECT_EQ(first.engine->state(0).lease.epoch, epoch);
  Box& other = &first == &a ? b : a;
  EXPECT_EQ(other.engine->state(0).peer.rank.priority, 77);
}

TEST_F(EngineTest, AGroupMoreIsTakenUpAndOneLessIsLetGo) {
  run(milliseconds(2000));
  Settings more = settings;
  more.groups.push_back(GroupSettings{"three", 3, 100, false, false, false, {}});
  for (Box* box : {&a, &b}) {
    box->change(more, now);
    run(milliseconds(300));
  }
  run(milliseconds(2000));
  EXPECT_NE(a.holds(2, now), b.holds(2, now));
  Box& first = a.holds(0, now) ? a : b;
  Box& other = &first == &a ? b : a;
  const bool second = first.holds(1, now);
  Settings less = more;
  less.groups.erase(less.groups.begin());
  first.change(less, now);
  EXPECT_EQ(first.engine->groups(), 2U);
  EXPECT_EQ(first.engine->state(0).lease.until > now, second);  // it is the first one now
  for (int i = 0; i < 1000; ++i, now += milliseconds(1)) {
    carry(a, b);
    carry(b, a);
    for (Box* box : {&a, &b}) {
      for (const auto& [group, up_to] : std::exchange(box->reserving, {})) {
        box->engine->reserved(group, up_to, now);
      }
      if (now >= box->engine->wake_at()) box->engine->tick(now);
    }
  }
  EXPECT_TRUE(other.holds(0, now));
  EXPECT_EQ(first.engine->state(0).lease.until > now, second);
}

TEST_F(EngineTest, AProfileThatIsChangedOnOneUnitAfterTheOtherMovesNothing) {
  run(milliseconds(2000));
  Box& first = a.holds(0, now) ? a : b;
  Box& other = &first == &a ? b : a;
  const Epoch epoch = first.engine->state(0).lease.epoch;
  const auto alarmed = [](const Box& box) {
    return (box.engine->state(0).alarms >> static_cast<unsigned>(Alarm::kTimersDiffer) & 1U) != 0;
  };
  for (const char* profile : {"vm", "fast", "default"}) {
    Settings changed = settings;
    changed.profile = profile;
    other.change(changed, now);
    run(milliseconds(1000));
    EXPECT_TRUE(alarmed(first) && alarmed(other)) << profile;
    first.change(changed, now);
    run(milliseconds(1000));
    EXPECT_FALSE(alarmed(first) || alarmed(other)) << profile;
    EXPECT_TRUE(first.holds(0, now)) << profile;
    EXPECT_EQ(first.engine->state(0).lease.epoch, epoch) << profile;
  }
}

}  // namespace
}  // namespace yoke::pair
