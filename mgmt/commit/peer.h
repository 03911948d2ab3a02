// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "hal/base/result.h"
#include "mgmt/model/config.h"
#include "mgmt/store/revision.h"

namespace yoke::commit {

// Where a commit is, beside this unit's disk.
struct Kept {
  std::optional<bool> replicated = {};  // nothing: the unit stands alone
  std::string why = {};                 // it is not
};

// The other unit, as the committer sees it. This one is of a unit that stands alone: everything may
// be committed, and is when it is written. Threads: as the committer.
class Peer {
 public:
  Peer() = default;
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  virtual ~Peer() = default;

  // Whether commits are made here; before anything is done for one that is not. E-472, E-474.
  [[nodiscard]] virtual Status may_commit(const model::Config&) { return {}; }
  // Says in the history's words whose it is.
  virtual void sign(store::CommitInfo&) const {}
  // Has `write`, which makes it durable here, called once the other unit has it, or is not waited
  // for. An error: it was not called or has failed. E-472 to E-475.
  [[nodiscard]] virtual Result<Kept> keep(const model::Config&, const store::CommitInfo&,
                                          const std::function<Status()>& write) {
    if (auto written = write(); !written) return tl::unexpected<Error>(written.error());
    return Kept{};
  }
};

}  // namespace yoke::commit
