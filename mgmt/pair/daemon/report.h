// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "hal/base/clock.h"
#include "mgmt/pair/messages.h"
#include "mgmt/pair/reason.h"

// What the real-time thread tells the one that talks: plain values that pass through a ring.
// Threads: values, any.
namespace yoke::pair {

struct Report {
  enum class Kind : std::uint8_t {
    kTransition,  // from, to, reason, epoch
    kAlarm,       // alarm, on
    kRefused,     // a command: ticket, reason
    kObeyed,      // a command: ticket
    kOverflow,    // actions of a step were left out: never, where the election is what it says
    kAdopted,     // settings: they are in force
    kFlush,       // Loop::flushed() with this ticket once the peer has all flows
  };
  Kind kind = Kind::kTransition;
  Group group = 0;  // its number
  Role from = Role::kInit, to = Role::kInit;
  Reason reason = Reason::kNone;
  Epoch epoch = 0;
  Alarm alarm = Alarm::kJeopardy;
  bool on = false;
  std::uint32_t ticket = 0;
};

}  // namespace yoke::pair
