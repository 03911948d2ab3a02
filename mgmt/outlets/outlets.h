// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mgmt/alarms/alarms.h"
#include "mgmt/events/event.h"
#include "mgmt/events/standing.h"
#include "mgmt/http/service.h"
#include "mgmt/model/config.h"
#include "mgmt/notify/notifier.h"
#include "mgmt/notify/trials.h"
#include "mgmt/rpc/unit.h"
#include "mgmt/syslog/forwarder.h"

namespace yoke::outlets {

// To whom events and figures go besides the local socket, as the configuration wants it: metrics
// and the status page by HTTP, events to log servers and to whoever is to be told. Threads: the
// loop's.
class Outlets {
 public:
  // All files are below `root`. `unit` outlives it. What is lost on the way is recorded.
  Outlets(sd_event* event, const rpc::Unit& unit, std::filesystem::path root,
          events::Record record);

  // From now on as `config` says; what stays as it was keeps its clients and connections.
  void follow(const model::Config& config);
  // What happened before this process began, oldest first: that it is over may be told yet.
  void remember(const std::vector<events::Entry>& entries);
  // Something has happened.
  void take(const events::Entry& entry);
  // What is wrong with them.
  [[nodiscard]] std::vector<alarms::Condition> conditions() const;

  // Tells those of one notification of `config` that `user` tries it; the number of the trial.
  // E-404.
  [[nodiscard]] Result<std::uint64_t> try_notification(const model::Config& config,
                                                       const std::string& name,
                                                       const std::string& user);
  // What became of it; told once it is done, it is forgotten. Nothing where there is none.
  [[nodiscard]] std::optional<std::vector<rpc::NotifyReport>> tried(std::uint64_t number);

 private:
  void follow_syslog(const model::Config& config);
  void follow_notify(const model::Config& config);
  void remove_notifiers(const std::map<notify::Whom, notify::Target>& targets);
  void forget_what_is_gone(const model::Config& config);
  [[nodiscard]] std::unique_ptr<notify::Notifier> make_notifier(const notify::Whom& whom,
                                                                const notify::Target& target);
  [[nodiscard]] http::Server::Config metrics(const http::Service::Settings& settings) const;
  [[nodiscard]] Result<http::Server::Config> web(const http::Service::Settings& settings) const;

  sd_event* event_;
  const rpc::Unit& unit_;
  std::filesystem::path root_;
  http::Service metrics_, web_;
  std::map<std::string, std::unique_ptr<syslog::Forwarder>> forwarders_;  // by name
  std::map<notify::Whom, std::unique_ptr<notify::Notifier>> notifiers_;
  std::map<notify::Whom, alarms::Condition> removed_;  // until it is there again
  notify::Trials trials_;
  events::Standing standing_;
  events::Record record_;
};

}  // namespace yoke::outlets
