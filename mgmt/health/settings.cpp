// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/settings.h"

#include "hal/base/number.h"
#include "mgmt/model/byte_text.h"
#include "mgmt/model/duration.h"

namespace yoke::health {

std::string_view Settings::text(std::string_view name) const {
  const auto found = values_->find(name);
  return found == values_->end() ? std::string_view() : std::string_view(found->second);
}

// The schema has let through nothing but numbers within bounds and durations.
unsigned Settings::number(std::string_view name) const {
  return static_cast<unsigned>(parse_decimal(text(name)).value_or(0));
}

std::chrono::milliseconds Settings::duration(std::string_view name) const {
  return model::parse_duration(text(name)).value_or(std::chrono::milliseconds(0));
}

std::string Settings::bytes(std::string_view name) const {
  return model::parse_bytes(text(name)).value_or(std::string());
}

}  // namespace yoke::health
