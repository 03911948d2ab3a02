// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "dataplane/control/controller.h"
#include "tests/unit/control/fake_workers.h"

namespace yoke::control {

inline constexpr const char* kWeb = "203.0.113.10:443/tcp";
inline constexpr const char* kDns = "[2001:db8:1::10]:53/udp";

// A controller with workers and a lease page that the test holds.
class ControllerRig : public ::testing::Test {
 protected:
  void run(const api::Configuration& configuration) {
    const auto staged = controller_.stage(configuration);
    ASSERT_TRUE(staged) << staged.error().text;
    ASSERT_TRUE(controller_.activate(*staged));
  }
  [[nodiscard]] const lb::Snapshot& snapshot() const { return workers_.now(); }
  [[nodiscard]] const lb::Service& service(const std::string& address) const {
    const auto wanted = *net::ServiceAddress::parse(address);
    return snapshot().services.at(*snapshot().service_table.find(
        wanted.endpoint.address, net::Be16::from_host(wanted.endpoint.port), wanted.protocol));
  }

  FakeWorkers workers_;
  MonoTime start_{std::chrono::hours(1)};
  api::LeasePage leases_;
  Controller controller_{workers_, {ip("192.0.2.2")}, leases_, start_};
};

}  // namespace yoke::control
