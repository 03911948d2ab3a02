// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <map>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "mgmt/replication/replicator.h"
#include "mgmt/replication/rules.h"
#include "tests/sim/random.h"

// Two units that replicate their configuration, what lies between them, users who commit, and who
// is elected to write: one run of one seed.
namespace yoke::sim {

using Time = std::chrono::nanoseconds;  // true time, since the run began

// What around the replication may be broken on purpose.
struct ConfigQuirks {
  bool sync_skipped = false;     // the store says "on the disk", and a power cut takes it
  bool told_too_early = false;   // it says so before it is
  bool marks_forgotten = false;  // the store forgets at a start what is tentative
};

struct ConfigViolation {
  std::string invariant;
  std::string text;
  Time at{};
};

// A revision that somebody has made, anywhere.
struct Node {
  replication::Position position;
  replication::Hash parent{};
  std::uint64_t wish = 0;  // of a user
  std::optional<replication::Outcome> told;
};

// What survives a power cut.
struct ConfigDisk {
  std::vector<replication::Position> chain;
  std::optional<replication::Tentative> tentative;
  std::vector<std::vector<replication::Position>> branches;

  [[nodiscard]] replication::Position tip() const {
    return chain.empty() ? replication::Position() : chain.back();
  }
};

struct ConfigUnit {
  unsigned index = 0;
  bool running = false;
  std::uint64_t life = 0;
  replication::Setup setup;
  replication::State state;
  ConfigDisk disk;
  std::optional<ConfigDisk> told;  // what the process was told is on the disk, and is not
  bool writer = false;             // as elected
  replication::Epoch epoch = 0;
  int disk_slow = 0;
  int disk_failing = 0;
  Time wake{};
  std::uint64_t numbers = 0;
  std::map<std::uint64_t, replication::Hash> commits;  // under way, by number
  std::map<std::uint64_t, std::uint64_t> wishes;       // carried for users, by number
  std::map<std::uint64_t, std::pair<std::uint64_t, std::uint64_t>> for_peer;  // boot, number
};

class ConfigWorld {
 public:
  ConfigWorld(std::uint64_t seed, const replication::Rules& rules, const ConfigQuirks& quirks,
              std::FILE* trace);
  std::optional<ConfigViolation> run();
  [[nodiscard]] std::uint64_t commits() const noexcept { return commits_; }
  [[nodiscard]] std::uint64_t replicated() const noexcept { return replicated_.size(); }
  [[nodiscard]] std::uint64_t branches() const noexcept { return branches_; }
  [[nodiscard]] std::uint64_t carried() const noexcept { return carried_; }

 private:
  enum class What : std::uint8_t {
    kWake,
    kDeliver,
    kPersisted,
    kFound,
    kUser,
    kElect,
    kElected,
    kTrouble,
    kTroubleEnds,
    kBoot
  };
  struct Moment {
    Time at{};
    std::uint64_t order = 0;
    What what = What::kWake;
    unsigned unit = 0;
    std::uint64_t life = 0;
    std::uint64_t detail = 0;
    std::string bytes;
  };
  struct Later {
    bool operator()(const Moment& a, const Moment& b) const noexcept {
      return a.at != b.at ? a.at > b.at : a.order > b.order;
    }
  };

  // config_world.cpp
  void push(Time at, What what, unsigned unit, std::uint64_t detail = 0, std::string bytes = {});
  void handle(const Moment& moment);
  void step(ConfigUnit& unit, const replication::Event& event);
  void act(ConfigUnit& unit, const replication::Action& action);
  void send(ConfigUnit& unit, const replication::Letter& letter);
  void answered(ConfigUnit& unit, const replication::Answer& answer);
  void carried(ConfigUnit& unit, const replication::CarryAnswer& answer);
  void wish(ConfigUnit& unit);
  void commit(ConfigUnit& unit, std::uint64_t number, std::uint64_t wish);
  void elect();
  void boot(ConfigUnit& unit);
  void begin_trouble();
  void end_trouble(std::uint64_t kind, unsigned unit);
  [[nodiscard]] Time soon(std::int64_t low_us, std::int64_t high_us) {
    return now_ + std::chrono::microseconds(random_.between(low_us, high_us));
  }
  [[nodiscard]] ConfigUnit& peer(const ConfigUnit& unit) { return units_[1 - unit.index]; }

  // config_disk.cpp
  void persist(ConfigUnit& unit, const replication::Task& task);
  void persisted(ConfigUnit& unit);
  void write(ConfigUnit& unit, ConfigDisk& disk, const replication::Task& task);
  void append(ConfigUnit& unit, ConfigDisk& disk, const replication::Position& position,
              const replication::Position& parent);
  void power_off(ConfigUnit& unit);
  [[nodiscard]] std::string supply(const ConfigUnit& unit, const replication::Position& from,
                                   bool whole);

  // config_invariants.cpp
  void violate(const char* invariant, std::string text);
  [[nodiscard]] bool descends(const replication::Hash& from, const replication::Hash& from_or_to);
  [[nodiscard]] bool holds(const ConfigUnit& unit, const replication::Hash& hash);
  void check_disk(const ConfigUnit& unit, bool all);
  void check_answer(ConfigUnit& unit, const Node& node, const replication::Answer& answer);
  void check_adopted(const ConfigUnit& unit, const ConfigDisk& before, const ConfigDisk& after);
  void check_end();

  void say(const ConfigUnit* unit, const std::string& text);

  Random random_;
  ConfigQuirks quirks_;
  std::FILE* trace_;
  std::array<ConfigUnit, 2> units_;
  std::array<std::optional<replication::Task>, 2> tasks_;
  Time now_{};
  std::uint64_t order_ = 0;
  std::priority_queue<Moment, std::vector<Moment>, Later> queue_;
  std::array<int, 2> cut_{};  // from
  double loss_ = 0;
  int slow_ = 0;
  replication::Epoch epochs_ = 0;
  std::uint64_t wishes_ = 0;
  std::uint64_t commits_ = 0;
  std::uint64_t branches_ = 0;
  std::uint64_t carried_ = 0;  // commits whose users at the standby were told what the writer said
  std::map<replication::Hash, Node> nodes_;
  std::map<std::uint64_t, replication::Hash> by_wish_;
  std::set<std::uint64_t> refused_wishes_;
  std::vector<replication::Hash> replicated_;
  bool calm_ = false;
  std::optional<ConfigViolation> violation_;
};

}  // namespace yoke::sim
