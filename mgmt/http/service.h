// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hal/linux/event.h"
#include "mgmt/http/server.h"

namespace yoke::http {

// A server that is where the configuration wants it, or nowhere; where it cannot listen it tries
// again every few seconds. It listens at an address that the unit does not have, too, as that may
// be on its way, and says so where it does not come. Threads: the loop's.
class Service {
 public:
  struct Settings {
    std::optional<net::Endpoint> listen;  // none: off
    std::vector<net::Prefix> allow;
    friend bool operator==(const Settings&, const Settings&) = default;
  };
  // What is to be served; asked for at each start of the server, so that files may change.
  using Make = std::function<Result<Server::Config>(const Settings& settings)>;

  // How often it looks whether the unit has the address, and how often in a row it must be missing.
  struct Pace {
    std::chrono::milliseconds look{5000};
    int missing = 4;
  };

  Service(sd_event* event, Make make) : Service(event, std::move(make), Pace{}) {}
  Service(sd_event* event, Make make, Pace pace);

  // Clients of before stay only where nothing changes.
  void follow(const Settings& settings);
  // Why nobody reaches it although somebody should; empty: all is well.
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }

 private:
  void start();
  [[nodiscard]] Status listen();
  void look();

  sd_event* event_;
  Make make_;
  Settings settings_;
  std::unique_ptr<Server> server_;
  std::string failure_;
  Pace pace_;
  int missing_ = 0;  // looks in a row
  hal::Timer again_, look_;
};

}  // namespace yoke::http
