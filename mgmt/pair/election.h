// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>

#include "hal/base/clock.h"
#include "mgmt/pair/messages.h"
#include "mgmt/pair/reason.h"
#include "mgmt/pair/state.h"
#include "mgmt/pair/timers.h"

// Which of two units answers for one VIP group: a pure function of what happened and when.
//
// Election decides who; the lease decides whether: a unit claims only while its lease, which the
// data plane looks at for every burst, has not lapsed. Rules are in rules.h, the protocol in
// README.md.
//
// What the caller owes: `now` never goes back; messages that wait are given before a Tick; a Tick
// comes at wake_at(); actions are carried out in order and before the next step; a frame's seal and
// replay window have been checked (mgmt/pair/wire). No I/O, no clock, no allocation here.
// Threads: a State is owned by one.
namespace yoke::pair {

struct Rules;  // rules.h

enum class Policy : std::uint8_t {
  kAvailability,  // a network cut in two has an active unit in each half
  kStrict,        // alone, a unit claims only with a witness: never two, sometimes none
};

struct Config {
  Unit unit = Unit::kA;
  Group group = 1;
  std::uint8_t priority = 100;
  bool preempt = false;
  Policy policy = Policy::kAvailability;
  bool last_man = false;  // in maintenance, it claims all the same where the peer is dead
  std::array<bool, kChannels> channels{true, true, false};  // in use
};

struct Setup {
  Config config;
  Timers timers;
  const Rules* rules = nullptr;  // &kRules (rules.h)
};

// ---- what happens ------------------------------------------------------------------------------

struct Start {
  std::uint64_t boot = 0;    // drawn anew, not 0
  bool restarted = false;    // the process alone, not the machine
  Epoch reserved = 0;        // found on disk
  bool maintenance = false;  // found on disk
};
struct Tick {};
struct Heard {
  Sender from;
  std::optional<Channel> channel;  // none: on a VIP's VLAN (Probe, ProbeReply)
  Message message;
};
struct Tracked {
  Tracking tracking;
};
struct EpochReserved {  // it is on disk, synced
  Epoch up_to = 0;
};
// VRRP adverts or ARP answers of somebody who is not the peer, or not proven to be.
struct ForeignSeen {
  bool outranks = false;  // by VRRP's own rules: it would not yield to us
};
struct Flushed {  // no flow is created any more; all are with the peer up to here
  std::uint64_t flow_seq = 0;
};
struct Quiet {  // nothing more leaves the data plane under the lease of this epoch, taken back last
  Epoch epoch = 0;
};
struct Reconfigured {   // the Setup is another than at the step before, of the same unit and group
  bool timers = false;  // these too
};
struct Command {
  enum class What : std::uint8_t { kFailover, kMaintenance, kResume, kShutdown, kRemove };
  What what = What::kFailover;
  bool force = false;  // maintenance even where nobody can take over
};

using Event = std::variant<Start, Tick, Heard, Tracked, EpochReserved, ForeignSeen, Flushed, Quiet,
                           Reconfigured, Command>;

// ---- what is to be done ------------------------------------------------------------------------

struct SetLease {  // write it to the lease page
  Lease lease;
  // It is taken back for the peer, who has the group next: what the data plane has decided under it
  // may leave for half as long as Quiet is waited for, what comes for the VIPs is sent on to the
  // peer, and Quiet is told.
  bool is_handed_over = false;
};
struct Send {
  enum class Where : std::uint8_t { kPeer, kVips };  // every channel in use; the VIPs' VLANs
  Where where = Where::kPeer;
  Message message;
};
struct ReserveEpoch {  // write and sync, then EpochReserved; never waited for by a takeover
  Epoch up_to = 0;
};
struct Announce {  // virtual MAC frame, gratuitous ARP, unsolicited NA, adverts
  Epoch epoch = 0;
};
struct Withdraw {  // stop all of that
  Epoch epoch = 0;
};
struct Reclaim {};  // switches may have learnt another's frames: the virtual MAC frame again
struct Transition {
  Role from = Role::kInit;
  Role to = Role::kInit;
  Reason reason = Reason::kNone;
  Epoch epoch = 0;  // highest seen
};
struct AlarmChange {
  Alarm alarm = Alarm::kJeopardy;
  bool on = false;
};
struct SaveMaintenance {
  bool on = false;
};
struct Flows {
  enum class What : std::uint8_t {
    kFreeze,  // create no more, flush what there is to the peer, then Flushed
    kThaw,    // go on as before
  };
  What what = What::kFreeze;
};
struct Refused {  // a Command
  Reason reason = Reason::kNone;
};

using Action = std::variant<std::monostate, SetLease, Send, ReserveEpoch, Announce, Withdraw,
                            Reclaim, Transition, AlarmChange, SaveMaintenance, Flows, Refused>;

// What one step asks for, in order. Bounded: no step asks for more than a few (the simulation holds
// it to that); what would not fit is left out and shows in `lost`.
class Actions {
 public:
  static constexpr std::size_t kMost = 24;

  void add(const Action& action) noexcept {
    if (count_ < kMost) {
      actions_[count_++] = action;
    } else {
      ++lost_;
    }
  }
  [[nodiscard]] const Action* begin() const noexcept { return actions_.data(); }
  [[nodiscard]] const Action* end() const noexcept { return actions_.data() + count_; }
  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  [[nodiscard]] std::size_t lost() const noexcept { return lost_; }

 private:
  std::array<Action, kMost> actions_;
  std::size_t count_ = 0;
  std::size_t lost_ = 0;
};

// ---- the function ------------------------------------------------------------------------------

[[nodiscard]] Actions step(const Setup& setup, State& state, const Event& event, MonoTime now);

// When the next Tick is due if nothing else happens before. May be past: then at once.
[[nodiscard]] MonoTime wake_at(const Setup& setup, const State& state) noexcept;

}  // namespace yoke::pair
