// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "dataplane/api/prefix_set.h"
#include "mgmt/model/config.h"

namespace yoke::commit {

// A configuration's prefix lists as sets, of which those are read again that differ from the last
// one's: a commit of something else costs nothing for a list of a hundred thousand. Threads: a
// value; owned by one.
class PrefixSets {
 public:
  [[nodiscard]] PrefixSets following(const model::Config& config) const;
  // Empty where there is no such list.
  [[nodiscard]] api::PrefixSet of(const std::string& list) const;

 private:
  model::Config config_;
  std::map<std::string, api::PrefixSet> sets_;  // of config_
};

}  // namespace yoke::commit
