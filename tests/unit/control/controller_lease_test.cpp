// SPDX-License-Identifier: Apache-2.0
// What the controller makes of groups and of the lease page.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dataplane/api/lease_writer.h"
#include "dataplane/control/errors.h"
#include "tests/unit/control/controller_rig.h"

namespace yoke::control {
namespace {

using ControlOfLeases = ControllerRig;

// The web VIP is in a group, the other in none; the group is held.
api::Configuration one_held() {
  auto made = two_vips();
  made.groups = {{"blue", api::Lease::kHeld}};
  made.vips[0].group = "blue";
  return made;
}

constexpr api::LeaseTime kLeaseNow{std::chrono::hours(3)};
const std::string kBoot = "0f3c6c1e-3f0d-4b39-9a55-6a1c1d6f2a10";

TEST_F(ControlOfLeases, WithoutAWordOfGroupsEveryVipStands) {
  run(two_vips());
  const auto group = service(kWeb).group;
  EXPECT_EQ(group, service(kDns).group);
  EXPECT_EQ(snapshot().standing, lb::group_bit(group));
  EXPECT_TRUE(snapshot().held.empty());
  EXPECT_FALSE(controller_.needs_leases());
  EXPECT_EQ(controller_.leases(kLeaseNow), std::vector{api::GroupLease{}});
}

TEST_F(ControlOfLeases, AGroupThatIsHeldIsServedUnderTheLineThatIsItsOwn) {
  auto configuration = one_held();
  configuration.vips[0].snat = {ip("203.0.113.200")};
  run(configuration);
  const auto blue = service(kWeb).group, others = service(kDns).group;
  EXPECT_NE(blue, others);
  EXPECT_EQ(snapshot().standing, lb::group_bit(others));
  ASSERT_EQ(snapshot().held.size(), 1u) << "though nobody keeps a line for it yet";
  EXPECT_EQ(snapshot().held[0].identity, api::group_identity("blue"));
  EXPECT_EQ(*snapshot().local_addresses.group_of(ip("203.0.113.10")), blue);
  EXPECT_EQ(*snapshot().local_addresses.group_of(ip("203.0.113.200")), blue);
  EXPECT_EQ(*snapshot().local_addresses.group_of(ip("2001:db8:1::10")), others);
  EXPECT_TRUE(controller_.needs_leases());

  const int before = workers_.published();
  controller_.find_lines();
  EXPECT_EQ(workers_.published(), before);
  api::LeaseWriter writer(leases_, kBoot);
  (void)writer.claim("red");
  const auto line = *writer.claim("blue");
  controller_.find_lines();
  EXPECT_EQ(workers_.published(), before + 1);
  const lb::HeldGroup held{blue, line, api::group_identity("blue")};
  EXPECT_EQ(snapshot().held, std::vector{held});
  controller_.find_lines();
  EXPECT_EQ(workers_.published(), before + 1);

  writer.release(line);
  controller_.find_lines();
  const lb::HeldGroup none{blue, 0, api::group_identity("blue")};
  EXPECT_EQ(snapshot().held, std::vector{none});
}

TEST_F(ControlOfLeases, FlowsAreLookedAtAgainWhereAnAddressComesToAnotherGroup) {
  run(one_held());
  const auto before = snapshot().lists_version;
  auto moved = one_held();
  moved.revision = 9;
  moved.pools.pop_back();
  moved.pools.push_back(two_vips().pools[1]);
  run(moved);
  EXPECT_EQ(snapshot().lists_version, before);
  moved.vips[0].group = "";
  run(moved);
  EXPECT_NE(snapshot().lists_version, before);
}

TEST_F(ControlOfLeases, FlowsAreLookedAtAgainWhereAGroupBeginsOrCeasesToStand) {
  auto standing = one_held();
  standing.groups[0].lease = api::Lease::kStanding;
  run(standing);
  const auto before = snapshot().lists_version;
  auto other_address = standing;
  other_address.vips[0].snat = {ip("203.0.113.200")};
  run(other_address);
  EXPECT_EQ(snapshot().lists_version, before) << "nothing is held, so all is ours";
  run(standing);
  run(one_held());
  const auto held = snapshot().lists_version;
  EXPECT_NE(held, before);
  auto two = one_held();
  two.groups.push_back({"red", api::Lease::kStanding});
  run(two);
  two.groups[1].lease = api::Lease::kHeld;
  const auto both = snapshot().lists_version;
  run(two);
  EXPECT_NE(snapshot().lists_version, both);
}

TEST_F(ControlOfLeases, LeasesAreToldByGroup) {
  run(one_held());
  using enum api::Lease;
  using namespace api::leases;
  const auto blue = [&](api::LeaseTime now) { return controller_.leases(now)[1]; };
  const auto told = [](bool served, bool line, std::uint64_t epoch, std::uint64_t rest,
                       std::string_view reason) {
    return api::GroupLease{"blue", kHeld, served, line, epoch, rest, std::string(reason)};
  };
  EXPECT_EQ(controller_.leases(kLeaseNow)[0], api::GroupLease{});
  EXPECT_EQ(blue(kLeaseNow), told(false, false, 0, 0, kNoLine));
  controller_.set_page_trouble(kOtherBoot);
  EXPECT_EQ(blue(kLeaseNow), told(false, false, 0, 0, kOtherBoot));
  api::LeaseWriter writer(leases_, kBoot);
  const auto line = *writer.claim("blue");
  controller_.set_page_trouble("");
  controller_.find_lines();
  EXPECT_EQ(blue(kLeaseNow), told(false, true, 0, 0, kNotGranted));
  writer.grant(line, 6, kLeaseNow + std::chrono::milliseconds(20));
  EXPECT_EQ(blue(kLeaseNow), told(true, true, 6, 20000, ""));
  EXPECT_EQ(blue(kLeaseNow + std::chrono::milliseconds(20)), told(false, true, 6, 0, kLapsed));
}

// A release that knows no groups would have all VIPs served by both units.
TEST_F(ControlOfLeases, WhoDoesNotTellOfGroupsIsRefusedWhileOneIsHeld) {
  auto silent = two_vips();
  silent.tells_groups = false;
  run(silent);
  run(one_held());
  silent.revision = 9;
  const auto refused = controller_.stage(silent);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, kGroupsNotTold);
  auto difference = api::difference(one_held(), silent);
  difference.base = controller_.status(start_).running.digest;
  EXPECT_EQ(controller_.stage(difference).error().id, kGroupsNotTold);
  EXPECT_EQ(snapshot().held.size(), 1u);
  silent.tells_groups = true;
  run(silent);
  EXPECT_TRUE(snapshot().held.empty()) << "who says that there are none is believed";
}

TEST_F(ControlOfLeases, AGroupKeepsItsPlaceForAsLongAsItIsConfigured) {
  run(one_held());
  const auto blue = service(kWeb).group;
  auto more = one_held();
  more.groups.insert(more.groups.begin(), {"a", api::Lease::kHeld});
  run(more);
  EXPECT_EQ(service(kWeb).group, blue);
  more.groups.erase(more.groups.begin());
  run(more);
  EXPECT_EQ(service(kWeb).group, blue);
  run(two_vips());
  EXPECT_NE(service(kWeb).group, blue);
  EXPECT_EQ(snapshot().standing & lb::group_bit(blue), 0u) << "what may be under way for it";
}

}  // namespace
}  // namespace yoke::control
