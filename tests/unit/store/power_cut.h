// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "tests/unit/store/recorded_disk.h"
#include "tests/unit/store/store_fixture.h"

namespace yoke::store {

// What a store may be found to hold.
struct Held {
  std::uint64_t revision = 0;
  model::Config config;
  std::optional<Unconfirmed> unconfirmed;
  friend bool operator==(const Held&, const Held&) = default;
};

inline Held held_by(const ConfigStore& store) {
  return {store.running().revision, store.running().config, store.unconfirmed()};
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
    std::size_t step = 0;
    while (step + 1 < steps_.size() && steps_[step + 1].moment <= moment) ++step;
    return steps_[step].may_be;
  }

 private:
  struct Step {
    std::size_t moment;
    std::vector<Held> may_be;  // from this moment to that of the next step
  };
  const RecordedDisk& disk_;
  std::vector<Step> steps_;
};

// Moments of a recording.
struct Moments {
  std::size_t first = 0;
  std::size_t last = std::numeric_limits<std::size_t>::max();
};

// Ends the recording and cuts the power at each of its moments, each time leaving on the disk
// nothing of what was not synced, all of it, and arbitrary parts; `look` is given the folder as it
// is found then.
inline void cut_at_every_moment(
    RecordedDisk& disk,
    const std::function<void(const TempFolder& folder, std::size_t moment)>& look,
    Moments moments = {}) {
  constexpr int kRandomCuts = 4;
  using Survives = RecordedDisk::Survives;
  disk.end();
  const std::size_t last = std::min(moments.last, disk.moments());
  for (std::size_t moment = moments.first; moment <= last; ++moment) {
    for (int cut = 0; cut < 2 + kRandomCuts; ++cut) {
      const auto seed = static_cast<std::uint32_t>(moment * 100) + static_cast<std::uint32_t>(cut);
      SCOPED_TRACE(testing::Message() << "after " << disk.told(moment) << ", moment " << moment
                                      << " of " << disk.moments() << ", seed " << seed);
      std::mt19937 random(seed);
      const TempFolder folder;
      disk.cut(moment,
               cut == 0   ? Survives::kNothing
               : cut == 1 ? Survives::kAll
                          : Survives::kSome,
               random, folder.path());
      look(folder, moment);
      if (testing::Test::HasFatalFailure() || testing::Test::HasNonfatalFailure()) return;
    }
  }
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
