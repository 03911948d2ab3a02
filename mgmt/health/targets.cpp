// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/targets.h"

#include <string>

#include "hal/base/number.h"
#include "mgmt/model/duration.h"
#include "mgmt/model/words.h"

namespace yoke::health {
namespace {

// The schema has let through nothing but numbers within bounds and durations.
unsigned number(const model::Config& config, const model::Path& path, std::string_view field) {
  return static_cast<unsigned>(parse_decimal(config.value(path, field)).value_or(0));
}

std::chrono::milliseconds duration(const model::Config& config, const model::Path& path,
                                   std::string_view field) {
  return model::parse_duration(config.value(path, field)).value_or(std::chrono::seconds(1));
}

std::vector<StatusRange> ranges(const std::string& text) {
  std::vector<StatusRange> out;
  for (const std::string_view part : model::split_list(text)) {
    const auto dash = part.find('-');
    const auto first = parse_decimal(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_decimal(part.substr(dash + 1));
    if (!first || !last) continue;
    out.push_back({static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last)});
  }
  return out;
}

Check check_of(const model::Config& config, const model::Path& path) {
  Check check;
  check.type = path.key() == "http" ? CheckType::kHttp : CheckType::kTcp;
  check.port = static_cast<std::uint16_t>(number(config, path, "port"));
  check.interval = duration(config, path, "interval");
  check.timeout = duration(config, path, "timeout");
  check.rise = number(config, path, "rise");
  check.fall = number(config, path, "fall");
  if (check.type == CheckType::kHttp) {
    check.head = config.value(path, "request") == "HEAD";
    check.path = config.value(path, "path");
    check.host = config.value(path, "host");
    check.expect = ranges(config.value(path, "expect"));
  }
  return check;
}

}  // namespace

std::vector<Target> targets_of(const model::Config& config) {
  std::vector<Target> targets;
  for (const std::string& name : config.keys("pool")) {
    const model::Path pool{{"pool", name}};
    std::vector<Check> checks;
    for (const std::string& type : config.keys("check", pool)) {
      checks.push_back(check_of(config, pool.child("check", type)));
    }
    if (checks.empty()) continue;
    for (const std::string& key : config.keys("server", pool)) {
      const auto endpoint = net::Endpoint::parse(key);
      if (!endpoint || config.value(pool.child("server", key), "enabled") == "no") continue;
      targets.push_back({name, *endpoint, checks, Verdict::kUnknown});
    }
  }
  return targets;
}

}  // namespace yoke::health
