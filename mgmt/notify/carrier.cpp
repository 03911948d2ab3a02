// SPDX-License-Identifier: Apache-2.0
#include "mgmt/notify/carrier.h"

#include "mgmt/notify/curl_carrier.h"
#include "mgmt/notify/script_carrier.h"

namespace yoke::notify {

std::unique_ptr<Carrier> make_carrier(sd_event* event, const Target& target) {
  if (target.way == Way::kScript) return std::make_unique<ScriptCarrier>(event, target.path);
  return std::make_unique<CurlCarrier>(event, target);
}

}  // namespace yoke::notify
