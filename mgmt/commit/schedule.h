// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "hal/base/aside.h"
#include "hal/linux/event.h"
#include "mgmt/commit/committer.h"
#include "mgmt/events/event.h"
#include "mgmt/model/diff.h"

namespace yoke::commit {

// Makes the commit that is scheduled when its time has come by the wall clock, with what others
// have committed since it was edited. One that meets a conflict or is refused is given up, and so
// is one that could not be made within an hour, because the unit was off or the data plane away: a
// change meant for the night is not made by day. Threads: the loop's.
class Schedule {
 public:
  // Whether the one who scheduled it may make these changes, now that it is time. kConflict: not
  // now, but perhaps in a while; any other error: no.
  using Permit = std::function<Status(const store::Scheduled&, const std::vector<model::Change>&)>;

  Schedule(sd_event* event, Committer& committer, Permit permit,
           std::function<Clocks()> clocks = read_clocks,
           events::Record record = events::write_to_journal, Later later = at_once);

  // To be called after each change of Committer::scheduled() or unconfirmed(): looks with the
  // loop's next turn, never within the call.
  void follow();

 private:
  void look();
  [[nodiscard]] Status make(const store::Scheduled& scheduled);
  void give_up(const store::Scheduled& scheduled, const Error& why);

  Committer& committer_;
  Permit permit_;
  std::function<Clocks()> clocks_;
  events::Record record_;
  Later later_;
  hal::Timer next_;
};

}  // namespace yoke::commit
