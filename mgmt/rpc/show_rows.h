// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "hal/base/clock.h"
#include "hal/base/result.h"
#include "mgmt/rpc/show.h"
#include "mgmt/rpc/unit.h"

// The parts of show.h: one function an object. Threads: the loop's.
namespace yoke::rpc {

struct Question {
  const Moment& moment;
  const std::string& name;    // of the one asked for; empty: all. It is there
  const std::string& server;  // of it; empty: all
  const events::Choice& choice;

  [[nodiscard]] const Unit& unit() const { return moment.unit(); }
  [[nodiscard]] MonoTime now() const { return moment.now(); }
  [[nodiscard]] const model::Config& config() const { return unit().committer.running().config; }
};

using Rows = Result<nlohmann::json>;

// A row of one of the long tables, key by key: a list of pairs in braces takes nlohmann four times
// as long to make an object of.
class Row {
 public:
  template <typename Value>
  Row& add(const char* key, Value&& value) {
    cells_.emplace(key, std::forward<Value>(value));
    return *this;
  }
  [[nodiscard]] nlohmann::json take() { return std::move(cells_); }

 private:
  nlohmann::json::object_t cells_;
};

// Of the configuration and its health: answered without the data plane too, counters being null.
[[nodiscard]] Rows vip_rows(const Question& question);
[[nodiscard]] Rows group_rows(const Question& question);
[[nodiscard]] Rows pool_rows(const Question& question);  // of one: its servers
[[nodiscard]] Rows server_rows(const Question& question);
[[nodiscard]] Rows check_rows(const Question& question);
[[nodiscard]] Rows probe_rows(const Question& question);  // of one server

[[nodiscard]] nlohmann::json probe_row(const ProbeReport& report, MonoTime now);

// Of the unit itself.
[[nodiscard]] Rows ha_config_rows(const Question& question);
[[nodiscard]] Rows ha_branch_rows(const Question& question);
[[nodiscard]] Rows status_rows(const Question& question);
[[nodiscard]] Rows history_rows(const Question& question);
[[nodiscard]] Rows interface_rows(const Question& question);
[[nodiscard]] Rows traffic_rows(const Question& question);
[[nodiscard]] Rows connection_rows(const Question& question);  // of servers
[[nodiscard]] Rows worker_rows(const Question& question);
[[nodiscard]] Rows backup_rows(const Question& question);
[[nodiscard]] Rows system_rows(const Question& question);
[[nodiscard]] Rows address_rows(const Question& question);
[[nodiscard]] Rows route_rows(const Question& question);
[[nodiscard]] Rows port_rows(const Question& question);
[[nodiscard]] Rows hardware_rows(const Question& question);
[[nodiscard]] Rows ha_rows(const Question& question);  // of groups, in a pair
[[nodiscard]] Rows ha_link_rows(const Question& question);
[[nodiscard]] Rows ha_frame_rows(const Question& question);
[[nodiscard]] Rows ha_history_rows(const Question& question);
[[nodiscard]] Rows ha_pairing_rows(const Question& question);
[[nodiscard]] Rows ha_track_rows(const Question& question);
[[nodiscard]] Rows version_rows(const Question& question);

// Of what has happened.
[[nodiscard]] Rows alarm_rows(const Question& question);
// The first few tell where to look; alarm_rows() has all.
struct AlarmDigest {
  nlohmann::json rows;
  std::size_t standing = 0;
};
[[nodiscard]] AlarmDigest alarm_digest(const Question& question);
[[nodiscard]] Rows log_rows(const Question& question);

struct ServiceTally {
  std::size_t vips = 0, vips_up = 0, servers = 0, servers_up = 0, servers_down = 0;
};
[[nodiscard]] ServiceTally service_tally(const Question& question);

[[nodiscard]] std::uint64_t seconds_between(MonoTime before, MonoTime after);

}  // namespace yoke::rpc
