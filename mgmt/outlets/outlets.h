// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "mgmt/alarms/alarms.h"
#include "mgmt/events/event.h"
#include "mgmt/http/service.h"
#include "mgmt/model/config.h"
#include "mgmt/rpc/unit.h"
#include "mgmt/syslog/forwarder.h"

namespace yoke::outlets {

// To whom events and figures go besides the local socket, as the configuration wants it: metrics
// and the status page by HTTP, events to log servers. Threads: the loop's.
class Outlets {
 public:
  // `unit` outlives it. In `folder` is what the status page's certificate is kept as.
  Outlets(sd_event* event, const rpc::Unit& unit, std::filesystem::path folder);

  // From now on as `config` says; what stays as it was keeps its clients and connections.
  void follow(const model::Config& config);
  // Something has happened.
  void take(const events::Entry& entry);
  // What is wrong with them.
  [[nodiscard]] std::vector<alarms::Condition> conditions() const;

 private:
  void follow_syslog(const model::Config& config);
  [[nodiscard]] http::Server::Config metrics(const http::Service::Settings& settings) const;
  [[nodiscard]] Result<http::Server::Config> web(const http::Service::Settings& settings) const;

  sd_event* event_;
  const rpc::Unit& unit_;
  std::filesystem::path folder_;
  http::Service metrics_, web_;
  std::map<std::string, std::unique_ptr<syslog::Forwarder>> forwarders_;  // by name
};

}  // namespace yoke::outlets
