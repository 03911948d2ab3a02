// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <span>
#include <vector>

#include "hal/base/clock.h"

// A wire between two units, one way: loses, doubles, delays and so reorders, by one seed.
namespace yoke::sync {

class Link {
 public:
  struct Faults {
    double loss = 0, duplication = 0;
    std::chrono::microseconds delay_max{300};
  };
  Link(Faults faults, std::uint64_t seed) : faults_(faults), random_(seed) {}

  void send(std::span<const std::uint8_t> frame, MonoTime now) {
    ++sent_;
    const int copies = chance(faults_.duplication) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      if (is_cut_ || chance(faults_.loss)) continue;
      const auto delay = std::chrono::microseconds(
          random_() % static_cast<std::uint64_t>(faults_.delay_max.count() + 1));
      under_way_.emplace(now + delay, std::vector<std::uint8_t>(frame.begin(), frame.end()));
    }
  }
  template <typename Take>
  void arrive(MonoTime now, Take&& take) {
    while (!under_way_.empty() && under_way_.begin()->first <= now) {
      auto frame = std::move(under_way_.begin()->second);
      under_way_.erase(under_way_.begin());
      take(frame);
    }
  }
  void cut(bool is_cut) { is_cut_ = is_cut; }
  [[nodiscard]] std::uint64_t sent() const { return sent_; }

 private:
  bool chance(double p) { return p > 0 && std::uniform_real_distribution<>(0, 1)(random_) < p; }
  Faults faults_;
  std::mt19937_64 random_;
  std::multimap<MonoTime, std::vector<std::uint8_t>> under_way_;
  std::uint64_t sent_ = 0;
  bool is_cut_ = false;
};

}  // namespace yoke::sync
