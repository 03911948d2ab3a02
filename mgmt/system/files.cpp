// SPDX-License-Identifier: Apache-2.0
#include "mgmt/system/files.h"

#include <string_view>
#include <utility>

#include "mgmt/model/words.h"
#include "mgmt/system/network_files.h"

namespace yoke::system {
namespace {

constexpr std::string_view kOrigin =
    "# Written by yoke-mgmt from its configuration; edits are lost.\n";

constexpr std::string_view kKeys = "ssh-keys/";

std::string setting(const model::Config& config, std::string_view name) {
  return config.value(model::only("system"), name);
}

// A line of each part of a list; nothing of an empty one.
std::string lines_of(const std::string& list, std::string_view before, std::string_view after) {
  std::string text;
  if (list.empty()) return text;
  for (const std::string_view part : model::split_list(list)) {
    text.append(before).append(part).append(after).append("\n");
  }
  return text;
}

// Empty without a server.
std::string resolv_conf(const model::Config& config) {
  const std::string servers = lines_of(setting(config, "dns-server"), "nameserver ", "");
  if (servers.empty()) return {};
  std::string text(kOrigin);
  if (const std::string domains = setting(config, "dns-search"); !domains.empty()) {
    text += "search";
    for (const std::string_view domain : model::split_list(domains))
      text.append(" ").append(domain);
    text += '\n';
  }
  return text + servers;
}

std::string authorized_keys(const model::Config& config, const model::Path& user) {
  std::string text;
  for (const auto& [name, fields] : config.children("ssh-key", user)) {
    const auto key = fields.find("key");
    if (key != fields.end()) text.append(key->second).append("\n");
  }
  return text;
}

}  // namespace

Files files_of(const model::Config& config) {
  Files files = network_files_of(config);
  if (std::string names = resolv_conf(config); !names.empty()) {
    files["resolv.conf"] = std::move(names);
  }
  files["chrony.sources"] =
      std::string(kOrigin) + lines_of(setting(config, "ntp-server"), "server ", " iburst");
  files["time-zone"] = setting(config, "time-zone") + "\n";
  if (const std::string banner = setting(config, "banner"); !banner.empty()) {
    files["banner"] = banner + "\n";
  }
  for (const std::string& name : config.keys("user")) {
    std::string keys = authorized_keys(config, {{"user", name}});
    if (!keys.empty()) files[std::string(kKeys) + name] = std::move(keys);
  }
  return files;
}

bool is_of_keys(std::string_view name) { return name.starts_with(kKeys); }

bool comes_first(std::string_view name) { return name.ends_with(".netdev"); }

}  // namespace yoke::system
