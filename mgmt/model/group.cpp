// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/group.h"

#include <string>

namespace yoke::model {

bool is_answered_for(const Config& config, const Path& vip) {
  if (config.value(vip, "enabled") == "no") return false;
  const std::string group = config.value(vip, "group");
  return group.empty() || config.value(Path{{"group", group}}, "enabled") != "no";
}

}  // namespace yoke::model
