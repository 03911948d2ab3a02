// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

// What a group's rows are, from the rows that `show` answers; anything but an array is none. Pure.
// Threads: any.
namespace yoke::snmp {

// The one of `status`, as of a management plane that answers; of one that does not.
[[nodiscard]] nlohmann::json unit_rows(nlohmann::json status);
[[nodiscard]] nlohmann::json away_rows();

// Each of `vip` with what `traffic` has of it.
[[nodiscard]] nlohmann::json vip_rows(nlohmann::json vips, const nlohmann::json& traffic);

// Packets of all of `worker`, a row a reason.
[[nodiscard]] nlohmann::json drop_rows(const nlohmann::json& workers);

}  // namespace yoke::snmp
