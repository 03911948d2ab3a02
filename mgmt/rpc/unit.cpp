// SPDX-License-Identifier: Apache-2.0
#include "mgmt/rpc/unit.h"

namespace yoke::rpc {

std::string Unit::name() const {
  std::string configured = committer.running().config.value(model::only("system"), "name");
  return configured.empty() ? given_name : configured;
}

}  // namespace yoke::rpc
