// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hal/linux/event.h"
#include "mgmt/http/server.h"

namespace yoke::http {

// A server that is where the configuration wants it, or nowhere; where it cannot listen it tries
// again every few seconds. Threads: the loop's.
class Service {
 public:
  struct Settings {
    std::optional<net::Endpoint> listen;  // none: off
    std::vector<net::Prefix> allow;
    friend bool operator==(const Settings&, const Settings&) = default;
  };
  // What is to be served; asked for at each start of the server, so that files may change.
  using Make = std::function<Result<Server::Config>(const Settings& settings)>;

  Service(sd_event* event, Make make);

  // Clients of before stay only where nothing changes.
  void follow(const Settings& settings);
  // Why it does not listen although it should; empty: all is well.
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }

 private:
  void start();
  [[nodiscard]] Status listen();

  sd_event* event_;
  Make make_;
  Settings settings_;
  std::unique_ptr<Server> server_;
  std::string failure_;
  hal::Timer again_;
};

}  // namespace yoke::http
