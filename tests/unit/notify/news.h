// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "mgmt/notify/message.h"

namespace yoke::notify {

inline std::chrono::system_clock::time_point at(int second) {
  return std::chrono::system_clock::time_point(std::chrono::seconds(1'700'000'000 + second));
}

inline Told told(events::Kind kind, std::string text, int second = 0) {
  return std::make_shared<const events::Entry>(events::entry_of(
      {.kind = kind, .text = std::move(text), .fields = {{"POOL", "web"}}, .at = at(second)}));
}

inline News news() {
  return {.unit = "lb-a",
          .id = "9f3c",
          .at = at(0),
          .events = {told(events::Kind::kServerDown, "server 192.0.2.11:80 is down", 1),
                     told(events::Kind::kVipDown, "vip web is down", 2)},
          .lost = 0};
}

}  // namespace yoke::notify
