// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/track_rules.h"

#include <fmt/format.h>

#include "mgmt/model/duration.h"
#include "mgmt/model/track_schema.h"
#include "mgmt/model/words.h"

namespace yoke::model {
namespace {

using Add = std::function<void(const Path&, std::string_view, std::string)>;

void check_groups(const Config& config, const Path& path, const Add& add) {
  const std::string list = config.value(path, "groups");
  if (list.empty()) return;
  for (const auto& group : split_list(list)) {
    if (config.find({{"group", std::string(group)}}) != nullptr) continue;
    add(path, "E-202", fmt::format("there is no group {}", group));
  }
}

void check_times(const Config& config, const Path& path, const Add& add) {
  if (!applies(*find_field(*find_type("track"), "timeout"), path.key())) return;
  const std::string timeout = config.value(path, "timeout");
  const std::string interval = config.value(path, "interval");
  if (parse_duration(timeout) <= parse_duration(interval)) return;
  add(path, "E-205",
      fmt::format("its timeout of {} is longer than its interval of {}", timeout, interval));
}

}  // namespace

void check_tracks(const Config& config, const Add& add) {
  const auto tracks = config.keys("track");
  for (const std::string& key : tracks) {
    const Path path{{"track", key}};
    check_groups(config, path, add);
    check_times(config, path, add);
  }
  if (tracks.size() <= kTracksMax) return;
  add({{"track", tracks.back()}}, "E-208",
      fmt::format("{} tracks; a unit has up to {}", tracks.size(), kTracksMax));
}

}  // namespace yoke::model
