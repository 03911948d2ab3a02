// SPDX-License-Identifier: Apache-2.0
#include "mgmt/outlets/outlets.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "mgmt/http/certificate.h"
#include "mgmt/metrics/metrics.h"
#include "mgmt/outlets/settings.h"
#include "mgmt/rpc/errors.h"
#include "mgmt/rpc/show.h"
#include "mgmt/web/page.h"

namespace yoke::outlets {
namespace {

using events::Kind;
using nlohmann::json;

constexpr std::size_t kRemovedMax = 64;  // remembered until an alarm of theirs has been cleared

// What says of an event which notification it is about.
events::Fields fields_of(const notify::Whom& whom) {
  return {{"NOTIFY", whom.notification}, {"TO", whom.recipient}};
}

bool is_about(const events::Entry& entry, const notify::Whom& whom) {
  return std::ranges::all_of(fields_of(whom), [&](const auto& field) {
    return std::ranges::find(entry.fields, std::pair<std::string, std::string>(field)) !=
           entry.fields.end();
  });
}

// Of the losses of one all others would be told, who may lose that as well, and so on for ever.
bool is_loss_of_notification(const events::Entry& entry) {
  return entry.event == events::row_of(Kind::kEventsNotSent).id &&
         std::ranges::any_of(entry.fields,
                             [](const auto& field) { return field.first == "NOTIFY"; });
}

std::string subject_of(const notify::Whom& whom) { return "notify " + whom.text(); }

// What of an object can be told now.
json rows_of(const rpc::Moment& moment, std::string_view object) {
  (void)moment.counters({});  // of one moment, whatever is told of it
  auto rows = moment.show(object, "");
  return rows ? std::move(*rows) : json();
}

}  // namespace

Outlets::Outlets(sd_event* event, const rpc::Unit& unit, std::filesystem::path root,
                 events::Record record)
    : event_(event),
      unit_(unit),
      root_(std::move(root)),
      metrics_(event, [this](const auto& settings) { return metrics(settings); }),
      web_(event, [this](const auto& settings) { return web(settings); }),
      trials_([event](const auto& target) { return notify::make_carrier(event, target); }),
      record_(std::move(record)) {}

void Outlets::follow(const model::Config& config) {
  metrics_.follow(http_settings(config, "metrics"));
  web_.follow(http_settings(config, "web"));
  follow_syslog(config);
  follow_notify(config);
  forget_what_is_gone(config);
}

void Outlets::follow_syslog(const model::Config& config) {
  const auto targets = syslog_targets(config, root_);
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

void Outlets::follow_notify(const model::Config& config) {
  const auto targets = notify_targets(config, root_);
  remove_notifiers(targets);
  for (const auto& [whom, target] : targets) {
    removed_.erase(whom);
    auto& notifier = notifiers_[whom];
    if (notifier) {
      notifier->follow(target, unit_.name());
    } else {
      notifier = make_notifier(whom, target);
    }
  }
}

// Those that are not wanted any more, and with them what they had to tell, which is said.
void Outlets::remove_notifiers(const std::map<notify::Whom, notify::Target>& targets) {
  std::vector<events::Event> lost;
  for (auto known = notifiers_.begin(); known != notifiers_.end();) {
    const auto& [whom, notifier] = *known;
    if (targets.contains(whom)) {
      ++known;
      continue;
    }
    const std::size_t waiting = notifier->waiting();
    const std::string why =
        fmt::format("it is not configured any more; {} events that waited were dropped", waiting);
    removed_[whom] = {Kind::kNotifyFailed, subject_of(whom), {}, {}, why};
    if (removed_.size() > kRemovedMax) removed_.erase(removed_.begin());
    if (waiting > 0) {
      lost.push_back({Kind::kEventsNotSent, subject_of(whom) + ": " + why, fields_of(whom)});
    }
    known = notifiers_.erase(known);
  }
  for (const auto& event : lost) record_(event);
}

std::unique_ptr<notify::Notifier> Outlets::make_notifier(const notify::Whom& whom,
                                                         const notify::Target& target) {
  return std::make_unique<notify::Notifier>(
      event_, target, unit_.name(),
      [event = event_](const auto& to) { return notify::make_carrier(event, to); },
      [this, whom](std::uint64_t count, const std::string& why) {
        record_({Kind::kEventsNotSent,
                 fmt::format("{}: {} events were lost: {}", subject_of(whom), count, why),
                 fields_of(whom)});
      });
}

// A server that is not configured any more does not come up again.
void Outlets::forget_what_is_gone(const model::Config& config) {
  standing_.forget_if([&](Kind kind, const events::Standing::Subject& subject) {
    return kind == Kind::kServerDown && subject.size() == 2 &&
           config.find({{"pool", subject[0], "server", subject[1]}}) == nullptr;
  });
}

void Outlets::remember(const std::vector<events::Entry>& entries) {
  for (const auto& entry : entries) (void)standing_.concern_of(entry);
}

void Outlets::take(const events::Entry& entry) {
  for (const auto& [name, forwarder] : forwarders_) forwarder->send(entry);
  const log::Level concern = standing_.concern_of(entry);
  if (notifiers_.empty() || is_loss_of_notification(entry)) return;
  const auto told = std::make_shared<const events::Entry>(entry);
  for (const auto& [whom, notifier] : notifiers_) {
    // That it could not be told is nothing to tell it.
    if (!is_about(entry, whom)) notifier->send(told, concern);
  }
}

Result<std::uint64_t> Outlets::try_notification(const model::Config& config,
                                                const std::string& name, const std::string& user) {
  auto targets = notify_targets(config, root_);
  std::erase_if(targets, [&](const auto& known) { return known.first.notification != name; });
  if (targets.empty()) {
    return fail(Errc::kNotFound, rpc::kNotThere, "there is no notify " + name);
  }
  const events::Event event{Kind::kNotifyTest,
                            fmt::format("{} tries notify {}: nothing is wrong", user, name)};
  const auto told = std::make_shared<const events::Entry>(events::entry_of(event));
  return trials_.start(targets, {.unit = unit_.name(), .id = {}, .at = event.at, .events = {told}});
}

std::optional<std::vector<rpc::NotifyReport>> Outlets::tried(std::uint64_t number) {
  const auto* const trial = trials_.find(number);
  if (trial == nullptr) return std::nullopt;
  std::vector<rpc::NotifyReport> reports;
  for (const auto& [whom, how] : trial->tried) reports.push_back({whom.text(), how});
  if (trial->is_done()) trials_.forget(number);
  return reports;
}

std::vector<alarms::Condition> Outlets::conditions() const {
  std::vector<alarms::Condition> found;
  const auto add = [&](Kind kind, const std::string& subject, const std::string& failure,
                       const events::Fields& fields = {}) {
    if (!failure.empty()) found.push_back({kind, subject, subject + ": " + failure, fields});
  };
  add(Kind::kHttpFailed, "metrics", metrics_.failure(), {{"HTTP", "metrics"}});
  add(Kind::kHttpFailed, "web", web_.failure(), {{"HTTP", "web"}});
  for (const auto& [name, forwarder] : forwarders_) {
    add(Kind::kSyslogLost, "syslog " + name, forwarder->failure(), {{"SYSLOG", name}});
  }
  for (const auto& [whom, notifier] : notifiers_) {
    add(Kind::kNotifyFailed, subject_of(whom), notifier->failure(), fields_of(whom));
  }
  for (const auto& [whom, condition] : removed_) found.push_back(condition);
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
      http::certificate_at(root_ / "var/lib/yoke/web", {unit_.name(), settings.listen->address});
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
