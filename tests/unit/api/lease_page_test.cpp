// SPDX-License-Identifier: Apache-2.0
#include "dataplane/api/lease_page.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "dataplane/api/lease_writer.h"
#include "dataplane/api/seen_page.h"

namespace yoke::api {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

const std::string kBoot = "0f3c6c1e-3f0d-4b39-9a55-6a1c1d6f2a10";
constexpr std::uint64_t kBlue = group_identity("blue");
constexpr LeaseTime kNow{std::chrono::hours(3)};

class Page : public ::testing::Test {
 protected:
  std::unique_ptr<LeasePage> page_ = std::make_unique<LeasePage>();
};

TEST_F(Page, ALeaseHoldsUntilItsExpiryAndNotAtIt) {
  LeaseWriter writer(*page_, kBoot);
  const auto line = writer.claim("blue");
  ASSERT_TRUE(line);
  const LeaseLine& at = page_->lines[*line];
  EXPECT_FALSE(at.holds(kBlue, kNow)) << "claimed, not granted";
  writer.grant(*line, 4, kNow + milliseconds(20));
  EXPECT_TRUE(at.holds(kBlue, kNow));
  EXPECT_TRUE(at.holds(kBlue, kNow + milliseconds(20) - nanoseconds(1)));
  EXPECT_FALSE(at.holds(kBlue, kNow + milliseconds(20)));
  EXPECT_FALSE(at.holds(kBlue, kNow + milliseconds(21)));
  EXPECT_FALSE(at.holds(kBlue, kNow + std::chrono::hours(24 * 365)));
  EXPECT_EQ(at.remaining(kBlue, kNow + milliseconds(5)), milliseconds(15));
  EXPECT_EQ(at.epoch, 4u);
}

TEST_F(Page, ALeaseIsOfItsGroupAlone) {
  LeaseWriter writer(*page_, kBoot);
  const auto blue = *writer.claim("blue"), none = *writer.claim("");
  EXPECT_NE(blue, none);
  writer.grant(blue, 1, kNow + milliseconds(20));
  EXPECT_FALSE(page_->lines[blue].holds(group_identity("red"), kNow));
  EXPECT_FALSE(page_->lines[blue].holds(group_identity(""), kNow));
  EXPECT_FALSE(page_->lines[none].holds(group_identity(""), kNow));
  EXPECT_EQ(page_->find(kBlue), blue);
  EXPECT_EQ(page_->find(group_identity("")), none);
  EXPECT_EQ(page_->find(group_identity("red")), std::nullopt);
}

TEST_F(Page, WhatIsRevokedOrReleasedIsOver) {
  LeaseWriter writer(*page_, kBoot);
  const auto line = *writer.claim("blue");
  writer.grant(line, 1, kNow + milliseconds(20));
  writer.revoke(line);
  EXPECT_FALSE(page_->lines[line].holds(kBlue, kNow));
  writer.grant(line, 1, kNow + milliseconds(20));
  writer.release(line);
  EXPECT_FALSE(page_->lines[line].holds(kBlue, kNow));
  EXPECT_EQ(page_->find(kBlue), std::nullopt);
  const auto red = *writer.claim("red");
  EXPECT_EQ(red, line) << "the place is free again";
  EXPECT_FALSE(page_->lines[red].holds(group_identity("red"), kNow));
}

TEST_F(Page, ALineStaysWhereItIsThroughARestartOfItsWriterAndSoDoesItsLease) {
  LeaseWriter first(*page_, kBoot);
  (void)first.claim("red");
  const auto blue = *first.claim("blue");
  first.grant(blue, 7, kNow + milliseconds(20));
  LeaseWriter second(*page_, kBoot);
  EXPECT_TRUE(page_->lines[blue].holds(kBlue, kNow));
  EXPECT_EQ(second.claim("blue"), blue);
  EXPECT_TRUE(page_->lines[blue].holds(kBlue, kNow));
}

TEST_F(Page, APageOfAnotherBootIsMadeAnewWithoutALease) {
  LeaseWriter before(*page_, kBoot);
  before.grant(*before.claim("blue"), 7, kNow + milliseconds(20));
  const std::string now = "77777777-3f0d-4b39-9a55-6a1c1d6f2a10";
  EXPECT_TRUE(page_->is_of(kBoot));
  EXPECT_FALSE(page_->is_of(now)) << "for readers too";
  const LeaseWriter after(*page_, now);
  EXPECT_TRUE(page_->is_of(now));
  EXPECT_EQ(page_->find(kBlue), std::nullopt);
  EXPECT_FALSE(page_->is_of(""));
}

// What an expiry of an earlier boot, or no expiry at all, would say.
TEST_F(Page, NothingHoldsForLongerThanAnyLease) {
  LeaseWriter writer(*page_, kBoot);
  const auto line = *writer.claim("blue");
  writer.grant(line, 1, kNow + kLeaseMost);
  EXPECT_TRUE(page_->lines[line].holds(kBlue, kNow));
  for (const auto ahead : {kLeaseMost + nanoseconds(1), nanoseconds(std::chrono::hours(24))}) {
    writer.grant(line, 1, kNow + ahead);
    EXPECT_FALSE(page_->lines[line].holds(kBlue, kNow));
  }
  for (const std::uint64_t strange :
       {~std::uint64_t{0}, std::uint64_t{1} << 63, std::uint64_t{1}}) {
    page_->lines[line].expiry = strange;
    EXPECT_FALSE(page_->lines[line].holds(kBlue, kNow)) << strange;
  }
}

TEST_F(Page, RandomBytesHoldNothingAndAreNoPage) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 1000; ++round) {
    for (LeaseLine& line : page_->lines) {
      line.owner = random();
      line.expiry = random();
      EXPECT_FALSE(line.holds(kBlue, kNow));
      EXPECT_FALSE(line.holds(group_identity(""), kNow));
    }
    for (char& byte : page_->header.boot) byte = static_cast<char>(random());
    page_->header.version = static_cast<std::uint32_t>(random());
    EXPECT_FALSE(page_->is_of(kBoot));
  }
}

TEST_F(Page, ReadersTakeWhatALaterVersionLeavesReadable) {
  LeaseWriter writer(*page_, kBoot);
  page_->header.version = LeaseHeader::kVersion + 1;
  EXPECT_TRUE(page_->is_of(kBoot)) << "it says that it can be read";
  page_->header.oldest = LeaseHeader::kVersion + 1;
  EXPECT_FALSE(page_->is_of(kBoot));
  const LeaseWriter again(*page_, kBoot);
  EXPECT_TRUE(page_->is_of(kBoot)) << "a writer makes it its own version's";
}

TEST_F(Page, SixtyThreeGroupsHaveLinesAndOneMoreHasNone) {
  LeaseWriter writer(*page_, kBoot);
  for (std::size_t i = 0; i < limits::kGroups; ++i) {
    ASSERT_TRUE(writer.claim("group" + std::to_string(i)));
  }
  EXPECT_FALSE(writer.claim("one more"));
  EXPECT_TRUE(writer.claim("group62"));
}

// A line goes from hand to hand, and never is the new owner served under the old one's lease: red
// is never granted anything.
TEST_F(Page, NoGroupIsServedUnderAnothersLease) {
  LeaseWriter writer(*page_, kBoot);
  constexpr std::uint64_t kRed = group_identity("red");
  std::atomic<bool> ends{false};
  std::atomic<std::uint64_t> wrong{0}, right{0};
  std::jthread reader([&] {
    while (!ends) {
      if (page_->lines[0].holds(kRed, kNow)) ++wrong;
      if (page_->lines[0].holds(kBlue, kNow)) ++right;
    }
  });
  while (right < 1000) {
    const auto blue = *writer.claim("blue");
    writer.grant(blue, 1, kNow + milliseconds(20));
    for (int i = 0; i < 100; ++i) writer.grant(blue, 1, kNow + milliseconds(20 + i));
    writer.release(blue);
    const auto red = *writer.claim("red");
    ASSERT_EQ(red, blue);
    writer.release(red);
  }
  ends = true;
  reader.join();
  EXPECT_EQ(wrong, 0u);
}

// Each lease is as many ms long as its epoch's number: whoever is told of one with the other's
// epoch sees it.
TEST_F(Page, NoLeaseIsToldWithAnEpochThatItWasNotGrantedIn) {
  LeaseWriter writer(*page_, kBoot);
  const auto line = *writer.claim("blue");
  std::atomic<bool> ends{false};
  std::atomic<std::uint64_t> wrong{0}, right{0};
  std::jthread reader([&] {
    while (!ends) {
      const auto state = page_->lines[line].read(kBlue, kNow);
      if (state.remaining.count() == 0) continue;
      const bool fits = state.remaining == milliseconds(state.epoch);
      ++(fits ? right : wrong);
    }
  });
  for (std::uint64_t epoch = 0; right < 1000; epoch = (epoch + 1) % 1000) {
    writer.grant(line, epoch + 1, kNow + milliseconds(epoch + 1));
  }
  ends = true;
  reader.join();
  EXPECT_EQ(wrong, 0u);
}

TEST_F(Page, WhatALineSaysIsToldWithItsReason) {
  LeaseWriter writer(*page_, kBoot);
  const auto line = *writer.claim("blue");
  EXPECT_FALSE(page_->lines[line].read(kBlue, kNow).is_granted);
  writer.grant(line, 6, kNow + milliseconds(20));
  auto state = page_->lines[line].read(kBlue, kNow + milliseconds(5));
  EXPECT_EQ(state.remaining, milliseconds(15));
  EXPECT_EQ(state.epoch, 6u);
  state = page_->lines[line].read(kBlue, kNow + milliseconds(20));
  EXPECT_EQ(state.remaining, nanoseconds(0));
  EXPECT_TRUE(state.is_granted);
  writer.revoke(line);
  EXPECT_FALSE(page_->lines[line].read(kBlue, kNow).is_granted);
  EXPECT_FALSE(page_->lines[line].read(group_identity("red"), kNow).is_granted);
}

// The second would be read once the first is released, with whatever lease is left in it.
TEST_F(Page, OfTwoLinesForAGroupTheSecondIsReleased) {
  LeaseWriter first(*page_, kBoot);
  const auto line = *first.claim("blue");
  first.grant(line, 3, kNow + milliseconds(20));
  page_->lines[40].owner = kBlue;
  page_->lines[40].expiry = page_->lines[line].expiry.load();
  LeaseWriter second(*page_, kBoot);
  EXPECT_TRUE(page_->lines[line].holds(kBlue, kNow));
  EXPECT_FALSE(page_->lines[40].holds(kBlue, kNow));
  second.release(*second.claim("blue"));
  EXPECT_EQ(page_->find(kBlue), std::nullopt);
}

// Groups come and go with the configuration, and one that went while no process wrote the page
// would take up a line until the machine starts anew.
TEST_F(Page, LinesOfGroupsThatAreGoneAreReleased) {
  LeaseWriter first(*page_, kBoot);
  for (int i = 0; i < 62; ++i) (void)first.claim("old" + std::to_string(i));
  const auto blue = *first.claim("blue");
  first.grant(blue, 1, kNow + milliseconds(20));
  LeaseWriter second(*page_, kBoot);
  EXPECT_FALSE(second.claim("new"));
  const std::vector<std::string> groups{"blue", "new"};
  second.keep(groups);
  EXPECT_TRUE(page_->lines[blue].holds(kBlue, kNow));
  EXPECT_EQ(page_->find(group_identity("old5")), std::nullopt);
  EXPECT_TRUE(second.claim("new"));
}

TEST_F(Page, AnEarlierVersionsIsTakenOnWithWhatHolds) {
  LeaseWriter first(*page_, kBoot);
  const auto blue = *first.claim("blue");
  first.grant(blue, 1, kNow + milliseconds(20));
  page_->header.version = page_->header.oldest = 1;
  page_->header.revocations = 0;
  const LeaseWriter second(*page_, kBoot);
  EXPECT_EQ(page_->header.version, LeaseHeader::kVersion);
  EXPECT_EQ(page_->header.oldest, 1U) << "a data plane of that release reads on";
  EXPECT_TRUE(page_->lines[blue].holds(kBlue, kNow));
  EXPECT_GT(page_->header.revocations, 0U);
}

TEST_F(Page, WhatIsHandedOverIsDrainedAndSentOnUntilItIsGrantedOrTakenBack) {
  LeaseWriter writer(*page_, kBoot);
  const auto line = *writer.claim("blue");
  const LeaseLine& blue = page_->lines[line];
  writer.grant(line, 1, kNow + milliseconds(20));
  EXPECT_FALSE(blue.drains(kBlue, kNow));
  EXPECT_FALSE(blue.redirects(kBlue, kNow));
  const std::uint64_t before = page_->header.revocations;
  EXPECT_GT(writer.hand_over(line, kNow + milliseconds(1), kNow + milliseconds(1000)), before);
  EXPECT_FALSE(blue.holds(kBlue, kNow));
  EXPECT_TRUE(blue.drains(kBlue, kNow));
  EXPECT_TRUE(blue.redirects(kBlue, kNow + milliseconds(1)));
  EXPECT_FALSE(blue.drains(kBlue, kNow + milliseconds(1)));
  EXPECT_FALSE(blue.redirects(kBlue, kNow + milliseconds(1000)));
  EXPECT_FALSE(blue.drains(group_identity("red"), kNow)) << "it is another group's line";
  writer.grant(line, 2, kNow + milliseconds(20));
  EXPECT_FALSE(blue.drains(kBlue, kNow));
  EXPECT_FALSE(blue.redirects(kBlue, kNow));
  writer.hand_over(line, kNow + milliseconds(1), kNow + milliseconds(1000));
  writer.revoke(line);
  EXPECT_FALSE(blue.drains(kBlue, kNow));
  EXPECT_FALSE(blue.redirects(kBlue, kNow));
}

TEST_F(Page, RevocationsGrowFromPageToPage) {
  LeaseWriter first(*page_, kBoot);
  const auto line = *first.claim("blue");
  const std::uint64_t seen = first.revoke(line);
  page_->header.magic = {};
  LeaseWriter anew(*page_, kBoot);
  EXPECT_GT(anew.revoke(*anew.claim("blue")), seen + 1) << "what was seen is no answer";
}

class Seen : public ::testing::Test {
 protected:
  Seen() { page_->make_anew(kBoot, 2); }
  std::unique_ptr<SeenPage> page_ = std::make_unique<SeenPage>();
  SeenLine& first_ = page_->lines[0];
  SeenLine& second_ = page_->lines[1];
};

TEST_F(Seen, AllHaveSeenItOnceEachHas) {
  EXPECT_TRUE(page_->is_of(kBoot));
  EXPECT_FALSE(page_->have_all_seen(7, kNow));
  first_.note(7);
  EXPECT_FALSE(page_->have_all_seen(7, kNow));
  second_.note(8);
  EXPECT_TRUE(page_->have_all_seen(7, kNow));
  EXPECT_FALSE(page_->have_all_seen(8, kNow));
}

TEST_F(Seen, WhoSleepsHasNothingToSend) {
  first_.note(7);
  second_.fall_asleep(kNow);
  EXPECT_TRUE(page_->have_all_seen(7, kNow + milliseconds(10)));
  second_.wake_up();
  EXPECT_FALSE(page_->have_all_seen(7, kNow + milliseconds(10)));
  second_.fall_asleep(kNow);
  EXPECT_FALSE(page_->have_all_seen(7, kNow + SeenPage::kSleepMost)) << "it is dead";
}

TEST_F(Seen, APageOfNobodySaysNothing) {
  EXPECT_FALSE(page_->is_of("another boot"));
  first_.note(7);
  second_.note(7);
  page_->make_anew(kBoot, 2);
  EXPECT_FALSE(page_->have_all_seen(7, kNow)) << "it has started anew";
  const auto zeros = std::make_unique<SeenPage>();
  EXPECT_FALSE(zeros->is_of(kBoot));
  EXPECT_FALSE(zeros->have_all_seen(0, kNow));
  page_->header.threads = 1000;
  EXPECT_FALSE(page_->have_all_seen(0, kNow));
  page_->header.oldest = page_->header.version = SeenHeader::kVersion + 1;
  EXPECT_FALSE(page_->is_of(kBoot));
}

// Two threads, and what both do: no burst is ever under way once it is said that none is.
TEST_F(Seen, NothingIsUnderWayOnceAllHaveSeen) {
  page_->make_anew(kBoot, 1);
  auto leases = std::make_unique<LeasePage>();
  LeaseWriter writer(*leases, kBoot);
  const auto line = *writer.claim("blue");
  std::atomic<bool> stops{false}, sends{false};
  std::thread worker([&] {
    std::mt19937 random(1);
    while (!stops) {
      first_.note(leases->header.revocations.load(std::memory_order_acquire));
      if (leases->lines[line].holds(kBlue, LeaseClock::now())) {
        sends = true;
        for (unsigned i = random() % 64; i > 0; --i) {
          std::atomic_signal_fence(std::memory_order_seq_cst);
        }
        sends = false;
      }
      if (random() % 4 != 0) continue;
      first_.fall_asleep(LeaseClock::now());
      if (random() % 64 == 0) std::this_thread::yield();
      first_.wake_up();
    }
  });
  unsigned wrong = 0;
  for (unsigned i = 0; i < 20'000; ++i) {
    writer.grant(line, i, LeaseClock::now() + std::chrono::seconds(1));
    if (i % 3 == 0) std::this_thread::yield();
    const std::uint64_t revocation = writer.revoke(line);
    while (!page_->have_all_seen(revocation, LeaseClock::now())) std::this_thread::yield();
    wrong += sends ? 1U : 0U;
  }
  stops = true;
  worker.join();
  EXPECT_EQ(wrong, 0U);
}

TEST_F(Page, AWriterNoticesThatSomebodyHasWrittenOverIt) {
  LeaseWriter writer(*page_, kBoot);
  const auto line = *writer.claim("blue");
  EXPECT_TRUE(writer.is_sound());
  page_->lines[line].owner = 77;
  EXPECT_FALSE(writer.is_sound());
  page_->lines[line].owner = kBlue;
  EXPECT_TRUE(writer.is_sound());
  page_->header.magic = {};
  EXPECT_FALSE(writer.is_sound());
  LeaseWriter anew(*page_, kBoot);
  EXPECT_TRUE(anew.is_sound());
  EXPECT_TRUE(anew.claim("blue"));
  EXPECT_TRUE(page_->is_of(kBoot));
}

TEST(LeaseClock, GoesForwardInNanoseconds) {
  const auto before = LeaseClock::now();
  timespec t{};
  ASSERT_EQ(::clock_gettime(CLOCK_BOOTTIME, &t), 0);
  const auto after = LeaseClock::now();
  const LeaseTime between{std::chrono::seconds(t.tv_sec) + nanoseconds(t.tv_nsec)};
  EXPECT_LE(before, between);
  EXPECT_LE(between, after);
}

}  // namespace
}  // namespace yoke::api
