// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "hal/base/aside.h"
#include "hal/base/clock.h"
#include "hal/linux/event.h"
#include "mgmt/commit/committer.h"
#include "mgmt/commit/socket_data_plane.h"
#include "mgmt/events/event.h"

namespace yoke::commit {

// Keeps the data plane connected and running what is committed: looks every 100 ms whether it is,
// and connects and reconciles until it is. One that is there and does not do what it is told is
// asked again once a second. Threads: the loop's, and that of the jobs, which `later` begins.
class DataPlaneLink {
 public:
  // `changed` is told whenever the data plane becomes in step with what is committed (true) or is
  // lost (false).
  DataPlaneLink(sd_event* event, SocketDataPlane& data_plane, Committer& committer,
                std::function<void(bool in_step)> changed,
                events::Record record = events::write_to_journal, Later later = at_once);

  // The first look, at once, and all later ones.
  void start() { look(); }

 private:
  void look();
  void begin();
  [[nodiscard]] Status bring_in_step();
  void tell(bool in_step);
  void tell_why(const Error& error);

  SocketDataPlane& data_plane_;
  Committer& committer_;
  std::function<void(bool in_step)> changed_;
  events::Record record_;
  Later later_;
  bool in_step_ = false;
  bool is_bringing_ = false;  // in step, or is about to
  MonoTime not_before_ = {};  // that it is tried again
  std::string last_error_;    // told once, however often it happens
  hal::Timer next_;
};

}  // namespace yoke::commit
