// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "hal/base/clock.h"
#include "hal/base/result.h"
#include "mgmt/rpc/unit.h"

namespace yoke::rpc {

// The unit at one moment: what is shown of it fits together. The data plane is asked when an answer
// of its is needed first, and again only for counters that the one before left out. Threads: the
// loop's.
class Moment {
 public:
  Moment(const Unit& unit, MonoTime now) : unit_(unit), now_(now) {}

  // Rows of a `show` object; which keys each has is in mgmt/README.md. Without a name, all of them;
  // `server` is an endpoint of that pool, for objects that are of one; `choice` is for the log.
  // E-101 for an object that there is not, E-402 for a name where none is taken, E-404 for one that
  // is not in the running configuration, E-451 where only the data plane could answer.
  [[nodiscard]] Result<nlohmann::json> show(std::string_view object, const std::string& name,
                                            const std::string& server = {},
                                            const events::Choice& choice = {}) const;

  [[nodiscard]] const Unit& unit() const noexcept { return unit_; }
  [[nodiscard]] MonoTime now() const noexcept { return now_; }
  // At least those wanted; all of what is shown together is to come from one answer.
  [[nodiscard]] const Result<api::Counters>& counters(const api::CountersWanted& wanted) const;
  // Of one pool, or, without a name, of all; asked for each time.
  [[nodiscard]] Result<api::Connections> connections(const std::string& pool) const;
  [[nodiscard]] const Result<api::ProcessStatus>& status() const;

 private:
  const Unit& unit_;
  MonoTime now_;
  mutable std::optional<Result<api::Counters>> counters_;
  mutable api::CountersWanted asked_;  // to which counters_ is the answer
  mutable std::optional<Result<api::ProcessStatus>> status_;
};

}  // namespace yoke::rpc
