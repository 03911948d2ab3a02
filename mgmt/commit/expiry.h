// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "hal/base/aside.h"
#include "hal/linux/event.h"
#include "mgmt/commit/committer.h"
#include "mgmt/events/event.h"

namespace yoke::commit {

// Undoes the commit that nobody has confirmed, when its time is up, and tries until it is undone.
// Threads: the loop's.
class Expiry {
 public:
  Expiry(sd_event* event, Committer& committer, std::function<Clocks()> clocks = read_clocks,
         events::Record record = events::write_to_journal, Later later = at_once);

  // To be called at the start, before anything is told to the data plane, and after each change of
  // Committer::unconfirmed(). Where time is up already it is undone before this returns.
  void follow();

 private:
  void tell_why(const Error& error);

  Committer& committer_;
  std::function<Clocks()> clocks_;
  events::Record record_;
  std::string last_error_;  // told once, however often it happens
  Later later_;
  hal::Timer next_;
};

}  // namespace yoke::commit
