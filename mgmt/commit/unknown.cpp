// SPDX-License-Identifier: Apache-2.0
// Committer where the data plane runs what this store never had.
#include <fmt/format.h>

#include <string>

#include "mgmt/commit/committer.h"
#include "mgmt/commit/errors.h"

namespace yoke::commit {

Error Committer::cannot_go_back() const {
  return {Errc::kConflict, std::string(kUnknownRevision),
          fmt::format("nothing is changed: to go back would be to go back to nothing, and the data "
                      "plane runs revision {}; commit without confirm",
                      unknown_->revision),
          -1};
}

Status Committer::leave_unknown(const api::RunningState& running) {
  unknown_ = running;
  leave_alone(running.digest);
  if (running.hash_key && *running.hash_key != store_.hash_key()) {
    if (auto taken = store_.set_hash_key(*running.hash_key); !taken) return taken;
  }
  return tl::unexpected<Error>(*unknown());
}

// A disk that does not take it costs only that a restart forgets it.
void Committer::leave_alone(const std::string& digest) {
  auto digests = store_.left_alone();
  digests.insert(digest);
  (void)store_.leave_alone(digests);
}

std::optional<Error> Committer::unknown() const {
  if (!unknown_) return std::nullopt;
  return Error{
      Errc::kConflict, std::string(kUnknownRevision),
      fmt::format("the data plane runs revision {}, of which this store, begun anew, holds "
                  "nothing: it goes on, with servers unchecked, until VIPs are committed "
                  "(request restore FILE, apply FILE) or yoke-dataplane restarts",
                  unknown_->revision),
      -1};
}

// What was known to the data plane of servers that nobody here has heard of yet counts.
ServerStates Committer::states_for(const model::Config& config) const {
  ServerStates states = states_.following(config, MonoClock::now());
  if (unknown_) states.adopt(unknown_->servers, MonoClock::now());
  return states;
}

}  // namespace yoke::commit
