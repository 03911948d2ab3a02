// SPDX-License-Identifier: Apache-2.0
// Two units whose wire loses, doubles, reorders and keeps everything for good, and which restart at
// any moment. A seed that fails is named and runs again alike.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <random>
#include <set>

#include "tests/unit/pair/wire/rig.h"

namespace yoke::pair {
namespace {

class Storm {
 public:
  explicit Storm(std::uint32_t seed) : random_(seed) {
    restart(0);
    restart(1);
  }

  void step() {
    now_ += std::chrono::milliseconds(below(60));
    const std::size_t unit = below(2);
    const auto way = static_cast<std::uint8_t>(below(2));
    const std::size_t choice = below(100);
    if (choice < 2 && boots_[unit] < 120) {
      restart(unit);
    } else if (choice < 25) {
      if (ends_[unit]->wants_hello()) keep(unit, way, hello_of(*ends_[unit], now_, way));
    } else if (choice < 55) {
      const std::string text = std::to_string(boots_[unit]) + " " + std::to_string(++said_);
      keep(unit, way, sealed(*ends_[unit], text, way));
    } else if (!wire_.empty()) {
      // As often something new as something of any age, to either unit.
      const std::size_t recent = std::min<std::size_t>(wire_.size(), 6);
      const std::size_t at = choice < 85 ? wire_.size() - 1 - below(recent) : below(wire_.size());
      deliver(wire_[at], below(10) == 0 ? unit : 1 - wire_[at].from);
    }
  }

  // Once nothing is lost any more, both talk again.
  void settle() {
    now_ += std::chrono::seconds(2);
    // A heartbeat each, by which a unit learns that the other's process is another.
    for (const std::size_t unit : {0U, 1U}) {
      (void)heard(*ends_[1 - unit], sealed(*ends_[unit], "?"), kDedicatedWay, now_);
    }
    meet(*ends_[0], *ends_[1], nullptr, now_);
    EXPECT_FALSE(ends_[0]->wants_hello() || ends_[1]->wants_hello());
    for (const std::size_t unit : {0U, 1U}) {
      EXPECT_EQ(heard(*ends_[1 - unit], sealed(*ends_[unit], "again"), kDedicatedWay, now_),
                "again");
    }
  }
  [[nodiscard]] std::size_t taken() const { return taken_[0].size() + taken_[1].size(); }

 private:
  struct Sent {
    std::size_t from;
    std::uint8_t way;
    Frame frame;
  };
  std::size_t below(std::size_t end) { return random_() % end; }
  void keep(std::size_t from, std::uint8_t way, Frame frame) {
    wire_.push_back({from, way, std::move(frame)});
  }
  void restart(std::size_t unit) {
    const auto boot = static_cast<std::uint8_t>(++boots_[unit]);
    ends_[unit] = std::make_unique<Session>(start_of(static_cast<std::uint8_t>(unit), boot));
  }
  void deliver(const Sent& sent, std::size_t to) {
    const std::string text = heard(*ends_[to], sent.frame, sent.way, now_);
    if (text == "new" || text == "hello" || text.front() == '[') return;
    EXPECT_NE(sent.from, to) << "its own";
    // Also over the restarts of the unit that takes it.
    EXPECT_TRUE(taken_[to].insert(text).second) << "taken twice: " << text;
    const int boot = std::stoi(text);
    EXPECT_GE(boot, newest_[to]) << "of a process that was replaced: " << text;
    newest_[to] = boot;
  }

  std::mt19937 random_;
  MonoTime now_ = kStartTime;
  std::array<std::unique_ptr<Session>, 2> ends_;
  std::array<int, 2> boots_{}, newest_{};
  std::array<std::set<std::string>, 2> taken_;
  std::vector<Sent> wire_;
  int said_ = 0;
};

TEST(Storm, NothingIsTakenTwiceNorFromAProcessThatWasReplaced) {
  std::size_t taken = 0;
  for (std::uint32_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Storm storm(seed);
    for (int i = 0; i < 600; ++i) storm.step();
    storm.settle();
    taken += storm.taken();
    if (HasFailure()) return;
  }
  EXPECT_GT(taken, 150U * 10);  // it was no storm in which nobody ever talked
}

}  // namespace
}  // namespace yoke::pair
