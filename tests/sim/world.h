// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdio>
#include <deque>
#include <optional>
#include <queue>
#include <vector>

#include "tests/sim/box.h"
#include "tests/sim/invariants.h"
#include "tests/sim/random.h"
#include "tests/sim/schedule.h"

// Two units, what lies between them, and time: one run of one seed. Everything is drawn from the
// seed, so a run can be had again, exactly.
namespace yoke::sim {

// What around the election may be broken on purpose (mutants.h).
struct Quirks {
  bool lease_unchecked = false;    // the data plane claims until it is told to stop
  bool disk_lies = false;          // says "synced" and is not
  bool probes_unanswered = false;  // by the data plane
  bool resign_first = false;       // says that it has let go before it has
  bool quiet_too_early = false;    // the data plane says that it has let go before it has
  bool epochs_forgotten = false;   // the disk is not read at start
  bool disk_slow = false;          // nothing is on disk before long
};

class World {
 public:
  World(std::uint64_t seed, const pair::Rules& rules, const Quirks& quirks,
        void (*adjust)(Schedule&), std::FILE* trace);

  std::optional<Violation> run();
  [[nodiscard]] const Measures& measures() const noexcept { return invariants_.measures(); }
  [[nodiscard]] const Schedule& schedule() const noexcept { return schedule_; }

 private:
  enum class What : std::uint8_t {
    kBoot,
    kWake,
    kDeliver,
    kDiskDone,
    kFlushed,
    kQuiet,
    kTroubleBegins,
    kTroubleEnds,
    kToggle,
    kNotice,
    kForeign,
    kSwitch,
    kHeal
  };
  struct Event {
    Time at{};
    std::uint64_t order = 0;
    What what = What::kWake;
    unsigned unit = 0;
    std::uint64_t life = 0;
    std::uint32_t index = 0;  // of a frame or a trouble
  };
  struct Later {
    bool operator()(const Event& a, const Event& b) const noexcept {
      return a.at != b.at ? a.at > b.at : a.order > b.order;
    }
  };

  // world.cpp
  void push(Time at, What what, unsigned unit, std::uint64_t life = 0, std::uint32_t index = 0);
  void handle(const Event& event);
  void advance(Time to);
  [[nodiscard]] bool is_over();
  void wake(Box& box);
  void step(Box& box, const pair::Event& event);
  void act(Box& box, const pair::Action& action);
  void plan_wake(Box& box);
  void refresh(Box& box);
  void resume(Box& box);
  void start(Box& box, bool restarted);
  void set_page(Box& box, const pair::Lease& lease);
  void hand_over(Box& box);
  [[nodiscard]] bool claims(const Box& box) const;
  [[nodiscard]] Time lease_ends(const Box& box) const;
  [[nodiscard]] Time last_burst(const Box& box) const;
  [[nodiscard]] Box& peer(const Box& box) { return boxes_[1 - box.index]; }

  // network.cpp
  void send(Box& from, const pair::Send& send);
  void carry(Box& from, int path, const pair::Message& message);
  void deliver(Box& to, const Frame& frame);
  void answer_probe(Box& to, const Frame& frame);
  void give(Box& to, const Frame& frame);
  [[nodiscard]] bool is_open(int path, unsigned from) const;
  [[nodiscard]] bool hear_each_other() const;
  std::uint32_t keep(const Frame& frame);

  // troubles.cpp
  void begin(std::uint32_t index);
  void end(std::uint32_t index);
  void toggle(std::uint32_t index);
  void cut(const Trouble& trouble, int by);
  void power_off(Box& box);
  void light_up(std::uint32_t index);
  void strike(const Box& box);
  void add(const Trouble& trouble);
  void notice(Box& box);

  void say(const Box* box, const char* format, ...) __attribute__((format(printf, 3, 4)));

  Random random_;
  Random handing_random_;  // of its own, so that all else is as it was without it
  Schedule schedule_;
  Quirks quirks_;
  Invariants invariants_;
  std::FILE* trace_;
  std::array<Box, 2> boxes_;
  Time now_{};
  std::uint64_t order_ = 0;
  std::priority_queue<Event, std::vector<Event>, Later> queue_;
  std::vector<Frame> frames_;
  std::vector<std::uint32_t> free_;
  std::array<std::array<int, 2>, 3> cuts_{};  // path, from
  double loss_ = 0;
  Time clog_{};
  int replaying_ = 0;
  bool overhears_ = false;                            // someone does, who will replay it
  std::deque<std::pair<unsigned, Frame>> overheard_;  // to whom, what
  Time fine_since_{-1};
};

}  // namespace yoke::sim
