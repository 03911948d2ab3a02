// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/targets.h"

#include <chrono>
#include <string>
#include <utility>

#include "hal/base/number.h"
#include "mgmt/model/duration.h"
#include "mgmt/model/schema.h"

namespace yoke::health {
namespace {

Check check_of(const model::Config& config, const model::Path& path) {
  Check check;
  check.key = path.key();
  Settings::Values values;
  for (const model::Field& field : model::find_type(path.kind())->fields) {
    if (!model::applies(field, path.key())) continue;
    values.emplace(field.name, config.value(path, field.name));
  }
  const Settings all(values);
  check.port = static_cast<std::uint16_t>(all.number("port"));
  check.interval = all.duration("interval");
  check.down_interval = all.duration("down-interval");
  check.fast_interval = all.duration("fast-interval");
  check.jitter_percent = all.number("jitter");
  check.timeout = all.duration("timeout");
  check.rise = all.number("rise");
  check.fall = all.number("fall");
  for (const std::string_view pace : {"port", "interval", "down-interval", "fast-interval",
                                      "jitter", "timeout", "rise", "fall"}) {
    values.erase(std::string(pace));
  }
  check.settings = Settings(std::move(values));
  return check;
}

std::size_t required_of(const model::Config& config, const model::Path& pool, std::size_t checks) {
  const std::string wanted = config.value(pool, "require");
  if (wanted == "any") return 1;
  return wanted == "all" ? checks : parse_decimal(wanted).value_or(checks);
}

PassiveRules passive_rules_of(const model::Config& config, const model::Path& pool) {
  PassiveRules rules;
  rules.failures = parse_decimal(config.value(pool, "passive-failures")).value_or(0);
  if (rules.failures == 0) return rules;
  const auto time = [&](std::string_view field, std::chrono::milliseconds otherwise) {
    return model::parse_duration(config.value(pool, field)).value_or(otherwise);
  };
  rules.window = time("passive-window", rules.window);
  rules.hold = time("passive-hold", rules.hold);
  return rules;
}

void add_targets(const model::Config& config, const std::string& name, Servers which,
                 std::vector<Target>& targets) {
  static const model::Field& enabled = *model::find_field(*model::find_type("server"), "enabled");
  const model::Path pool{{"pool", name}};
  std::vector<Check> checks;
  for (const std::string& key : config.keys("check", pool)) {
    checks.push_back(check_of(config, pool.child("check", key)));
    checks.back().pool = name;
  }
  const bool passive = passive_rules_of(config, pool).failures != 0;
  if (checks.empty() && !passive) return;
  const std::size_t required = required_of(config, pool, checks.size());
  for (const model::Config::Child& server : config.children("server", pool)) {
    const auto endpoint = net::Endpoint::parse(server.key);
    const bool in_use = model::value_in(server.fields, enabled) != "no";
    if (!endpoint || (which == Servers::kInUse && !in_use)) continue;
    targets.push_back({name, *endpoint, checks, Verdict::kUnknown, required, passive});
  }
}

}  // namespace

std::vector<Target> targets_of(const model::Config& config, Servers which) {
  std::vector<Target> targets;
  for (const std::string& name : config.keys("pool")) add_targets(config, name, which, targets);
  return targets;
}

std::vector<Target> targets_of(const model::Config& config, const std::set<std::string>& pools,
                               Servers which) {
  std::vector<Target> targets;
  for (const std::string& name : pools) add_targets(config, name, which, targets);
  return targets;
}

std::vector<PassiveTarget> passive_targets_of(const model::Config& config,
                                              const std::set<std::string>& pools) {
  const model::RecordType& type = *model::find_type("server");
  const model::Field& enabled = *model::find_field(type, "enabled");
  const model::Field& weight = *model::find_field(type, "weight");
  std::vector<PassiveTarget> targets;
  for (const std::string& name : pools) {
    const model::Path pool{{"pool", name}};
    PassiveTarget target{name, passive_rules_of(config, pool), {}};
    if (target.rules.failures == 0) continue;
    for (const model::Config::Child& server : config.children("server", pool)) {
      const auto endpoint = net::Endpoint::parse(server.key);
      const bool takes_flows = model::value_in(server.fields, enabled) != "no" &&
                               model::value_in(server.fields, weight) != "0";
      if (endpoint && takes_flows) target.servers.push_back(*endpoint);
    }
    targets.push_back(std::move(target));
  }
  return targets;
}

}  // namespace yoke::health
