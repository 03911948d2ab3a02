// SPDX-License-Identifier: Apache-2.0
#include "mgmt/outlets/settings.h"

#include "hal/base/number.h"
#include "mgmt/model/schema.h"
#include "mgmt/model/words.h"

namespace yoke::outlets {
namespace {

syslog::Transport transport_of(const std::string& word) {
  if (word == "udp") return syslog::Transport::kUdp;
  return word == "tcp" ? syslog::Transport::kTcp : syslog::Transport::kTls;
}

// "/etc/yoke/ca.pem" of the root "/"; nothing stays nothing.
std::string below(const std::filesystem::path& root, const std::string& path) {
  if (path.empty()) return {};
  return (root / std::filesystem::path(path).relative_path()).string();
}

log::Level level_of(const std::string& word) {
  for (const log::Level level : {log::Level::kError, log::Level::kWarning, log::Level::kInfo}) {
    if (word == events::word(level)) return level;
  }
  return log::Level::kNotice;
}

}  // namespace

http::Service::Settings http_settings(const model::Config& config, std::string_view kind) {
  const model::Path path = model::only(kind);
  http::Service::Settings settings;
  if (const auto listen = net::Endpoint::parse(config.value(path, "listen"))) {
    settings.listen = *listen;
  }
  if (const std::string allow = config.value(path, "allow"); !allow.empty()) {
    for (const std::string_view part : model::split_list(allow)) {
      if (const auto prefix = net::Prefix::parse(part)) settings.allow.push_back(*prefix);
    }
  }
  return settings;
}

std::map<std::string, syslog::Target> syslog_targets(const model::Config& config,
                                                     const std::filesystem::path& root) {
  constexpr int kLocal0 = 16;
  std::map<std::string, syslog::Target> targets;
  for (const std::string& name : config.keys("syslog")) {
    const model::Path path{{"syslog", name}};
    const auto value = [&](std::string_view field) { return config.value(path, field); };
    const auto server = net::Endpoint::parse(value("server"));
    if (!server) continue;  // a rule asks for it
    const auto facility = parse_decimal(value("facility").substr(std::string_view("local").size()));
    targets[name] = {.server = *server,
                     .transport = transport_of(value("transport")),
                     .level = level_of(value("level")),
                     .facility = kLocal0 + static_cast<int>(facility.value_or(0)),
                     .trust = {.authorities = below(root, value("authorities")),
                               .name = value("certificate-name"),
                               .verify = value("verify") != "no"}};
  }
  return targets;
}

std::map<notify::Whom, notify::Target> notify_targets(const model::Config& config,
                                                      const std::filesystem::path& root) {
  std::map<notify::Whom, notify::Target> targets;
  for (const std::string& key : config.keys("notify")) {
    const model::Path path{{"notify", key}};
    const auto value = [&](std::string_view field) { return config.value(path, field); };
    const std::string_view way = model::choice_of(key);
    notify::Target target{.level = level_of(value("level")),
                          .verify = value("verify") != "no",
                          .authorities = below(root, value("authorities"))};
    if (way == "script") {
      target.way = notify::Way::kScript;
      target.path = root / "etc/yoke/notify" / value("program");
    } else if (way == "webhook") {
      target.way = notify::Way::kWebhook;
      target.url = value("url");
      target.bearer = value("bearer");
    } else {
      target.url = (value("tls") == "yes" ? "smtps://" : "smtp://") + value("server");
      target.tls = value("tls") != "no";
      target.from = value("from");
      const std::string to = value("to");
      for (const std::string_view address : model::split_list(to)) target.to.emplace_back(address);
      target.user = value("user");
      target.password = value("password");
      for (const std::string& recipient : target.to) {
        notify::Target one = target;
        one.recipient = recipient;
        targets[{key, recipient}] = std::move(one);
      }
      continue;
    }
    targets[{key}] = std::move(target);
  }
  return targets;
}

}  // namespace yoke::outlets
