// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/places.h"

#include <algorithm>

namespace yoke::hal {

bool Places::take(uid_t uid, const std::string& name) {
  if (all_ >= most_) return false;
  const auto known = held_.find(uid);
  const std::size_t has = known == held_.end() ? 0 : known->second.count;
  const bool exempt = is_exempt(uid);
  if (!exempt && (has >= share() || of_others_ >= most_ - share())) return false;
  held_[uid] = {name, has + 1};
  ++all_;
  if (!exempt) ++of_others_;
  return true;
}

void Places::leave(uid_t uid) {
  const auto held = held_.find(uid);
  if (held == held_.end()) return;
  if (--held->second.count == 0) held_.erase(held);
  --all_;
  if (!is_exempt(uid)) --of_others_;
}

std::string Places::why_none(uid_t uid) const {
  const auto known = held_.find(uid);
  if (!is_exempt(uid) && known != held_.end() && known->second.count >= share()) {
    return "user " + known->second.name + " has " + std::to_string(known->second.count) +
           " connections, as many as one may have; close some";
  }
  const auto most = std::max_element(held_.begin(), held_.end(), [](const auto& a, const auto& b) {
    return a.second.count < b.second.count;
  });
  std::string text = "too many connections; close some";
  if (most == held_.end()) return text;
  return text + ": user " + most->second.name + " has " + std::to_string(most->second.count);
}

}  // namespace yoke::hal
