// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "mgmt/events/event.h"

// Which of the events that are kept somebody wants to see. Threads: values, any.
namespace yoke::events {

struct Choice {
  std::string event = {};                 // of this kind; empty: of all
  log::Level level = log::Level::kDebug;  // as grave as this or graver
  std::chrono::system_clock::time_point since = {};

  [[nodiscard]] bool takes(const Entry& entry) const {
    return (event.empty() || entry.event == event) && entry.level <= level && entry.at >= since;
  }
};

}  // namespace yoke::events
