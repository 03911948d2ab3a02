// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "mgmt/events/event.h"

namespace yoke::events {

// What has begun to be wrong and is not over: so that an event which says that something is over is
// told only to those who heard of it, and only where there was anything. Threads: a value, any.
class Standing {
 public:
  // What it is wrong with: {"web", "192.0.2.11:80"} of a server, nothing of the unit.
  using Subject = std::vector<std::string>;

  // How bad what `entry` tells of is: its own level, or that of what it says is over. To be called
  // once for each, in the order they come.
  [[nodiscard]] log::Level concern_of(const Entry& entry);

  // What is not there any more is not over either: nobody says so.
  void forget_if(const std::function<bool(Kind raised, const Subject& subject)>& is_gone);

 private:
  std::set<std::pair<Kind, Subject>> raised_;
};

}  // namespace yoke::events
