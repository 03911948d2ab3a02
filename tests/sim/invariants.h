// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>

#include "tests/sim/box.h"
#include "tests/sim/schedule.h"

// What must be true at every moment of a run, whatever goes wrong. The numbers are those of the
// protocol's description (mgmt/pair/README.md).
namespace yoke::sim {

struct Violation {
  std::string invariant;
  std::string text;
  Time at{};
};

// What a run was like, for the summary.
struct Measures {
  Time longest_overlap{};
  Time longest_gap{};
  Time converged{};  // after the last trouble
  unsigned claims = 0;
  std::uint64_t steps = 0;
};

using Ends = std::array<Time, 2>;  // by unit

class Invariants {
 public:
  explicit Invariants(const Schedule& schedule);

  // Between two moments nothing happened but that leases ran out. `leases`: until when each might
  // begin to send something; `bursts`: until when something of it left.
  void pass(Time begin, Time end, const Ends& leases, const Ends& bursts, bool one_network,
            const std::array<Box, 2>& boxes);
  // `raised`: by a unit that held the group already.
  void claimed(Time now, Box& box, pair::Epoch epoch, bool raised);
  void changed(Time now, const Box& box, const Box& peer, const pair::Transition& change);
  void acted(Time now, const pair::Actions& actions);
  void not_converged(Time now, const std::string& text);

  [[nodiscard]] const std::optional<Violation>& violation() const noexcept { return violation_; }
  [[nodiscard]] const Measures& measures() const noexcept { return measures_; }
  [[nodiscard]] Measures& measures() noexcept { return measures_; }

 private:
  void violate(const char* invariant, Time now, std::string text);
  void overlap(Time begin, Time end, const Ends& ends, bool one_network);
  void gap(Time begin, Time end, const Ends& ends, const std::array<Box, 2>& boxes);

  const Schedule schedule_;  // as drawn
  Time overlap_limit_;
  Time gap_limit_;  // 0: none
  bool must_not_move_;
  bool must_not_pause_;
  Time settled_;
  Time overlap_{};
  Time gap_{};
  unsigned claims_settled_ = 0;
  std::optional<Violation> violation_;
  Measures measures_;
};

}  // namespace yoke::sim
