// SPDX-License-Identifier: Apache-2.0
#include "mgmt/notify/notifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/health/loop.h"
#include "tests/unit/notify/news.h"

namespace yoke::notify {
namespace {

using namespace std::chrono_literals;
using events::Kind;
using testing::ElementsAre;

// Keeps what it was given until it is told how that went.
class Hands final : public Carrier {
 public:
  struct Held {
    std::vector<News> given;
    Done done;
  };
  explicit Hands(Held& held) : held_(held) {}
  ~Hands() override { held_.done = {}; }
  void carry(const News& news, Done done) override {
    held_.given.push_back(news);
    held_.done = std::move(done);
  }

 private:
  Held& held_;
};

class Notification : public testing::Test {
 protected:
  void tell(const std::string& text, log::Level concern = log::Level::kWarning) {
    notifier_->send(told(Kind::kServerDown, text), concern);
  }
  bool until_given(std::size_t count) {
    return loop_.until([&] { return held_.given.size() == count; });
  }
  void end(const Status& how) { std::exchange(held_.done, {})(how); }
  std::vector<std::string> latest() {
    std::vector<std::string> texts;
    for (const Told& event : held_.given.back().events) texts.push_back(event->text);
    return texts;
  }
  static Status failed() { return fail(Errc::kFailed, "E-640", "nobody listens"); }
  static Status refused() { return fail(Errc::kFailed, "E-641", "too large"); }
  std::unique_ptr<Notifier> made() {
    return std::make_unique<Notifier>(
        loop_.get(), target_, "lb-a",
        [this](const Target&) {
          ++carriers_;
          return std::make_unique<Hands>(held_);
        },
        [this](std::uint64_t count, const std::string& why) {
          lost_ += count;
          why_ = why;
        },
        Pace{.mail_gathers = 1ms, .others_gather = 1ms, .pause_min = 1ms, .pause_max = 4ms});
  }

  health::Loop loop_;
  Hands::Held held_;
  int carriers_ = 0;
  std::uint64_t lost_ = 0;
  std::string why_;
  Target target_{.way = Way::kWebhook, .url = "https://192.0.2.9/"};
  std::unique_ptr<Notifier> notifier_ = made();
};

TEST_F(Notification, WhatHappensWithinAMomentIsToldAtOnceAndInOrder) {
  tell("a");
  tell("b");
  ASSERT_TRUE(until_given(1));
  EXPECT_THAT(latest(), ElementsAre("a", "b"));
  EXPECT_EQ(held_.given[0].unit, "lb-a");
  tell("c");
  end({});
  ASSERT_TRUE(until_given(2));
  EXPECT_THAT(latest(), ElementsAre("c"));
}

TEST_F(Notification, OnlyWhatIsBadEnoughIsTold) {
  tell("notice", log::Level::kNotice);
  tell("error", log::Level::kError);
  tell("warning");
  ASSERT_TRUE(until_given(1));
  EXPECT_THAT(latest(), ElementsAre("error", "warning"));
}

// It may have arrived, and whoever got it knows it again by its id.
TEST_F(Notification, WhatFailedIsToldAgainAsItWasAndThenWhatCameSince) {
  tell("a");
  for (std::size_t round = 1; round <= 4; ++round) {
    ASSERT_TRUE(until_given(round));
    EXPECT_THAT(latest(), ElementsAre("a"));
    EXPECT_EQ(held_.given.back().id, held_.given.front().id);
    EXPECT_EQ(held_.given.back().at, held_.given.front().at);
    tell(std::to_string(round));
    end(round < 4 ? failed() : Status());
    EXPECT_EQ(notifier_->failure(), round < 4 ? "nobody listens" : "");
  }
  ASSERT_TRUE(until_given(5));
  EXPECT_THAT(latest(), ElementsAre("1", "2", "3", "4"));
  EXPECT_NE(held_.given.back().id, held_.given.front().id);
}

TEST_F(Notification, AllServersOfAUnitAtOnceAreToldToTheLastAndTheFirst) {
  for (int i = 0; i < 17'000; ++i) tell(std::to_string(i));
  std::size_t next = 0;
  for (std::size_t round = 1; next < 17'000; ++round) {
    ASSERT_TRUE(until_given(round));
    EXPECT_EQ(held_.given.back().lost, 0U);
    for (const std::string& text : latest()) ASSERT_EQ(text, std::to_string(next++));
    end({});
  }
  EXPECT_EQ(lost_, 0U);
}

TEST_F(Notification, OneMailTellsOfAStorm) {
  target_ = {.way = Way::kMail, .url = "smtp://192.0.2.9:25"};
  notifier_ = made();
  for (int i = 0; i < 17'000; ++i) tell(std::to_string(i));
  ASSERT_TRUE(until_given(1));
  EXPECT_EQ(latest().size(), 17'000U);
}

TEST_F(Notification, OfTooMuchTheBeginningAndTheEndAreToldAndTheGapWhereItIs) {
  constexpr std::size_t kMax = Notifier::kWaitingMax, kAtOnce = Notifier::kAtOnceMax;
  for (std::size_t i = 0; i < kMax + kAtOnce + 7; ++i) tell(std::to_string(i));
  ASSERT_TRUE(until_given(1));
  EXPECT_EQ(latest().front(), "0") << "the cause";
  EXPECT_EQ(held_.given.back().lost, 0U) << "nothing is missing before these";
  EXPECT_EQ(lost_, 7U);
  EXPECT_EQ(why_, "more came than are held");
  end({});
  ASSERT_TRUE(until_given(2));
  EXPECT_EQ(held_.given.back().lost, 7U);
  EXPECT_EQ(latest().front(), std::to_string(kAtOnce + 7));
  end(failed());
  ASSERT_TRUE(until_given(3));
  EXPECT_EQ(held_.given.back().lost, 7U) << "nobody heard of it";
  end({});
  ASSERT_TRUE(until_given(4));
  EXPECT_EQ(held_.given.back().lost, 0U);
  EXPECT_EQ(lost_, 7U) << "told once";
}

TEST_F(Notification, WhatComesWhileOneIsHandedOverIsLostBehindIt) {
  tell("first");
  ASSERT_TRUE(until_given(1));
  for (std::size_t i = 0; i < Notifier::kWaitingMax + 7; ++i) tell(std::to_string(i));
  end(failed());
  ASSERT_TRUE(until_given(2));
  EXPECT_THAT(latest(), ElementsAre("first"));
  EXPECT_EQ(held_.given.back().lost, 0U);
  end({});
  ASSERT_TRUE(until_given(3));
  EXPECT_EQ(held_.given.back().lost, 7U);
  EXPECT_EQ(latest().front(), "7");
}

TEST_F(Notification, LargeOnesAreHeldWithinABound) {
  const std::string large(std::size_t{1} << 20, 'x');
  for (int i = 0; i < 200; ++i) tell(large + std::to_string(i));
  EXPECT_LE(notifier_->waiting(), 16U + 9U);
}

TEST_F(Notification, OneThatIsRefusedForGoodIsLostAndNothingElse) {
  for (int i = 0; i < 20; ++i) tell(i == 13 ? "bad" : std::to_string(i));
  std::vector<std::string> taken;
  for (std::size_t round = 1; taken.size() < 19; ++round) {
    ASSERT_TRUE(until_given(round)) << round;
    const auto texts = latest();
    const bool is_bad = std::ranges::find(texts, "bad") != texts.end();
    if (!is_bad) taken.insert(taken.end(), texts.begin(), texts.end());
    end(is_bad ? refused() : Status());
    EXPECT_EQ(notifier_->failure(), is_bad ? "too large" : "");
    ASSERT_LT(round, 30U);
  }
  EXPECT_EQ(std::ranges::count(taken, "bad"), 0);
  EXPECT_EQ(taken.front() + taken.back(), "019");
  EXPECT_EQ(lost_, 1U);
  EXPECT_EQ(why_, "too large");
}

TEST_F(Notification, ATargetThatRefusesAllLosesNothing) {
  for (int i = 0; i < 10; ++i) tell(std::to_string(i));
  std::size_t round = 1;
  for (; round <= 40; ++round) {
    ASSERT_TRUE(until_given(round));
    end(refused());
    EXPECT_EQ(notifier_->failure(), "too large");
  }
  EXPECT_EQ(lost_, 0U);
  EXPECT_EQ(notifier_->waiting(), 10U);
  std::vector<std::string> taken;
  for (; taken.size() < 10; ++round) {
    ASSERT_TRUE(until_given(round));
    for (const std::string& text : latest()) taken.push_back(text);
    end({});
    ASSERT_LT(round, 60U);
  }
  std::ranges::sort(taken);
  EXPECT_EQ(taken.front(), "0");
  EXPECT_EQ(taken.back(), "9");
  EXPECT_EQ(lost_, 0U);
}

TEST_F(Notification, OneAloneThatIsRefusedWaitsForAnotherToBeJudgedBy) {
  tell("bad");
  ASSERT_TRUE(until_given(1));
  end(refused());
  ASSERT_TRUE(until_given(2));
  EXPECT_THAT(latest(), ElementsAre("bad"));
  tell("good");
  end(refused());
  ASSERT_TRUE(loop_.until([&] {
    if (held_.given.size() > 2 && held_.done) {
      const bool is_bad = latest().front() == "bad";
      end(is_bad ? refused() : Status());
    }
    return notifier_->waiting() == 0;
  }));
  tell("next");
  ASSERT_TRUE(loop_.until([&] { return latest().front() == "next"; }));
  EXPECT_EQ(held_.given.back().lost, 1U);
  EXPECT_EQ(lost_, 1U);
}

TEST_F(Notification, AnotherTargetGetsWhatTheOneBeforeDidNotTake) {
  tell("a");
  ASSERT_TRUE(until_given(1));
  end(failed());
  target_.url = "https://192.0.2.10/";
  notifier_->follow(target_, "lb-b");
  EXPECT_EQ(notifier_->failure(), "nobody listens") << "nothing has arrived yet";
  ASSERT_TRUE(until_given(2));
  EXPECT_THAT(latest(), ElementsAre("a"));
  EXPECT_EQ(held_.given.back().id, held_.given.front().id);
  notifier_->follow(target_, "lb-b");
  EXPECT_TRUE(held_.done) << "what stays as it is is not begun anew";
  end({});
  EXPECT_EQ(notifier_->failure(), "");
}

TEST_F(Notification, AnotherLevelCallsNothingBackAndFiltersWhatWaits) {
  tell("a");
  ASSERT_TRUE(until_given(1));
  tell("warning");
  tell("error", log::Level::kError);
  target_.level = log::Level::kError;
  notifier_->follow(target_, "lb-a");
  EXPECT_EQ(carriers_, 1);
  ASSERT_TRUE(held_.done) << "it is under way still";
  end({});
  ASSERT_TRUE(until_given(2));
  EXPECT_THAT(latest(), ElementsAre("error"));
}

}  // namespace
}  // namespace yoke::notify
