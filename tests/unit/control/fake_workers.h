// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/control/workers.h"

namespace yoke::control {

// Workers that forward nothing: what was published can be looked at, counters can be set.
class FakeWorkers final : public Workers {
 public:
  explicit FakeWorkers(std::size_t workers = 2) : owned_(workers) {
    for (auto& counters : owned_) {
      counters = std::make_unique<lb::WorkerCounters>();
      counters_.push_back(counters.get());
    }
  }

  [[nodiscard]] std::span<const PortInfo> ports() const override { return ports_; }
  void publish(std::unique_ptr<const lb::Snapshot> next) override {
    before_ = std::move(now_);
    now_ = std::move(next);
    ++published_;
  }
  std::optional<lb::Trial::Counts> try_out(std::unique_ptr<const lb::Snapshot> next,
                                           std::size_t services, std::size_t servers) override {
    tried_ = std::move(next);
    EXPECT_EQ(now_->services.size(), services);
    EXPECT_EQ(now_->servers.size(), servers);
    return counts_;
  }
  [[nodiscard]] std::span<const lb::WorkerCounters* const> worker_counters() const override {
    return counters_;
  }
  [[nodiscard]] std::vector<api::PortCounters> port_counters() const override {
    api::PortCounters port;
    port.name = "wan";
    return {port};
  }
  [[nodiscard]] std::uint64_t flows_capacity() const override { return 1000; }

  [[nodiscard]] const lb::Snapshot& now() const { return *now_; }
  [[nodiscard]] const lb::Snapshot& before() const { return *before_; }
  [[nodiscard]] int published() const { return published_; }
  // What was tried out last, and what is found then.
  [[nodiscard]] const lb::Snapshot& tried() const { return *tried_; }
  void find(lb::Trial::Counts counts) { counts_ = std::move(counts); }
  [[nodiscard]] lb::WorkerCounters& worker(std::size_t i) { return *owned_[i]; }

 private:
  std::vector<PortInfo> ports_{{"wan", {{2, 0, 0, 0, 0, 0x0a}}, 7},
                               {"lan", {{2, 0, 0, 0, 0, 0x0b}}, 8}};
  std::vector<std::unique_ptr<lb::WorkerCounters>> owned_;
  std::vector<const lb::WorkerCounters*> counters_;
  std::unique_ptr<const lb::Snapshot> now_, before_, tried_;
  std::optional<lb::Trial::Counts> counts_;
  int published_ = 0;
};

// A configuration in a few words.
inline net::IpAddress ip(const std::string& text) { return *net::IpAddress::parse(text); }

inline api::Pool pool(const std::string& name, const std::vector<std::string>& servers,
                      api::Method method = api::Method::kNat) {
  api::Pool made;
  made.name = name;
  made.method = method;
  for (const std::string& server : servers) {
    api::Server entry;
    entry.endpoint = *net::Endpoint::parse(server);
    made.servers.push_back(entry);
  }
  return made;
}

inline api::Vip vip(const std::string& name, const std::string& address,
                    const std::string& pool_name) {
  api::Vip made;
  made.name = name;
  made.address = *net::ServiceAddress::parse(address);
  made.pool = pool_name;
  return made;
}

inline api::ServerStateChange state(const std::string& pool_name, const std::string& server,
                                    api::ServerState to) {
  return {pool_name, *net::Endpoint::parse(server), to};
}

// Two VIPs, in nat and dsr, before three servers each.
inline api::Configuration two_vips() {
  api::Configuration made;
  made.revision = 3;
  made.hash_key = {1, 2, 3};
  made.pools = {pool("web", {"10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"}),
                pool("direct", {"[2001:db8:2::1]:53", "[2001:db8:2::2]:53"}, api::Method::kDsr)};
  made.vips = {vip("web", "203.0.113.10:443/tcp", "web"),
               vip("dns", "[2001:db8:1::10]:53/udp", "direct")};
  return made;
}

}  // namespace yoke::control
