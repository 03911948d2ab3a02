// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace yoke::health {

// What happened in a probe, step by step, in words that fit a terminal. Bounded, and kept as one
// piece of text, as 16,000 servers have several each. Threads: a value, any.
class Transcript {
 public:
  struct Step {
    std::chrono::microseconds at;  // since the probe began
    std::string text;
  };

  // Control characters become '?'; long text is cut, and what comes after many steps left out.
  void add(std::chrono::microseconds at, std::string_view text);
  [[nodiscard]] std::vector<Step> steps() const;

 private:
  std::string text_;  // a line a step: microseconds, a blank, what happened
};

}  // namespace yoke::health
