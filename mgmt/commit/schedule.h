// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "hal/linux/event.h"
#include "mgmt/commit/committer.h"

namespace yoke::commit {

// Makes the commit that is scheduled when its time has come by the wall clock, with what others
// have committed since it was edited. One that meets a conflict or is refused is given up, and so
// is one that could not be made within an hour, because the unit was off or the data plane away: a
// change meant for the night is not made by day. Threads: the loop's.
class Schedule {
 public:
  Schedule(sd_event* event, Committer& committer, std::function<Clocks()> clocks = read_clocks);

  // To be called at the start and after each change of Committer::scheduled().
  void follow();

 private:
  void make(const store::Scheduled& scheduled, std::chrono::milliseconds late);
  void give_up(const store::Scheduled& scheduled, const Error& why);
  void end();

  Committer& committer_;
  std::function<Clocks()> clocks_;
  bool making_ = false;  // the commit itself is a change
  hal::Timer next_;
};

}  // namespace yoke::commit
