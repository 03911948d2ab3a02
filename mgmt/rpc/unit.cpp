// SPDX-License-Identifier: Apache-2.0
#include "mgmt/rpc/unit.h"

#include "mgmt/rpc/errors.h"

namespace yoke::rpc {

Pair::Answer Pair::alone() {
  return fail(Errc::kNotFound, kStandsAlone,
              "this unit stands alone; set ha interface NAME data-interface NAME makes it one of "
              "two");
}

std::string Unit::name() const {
  std::string configured = committer.running().config.value(model::only("system"), "name");
  return configured.empty() ? given_name : configured;
}

}  // namespace yoke::rpc
