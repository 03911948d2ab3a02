// SPDX-License-Identifier: Apache-2.0
#include "mgmt/notify/trials.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/unit/notify/news.h"

namespace yoke::notify {
namespace {

struct Held {
  News news;
  Carrier::Done done;
};

class Hands final : public Carrier {
 public:
  explicit Hands(Held& held) : held_(held) {}
  void carry(const News& news, Done done) override { held_ = {news, std::move(done)}; }

 private:
  Held& held_;
};

TEST(Trials, EachIsToldOnceAndWhatBecameOfItIsKept) {
  std::map<std::string, Held> held;  // by recipient
  Trials trials(
      [&](const Target& target) { return std::make_unique<Hands>(held[target.recipient]); });
  const std::map<Whom, Target> both{{{"mail", "a@b"}, {.recipient = "a@b"}},
                                    {{"mail", "c@d"}, {.recipient = "c@d"}}};
  const auto number = trials.start(both, news());
  ASSERT_EQ(held.size(), 2U);
  EXPECT_NE(held["a@b"].news.id, held["c@d"].news.id);
  ASSERT_NE(trials.find(number), nullptr);
  EXPECT_FALSE(trials.find(number)->is_done());
  held["c@d"].done(fail(Errc::kFailed, "E-640", "no such mailbox"));
  EXPECT_FALSE(trials.find(number)->is_done());
  held["a@b"].done({});
  EXPECT_TRUE(trials.find(number)->is_done());
  const auto& tried = trials.find(number)->tried;
  EXPECT_EQ(tried[0].whom.text(), "mail to a@b");
  EXPECT_TRUE(*tried[0].how);
  EXPECT_EQ(tried[1].how->error().text, "no such mailbox");
  trials.forget(number);
  EXPECT_EQ(trials.find(number), nullptr);
}

TEST(Trials, TheOldestMakesRoom) {
  std::map<std::string, Held> held;
  Trials trials([&](const Target&) { return std::make_unique<Hands>(held[""]); });
  const auto first = trials.start({{{"script"}, {}}}, news());
  for (std::size_t i = 0; i < Trials::kTrialsMax; ++i)
    (void)trials.start({{{"script"}, {}}}, news());
  EXPECT_EQ(trials.find(first), nullptr);
  EXPECT_NE(trials.find(first + 1), nullptr);
}

}  // namespace
}  // namespace yoke::notify
