// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "hal/base/result.h"
#include "mgmt/alarms/alarms.h"
#include "mgmt/commit/data_plane.h"
#include "mgmt/commit/server_states.h"
#include "mgmt/model/config.h"
#include "mgmt/store/unconfirmed.h"

// From what is known of the unit to what is wrong with it. Pure. Threads: any.
namespace yoke::alarms {

// Of the file system that holds the store.
struct Disk {
  std::uint64_t bytes = 0, bytes_free = 0;
  bool read_only = false;
};

// What is configured, and what is known of it.
struct Services {
  const model::Config& config;
  const commit::ServerStates& servers;
  // Why a server is down, as its checks say; may be empty.
  std::function<std::string(const commit::ServerId&)> reason = {};
};

// What is known of the unit at one moment. What is not known raises nothing.
struct Observation {
  bool data_plane_answers = false;
  std::optional<api::Counters> counters = {};
  std::optional<store::Unconfirmed> unconfirmed = {};
  std::optional<Disk> disk = {};
  std::optional<Error> store_unwritable = {};    // as the store itself found
  std::vector<Condition> others = {};            // that somebody else has found
  std::optional<std::string> clock_behind = {};  // what to do about it
  // An alarm that stands ends below another value than it begins at, so that it does not flutter.
  std::function<bool(events::Kind)> stands = {};
};

[[nodiscard]] std::vector<Condition> conditions_of(const Services& services);
[[nodiscard]] std::vector<Condition> conditions_of(const Observation& seen);

}  // namespace yoke::alarms
