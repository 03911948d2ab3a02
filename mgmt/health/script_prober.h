// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "hal/linux/program.h"
#include "mgmt/health/event_source.h"
#include "mgmt/health/loop_lag.h"
#include "mgmt/health/probe.h"

namespace yoke::health {

class ScriptProbe;

// Checks by programs of the unit's own, each run within the walls of yoke-sandbox: without rights,
// without writing, without seeing what is the unit's. Few run at once; the others wait for their
// turn, in their order, and only then their timeout begins. What was started is killed with its
// probe, and with this process. Threads: the loop's own.
class ScriptProber {
 public:
  static constexpr std::size_t kAtOnce = 8;

  struct Place {
    std::string programs = "/etc/yoke/checks";  // the folder that they lie in, root's alone
    // What they do not see, besides.
    std::vector<std::string> hidden_folders = {"/etc/yoke", "/run/yoke", "/var/lib/yoke"};
  };

  // `lag` outlives this.
  ScriptProber(sd_event* loop, const LoopLag& lag, Place place);

  // As Prober::start(), but for the time that the probe waits for its turn.
  [[nodiscard]] std::unique_ptr<Probe> start(const net::Endpoint& server, const Check& check,
                                             ProbeDone done);

 private:
  friend class ScriptProbe;

  using Queue = std::list<ScriptProbe*>;
  void go_on();
  static int on_turn(sd_event_source* source, std::uint64_t us, void* self);

  sd_event* loop_;
  const LoopLag& lag_;
  Place place_;
  hal::Account account_;
  Queue waiting_;
  std::size_t running_ = 0;
  bool is_armed_ = false;
  EventSource next_;  // made at the start: to arm it again takes no memory
};

}  // namespace yoke::health
