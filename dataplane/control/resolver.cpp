// SPDX-License-Identifier: Apache-2.0
#include "dataplane/control/resolver.h"

#include <utility>

namespace yoke::control {

std::vector<Controller::Need> Resolver::due(const std::vector<Controller::Need>& needs,
                                            MonoTime now) {
  std::map<Key, MonoTime> asked;
  std::vector<Controller::Need> missing, known;
  for (const Controller::Need& need : needs) {
    const Key key(need.port, need.address);
    const auto before = asked_.find(key);
    const bool is_new = before == asked_.end();
    if (!is_new) asked.insert(*before);
    if (is_new || now - before->second >= (need.resolved ? kKnown : kMissing)) {
      (need.resolved ? known : missing).push_back(need);
    }
  }
  missing.insert(missing.end(), known.begin(), known.end());
  if (missing.size() > kBatch) missing.resize(kBatch);
  for (const Controller::Need& need : missing) asked[{need.port, need.address}] = now;
  asked_ = std::move(asked);
  return missing;
}

}  // namespace yoke::control
