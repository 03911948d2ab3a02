// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/api/pulse_page.h"
#include "hal/base/clock.h"
#include "mgmt/pair/timers.h"

namespace yoke::pair {

// Whether the data plane's workers run, by their rounds on the pulse page.
//
// Time counts against a worker only as far as whoever looks was awake for it: of two looks that lie
// further apart than kAwake of what they should, nothing. So a machine that stands still and goes
// on is no worker that hangs, whoever of both comes first. And a worker counts once it has been
// seen to run: a page that a data plane has left behind, or that one of a release before does not
// write, says nothing.
//
// No I/O, no allocation, no clock. Threads: owned by one.
class PulseWatch {
 public:
  static constexpr int kAwake = 2;

  // At `now`; `pace` is how far apart looks are to be. True: some worker has not come round for
  // `patience`.
  [[nodiscard]] bool look(const api::PulsePage& page, MonoTime now, Span pace,
                          Span patience) noexcept;
  // Another data plane is about to come.
  void forget() noexcept { *this = {}; }

 private:
  struct Worker {
    std::uint64_t rounds = 0;
    bool has_run = false;
    Span still{};
  };
  std::array<Worker, api::PulsePage::kLines> workers_{};
  std::uint32_t known_ = 0;
  MonoTime looked_at_{};
};

}  // namespace yoke::pair
