// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <set>
#include <string>

#include "dataplane/api/messages.h"
#include "dataplane/control/slots.h"
#include "dataplane/limits.h"
#include "hal/base/result.h"

namespace yoke::control {

// A server of a pool: what a health verdict is about.
struct ServerId {
  std::string pool;
  net::Endpoint endpoint;
  friend auto operator<=>(const ServerId&, const ServerId&) = default;
};

// A Configuration that can be built, with a slot for each of its records. Threads: a value, any.
struct Plan {
  api::Configuration configuration;  // servers' states as of now
  std::string digest = api::digest({});
  Slots<std::string> pools{limits::kPools};
  Slots<net::ServiceAddress> services{limits::kVips};
  Slots<ServerId> servers{limits::kServers};
  Slots<std::string> groups{limits::kGroups};  // with that of no name

  // Sets the state of each server named, or of none: E-338 names the first that is not there.
  [[nodiscard]] Status check(const std::vector<api::ServerStateChange>& changes) const;
  // Those that are there. True if a state differs now.
  bool apply(const std::vector<api::ServerStateChange>& changes);
};

// What follows `running` once `configuration` is activated. Records keep their slots; a server
// whose pool was renamed keeps its own, and with it its flows. Errors as of check() in rules.h.
[[nodiscard]] Result<Plan> make_plan(api::Configuration configuration, const Plan& running,
                                     const std::set<net::IpAddress>& own);

}  // namespace yoke::control
