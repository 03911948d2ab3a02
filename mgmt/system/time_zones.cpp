// SPDX-License-Identifier: Apache-2.0
#include "mgmt/system/time_zones.h"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <string>

namespace yoke::system {
namespace {

// It needs no database.
constexpr std::string_view kKnownAnyway = "UTC";
// Debian's link among the zones to the one that is set: to itself, if it were.
constexpr std::string_view kWhatIsSet = "localtime";

std::string zone_of(const model::Config& config) {
  return std::string(config.value(model::only("system"), "time-zone"));
}

}  // namespace

// Among the zones are also folders and tables. A zone says that it is one (RFC 9636).
bool has_zone(const std::filesystem::path& zones, std::string_view zone) {
  constexpr std::string_view kMagic = "TZif";
  if (zone == kKnownAnyway) return true;
  if (zone == kWhatIsSet) return false;
  const std::filesystem::path file = zones / zone;
  std::error_code not_there;
  if (!std::filesystem::is_regular_file(file, not_there)) return false;
  std::array<char, kMagic.size()> start{};
  return std::ifstream(file).read(start.data(), start.size()) &&
         std::string_view(start.data(), start.size()) == kMagic;
}

std::vector<model::Violation> zone_violations(const std::filesystem::path& zones,
                                              const model::Config& after,
                                              const model::Config& before) {
  const std::string zone = zone_of(after);
  if (zone == zone_of(before) || has_zone(zones, zone)) return {};
  return {{"system", "E-253",
           fmt::format("this unit knows no time zone {}; timedatectl list-timezones tells those "
                       "that it knows",
                       zone)}};
}

}  // namespace yoke::system
