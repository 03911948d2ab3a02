// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hal/base/aside.h"
#include "hal/base/clock.h"
#include "hal/base/result.h"
#include "mgmt/alarms/alarms.h"
#include "mgmt/backup/backups.h"
#include "mgmt/commit/committer.h"
#include "mgmt/events/choice.h"
#include "mgmt/events/event.h"
#include "mgmt/rpc/candidate_lock.h"

namespace yoke::rpc {

// One check of one server, as far as anything is known of it.
struct CheckReport {
  commit::ServerId id;
  std::string check;  // "http", "http:admin"
  commit::Verdict verdict = commit::Verdict::kUnknown;
  std::optional<MonoTime> since;  // of the verdict
  std::uint64_t failures = 0;     // ever, since the check began
  std::string last;               // "http 503, expected 200"; empty before the first
  // Of the server's certificate, where one was seen.
  std::optional<std::chrono::sys_seconds> certificate_end = {};
};

// A probe of a check: one that has ended, or one under way that somebody asked for.
struct ProbeReport {
  struct Step {
    std::chrono::microseconds at;  // since it began
    std::string text;
  };
  commit::ServerId id;
  std::string check;
  std::string outcome;            // passed, failed, not tried; running
  std::string text;               // in words; empty while it runs
  std::optional<MonoTime> began;  // of those of the past
  std::chrono::microseconds took{0};
  std::vector<Step> steps;
};

// Checks, as far as methods ask about them.
struct Checks {
  // Of the servers of a pool, or, without a name, of all.
  std::function<std::vector<CheckReport>(const std::string& pool)> reports;
  // The last probes of one server, oldest first.
  std::function<std::vector<ProbeReport>(const commit::ServerId&)> history;
  // Probes all servers of the pool, or the one, as `config` says; the number to ask by. E-421.
  std::function<Result<std::uint64_t>(const model::Config& config, const std::string& pool,
                                      const std::optional<net::Endpoint>& server)>
      test;
  // Nothing where there is no such test; told once it is done, it is forgotten.
  std::function<std::optional<std::vector<ProbeReport>>(std::uint64_t)> tested;
};

// One who is told by a notification that is tried.
struct NotifyReport {
  std::string whom;           // "mail:ops to night@example.net"
  std::optional<Status> how;  // nothing while it is under way
};

// Notifications, as far as methods ask about them.
struct Notifications {
  // Tells all of one, as it is committed, that `user` tries it; the number to ask by. E-404.
  std::function<Result<std::uint64_t>(const std::string& name, const std::string& user)> test;
  // Nothing where there is no such test; told once it is done, it is forgotten.
  std::function<std::optional<std::vector<NotifyReport>>(std::uint64_t)> tested;
};

// The other unit, as far as methods ask about it: what yoke-pair answers (mgmt/pair/daemon). E-470
// where the unit stands alone, E-471 where yoke-pair does not answer.
struct Pair {
  using Answer = Result<nlohmann::json>;
  std::function<Answer()> status = [] { return alone(); };
  std::function<Answer()> history = [] { return alone(); };
  // "failover", "maintenance" or "resume"; of all groups where none is named.
  std::function<Answer(std::string_view method, const std::optional<std::string>& group,
                       bool force)>
      command = [](auto, const auto&, bool) { return alone(); };

  // Of pairing (mgmt/pair/client/pairing_client.h), also where the unit stands alone.
  std::function<Answer(std::string_view method, nlohmann::json params)> pairing =
      [](auto, const auto&) { return alone(); };

  // What this unit is, for the prompt: "ACTIVE"; "MIXED" where it is not the same for all groups;
  // empty where it stands alone.
  std::function<std::string()> role = [] { return std::string(); };

  // Whether changes are made by the other unit; and has it make one (carried.h): the line of its
  // answer. E-472 if it cannot be asked, E-475 if it has not said what became of it.
  std::function<bool()> carries = [] { return false; };
  std::function<Result<std::string>(const std::string& request)> carry =
      [](const auto&) -> Result<std::string> { return tl::unexpected<Error>(alone().error()); };

  // A history that gave way (show ha branches): it goes for good, or somebody has seen it and the
  // alarm ends. E-404.
  std::function<Status(const std::string& name, bool drop)> branch =
      [](const auto&, bool) -> Status { return tl::unexpected<Error>(alone().error()); };

  // Both units' places in the history of the configuration; nothing where the unit stands alone.
  std::function<nlohmann::json()> configurations = [] { return nlohmann::json::array(); };

  // What this unit tracks, in words (mgmt/README.md).
  std::function<Answer()> tracked = [] { return alone(); };

  [[nodiscard]] static Answer alone();
};

// An address of the unit's own, or an interface that has none, in words (mgmt/README.md).
struct AddressReport {
  std::string interface;
  std::string state;                 // up, down, no link; not set, missing: what is configured
  std::optional<std::uint64_t> mtu;  // none: there is no such interface
  std::string mac;
  std::string address;  // "192.0.2.5/24"
  std::string from;     // configuration, machine
};

// A route of the kernel's main table, or one that is configured and not there.
struct RouteReport {
  std::string prefix;
  std::string gateway;  // empty: on-link
  std::string interface;
  std::uint64_t metric = 0;
  std::string state;  // set, not set
  std::string from;   // configuration, machine
};

// A data port, as the data plane has it and as it is to have it.
struct PortReport {
  std::string name;
  std::string device;                // empty: it has no such port
  std::optional<std::uint64_t> mtu;  // none: the same
  std::string from;                  // configuration, board; empty: the same
  std::string configured;            // "pci:0000:03:00.0 mtu 9000"; empty: as the board file says
  std::string state;                 // in use, pending, not as configured
  std::string text;                  // of what is not in use: why, and what to do
};

// What the methods work on; outlives every session. Threads: the loop's.
struct Unit {
  std::string given_name;  // the board file's, or the host's
  commit::Committer& committer;
  Checks checks;
  MonoTime started;
  backup::Backups& backups;
  std::string scratch;         // a path that nobody else uses, for what is being restored
  std::uint64_t restored = 0;  // how often it has been used
  std::function<const alarms::Alarms&()> alarms = {};  // null: there are none
  // The newest events of those chosen, the newest first.
  std::function<Result<std::vector<events::Entry>>(std::size_t count, const events::Choice&)> log =
      [](std::size_t, const events::Choice&) { return std::vector<events::Entry>(); };
  events::Record record = events::write_to_journal;
  CandidateLock lock = {};
  Notifications notifications = {};
  Pair pair = {};
  std::function<std::vector<AddressReport>()> addresses = [] {
    return std::vector<AddressReport>();
  };
  std::function<std::vector<RouteReport>()> routes = [] { return std::vector<RouteReport>(); };
  std::function<std::vector<PortReport>()> ports = [] { return std::vector<PortReport>(); };
  // How the hardware stands, as rows (mgmt/README.md); none where nobody looks.
  std::function<nlohmann::json()> hardware = [] { return nlohmann::json::array(); };
  std::function<bool(std::string_view zone)> has_zone = [](std::string_view) { return true; };
  Later later = at_once;    // how what waits for the disk is done
  std::size_t waiting = 0;  // of that
  // Called before whoever waited is answered: what happened is in the log by then.
  std::function<void()> before_answer = [] {};

  // "lb-a": as configured, else as given.
  [[nodiscard]] std::string name() const;
};

}  // namespace yoke::rpc
