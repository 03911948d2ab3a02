// SPDX-License-Identifier: Apache-2.0
#include "mgmt/outlets/outlets.h"

#include <unistd.h>

#include <chrono>
#include <utility>

#include "mgmt/http/certificate.h"
#include "mgmt/metrics/metrics.h"
#include "mgmt/outlets/settings.h"
#include "mgmt/rpc/show.h"
#include "mgmt/web/page.h"

namespace yoke::outlets {
namespace {

using events::Kind;
using nlohmann::json;

// What of an object can be told now.
json rows_of(const rpc::Moment& moment, std::string_view object) {
  auto rows = moment.show(object, "");
  return rows ? std::move(*rows) : json();
}

}  // namespace

Outlets::Outlets(sd_event* event, const rpc::Unit& unit, std::filesystem::path folder)
    : event_(event),
      unit_(unit),
      folder_(std::move(folder)),
      metrics_(event, [this](const auto& settings) { return metrics(settings); }),
      web_(event, [this](const auto& settings) { return web(settings); }) {}

void Outlets::follow(const model::Config& config) {
  metrics_.follow(http_settings(config, "metrics"));
  web_.follow(http_settings(config, "web"));
  follow_syslog(config);
}

void Outlets::follow_syslog(const model::Config& config) {
  const auto targets = syslog_targets(config);
  const syslog::Origin origin{.host = unit_.name(), .process = std::to_string(::getpid())};
  std::erase_if(forwarders_, [&](const auto& known) { return !targets.contains(known.first); });
  for (const auto& [name, target] : targets) {
    auto& forwarder = forwarders_[name];
    if (forwarder) {
      forwarder->follow(target, origin);
    } else {
      forwarder = std::make_unique<syslog::Forwarder>(event_, target, origin);
    }
  }
}

void Outlets::take(const events::Entry& entry) {
  for (const auto& [name, forwarder] : forwarders_) forwarder->send(entry);
}

std::vector<alarms::Condition> Outlets::conditions() const {
  std::vector<alarms::Condition> found;
  const auto add = [&](Kind kind, const std::string& subject, const std::string& failure) {
    if (!failure.empty()) found.push_back({kind, subject, subject + ": " + failure, {}});
  };
  add(Kind::kHttpFailed, "metrics", metrics_.failure());
  add(Kind::kHttpFailed, "web", web_.failure());
  for (const auto& [name, forwarder] : forwarders_) {
    add(Kind::kSyslogLost, "syslog " + name, forwarder->failure());
  }
  return found;
}

http::Server::Config Outlets::metrics(const http::Service::Settings& settings) const {
  const auto answer = [this](std::string_view path) -> std::optional<http::Answer> {
    if (path != "/metrics") return std::nullopt;
    const rpc::Moment moment(unit_, MonoClock::now());
    return http::Answer{metrics::kContentType, metrics::exposition([&](std::string_view object) {
                          return rows_of(moment, object);
                        })};
  };
  return {.listen = *settings.listen,
          .allow = settings.allow,
          .tls = {},
          .answer = answer,
          .headers = {}};
}

Result<http::Server::Config> Outlets::web(const http::Service::Settings& settings) const {
  auto certificate =
      http::certificate_at(folder_ / "web", {unit_.name(), settings.listen->address});
  if (!certificate) return tl::unexpected<Error>(certificate.error());
  const auto answer = [this](std::string_view path) {
    const rpc::Moment moment(unit_, MonoClock::now());
    return web::answer(
        path, [&](std::string_view object) { return rows_of(moment, object); },
        std::chrono::system_clock::now());
  };
  return http::Server::Config{.listen = *settings.listen,
                              .allow = settings.allow,
                              .tls = std::move(*certificate),
                              .answer = answer,
                              .headers = web::headers()};
}

}  // namespace yoke::outlets
