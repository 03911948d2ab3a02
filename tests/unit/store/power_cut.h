// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <limits>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/store/recorded_disk.h"
#include "tests/unit/store/store_fixture.h"

namespace yoke::store {

// What a store may be found to hold.
struct Held {
  std::uint64_t revision = 0;
  model::Config config;
  std::optional<Unconfirmed> unconfirmed = {};
  std::optional<Scheduled> scheduled = {};
  friend bool operator==(const Held&, const Held&) = default;
};

inline Held held_by(const ConfigStore& store) {
  return {store.running().revision, store.running().config, store.unconfirmed(), store.scheduled()};
}

// A story told to somebody while a disk is recorded: what was acknowledged by which moment, and
// what may be found while the next step is on its way.
class Story {
 public:
  explicit Story(const RecordedDisk& disk, Held first) : disk_(disk) {
    steps_.push_back({disk.moments(), {std::move(first)}});
  }

  // Somebody was told that it is `now`. On the way the disk may have held what `between` says.
  void acknowledge(Held now, std::vector<Held> between = {}) {
    between.push_back(now);
    for (Held& held : between) steps_.back().may_be.push_back(std::move(held));
    steps_.push_back({disk_.moments(), {std::move(now)}});
  }

  [[nodiscard]] const std::vector<Held>& possible(std::size_t moment) const {
    return steps_[step_of(moment)].may_be;
  }
  [[nodiscard]] std::size_t step_of(std::size_t moment) const {
    std::size_t step = 0;
    while (step + 1 < steps_.size() && steps_[step + 1].moment <= moment) ++step;
    return step;
  }

 private:
  struct Step {
    std::size_t moment;
    std::vector<Held> may_be;  // from this moment to that of the next step
  };
  const RecordedDisk& disk_;
  std::vector<Step> steps_;
};

// Which power cuts are tried.
struct Cuts {
  std::size_t first = 0;
  std::size_t last = std::numeric_limits<std::size_t>::max();
  const Story* story = nullptr;  // what is acknowledged when; none: nothing
};

using Look = std::function<void(const TempFolder& folder, std::size_t moment)>;

// Ends a recording and cuts the power at each of its moments, leaving on the disk nothing of what
// was not synced, and all of it; then at arbitrary moments with arbitrary sectors of it, for as
// long as kSampling. Each folder that can be found so is looked at once. The sectors are chosen by
// a seed, which is printed; YOKE_SEED in the environment chooses the same again.
class PowerCutter {
 public:
  PowerCutter(RecordedDisk& disk, Look look, const Cuts& cuts)
      : disk_(disk), look_(std::move(look)), cuts_(cuts) {
    disk_.end();
    cuts_.last = std::min(cuts_.last, disk_.moments());
  }

  void run() {
    at_every_moment();
    const std::uint32_t seed = first_seed();
    std::cout << "YOKE_SEED=" << seed << '\n';
    const auto end = std::chrono::steady_clock::now() + kSampling;
    std::uint32_t round = 0;
    while (!failed() && (round == 0 || std::chrono::steady_clock::now() < end)) {
      sample(seed + round++);
    }
    std::cout << looked_ << " folders of " << disk_.moments() << " moments, " << round
              << " rounds of arbitrary sectors\n";
  }

 private:
  static constexpr std::chrono::milliseconds kSampling{1500};
  static constexpr std::size_t kSamplesPerRound = 16;

  static std::uint32_t first_seed() {
    const char* const given = std::getenv("YOKE_SEED");
    return given == nullptr ? std::random_device()()
                            : static_cast<std::uint32_t>(std::strtoul(given, nullptr, 10));
  }
  static bool failed() { return testing::Test::HasFailure(); }

  void at_every_moment() {
    RecordedDisk::Replay replay(disk_);
    std::mt19937 unused;
    for (std::size_t moment = cuts_.first; moment <= cuts_.last && !failed(); ++moment) {
      replay.go_to(moment);
      look_at(replay.cut(Survives::kNothing, unused), moment, "nothing unsynced is there");
      look_at(replay.cut(Survives::kAll, unused), moment, "all that was written is there");
    }
  }

  void sample(std::uint32_t seed) {
    std::mt19937 random(seed);
    std::uniform_int_distribution<std::size_t> any(cuts_.first, cuts_.last);
    std::vector<std::size_t> moments(kSamplesPerRound);
    std::ranges::generate(moments, [&] { return any(random); });
    std::ranges::sort(moments);
    RecordedDisk::Replay replay(disk_);
    for (const std::size_t moment : moments) {
      if (failed()) return;
      replay.go_to(moment);
      look_at(replay.cut(Survives::kSome, random), moment,
              "some sectors are there, YOKE_SEED=" + std::to_string(seed));
    }
  }

  void look_at(const Image& image, std::size_t moment, const std::string& what) {
    if (failed() || !seen_.insert(identity_of(image, moment)).second) return;
    SCOPED_TRACE(testing::Message() << "after " << disk_.told(moment) << ", moment " << moment
                                    << " of " << disk_.moments() << ": " << what);
    const TempFolder folder;
    for (const auto& [name, bytes] : image) write_file(folder.file(name), bytes);
    ++looked_;
    look_(folder, moment);
  }

  // The same folder is something else once more is acknowledged.
  [[nodiscard]] std::size_t identity_of(const Image& image, std::size_t moment) const {
    std::string all = cuts_.story == nullptr ? "" : std::to_string(cuts_.story->step_of(moment));
    for (const auto& [name, bytes] : image) {
      all += ' ' + name + ' ' + std::to_string(std::hash<std::string>()(bytes));
    }
    return std::hash<std::string>()(all);
  }

  RecordedDisk& disk_;
  Look look_;
  Cuts cuts_;
  std::set<std::size_t> seen_;
  std::size_t looked_ = 0;
};

inline void cut_at_every_moment(RecordedDisk& disk, Look look, const Cuts& cuts = {}) {
  PowerCutter(disk, std::move(look), cuts).run();
}

// Every revision that the history names can be read.
inline void expect_whole_history(const ConfigStore& store) {
  const auto history = store.history(kRevisionsKept);
  ASSERT_TRUE(history) << history.error().text;
  std::uint64_t expected = store.running().revision;
  EXPECT_EQ(history->size(), expected);
  for (const Revision& revision : *history) {
    EXPECT_EQ(revision.id, expected--);
    const auto config = store.config_of(revision.id);
    EXPECT_TRUE(config) << config.error().text;
  }
}

}  // namespace yoke::store
