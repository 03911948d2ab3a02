// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "hal/base/clock.h"
#include "mgmt/pair/daemon/report.h"
#include "mgmt/pair/daemon/settings.h"
#include "mgmt/pair/daemon/state_file.h"
#include "mgmt/pair/election.h"
#include "mgmt/pair/rules.h"
#include "mgmt/pair/wire/session.h"

// The election of every VIP group of this unit, between sealed frames and what they make it do. It
// knows no socket, file or clock: what it wants done goes to an Outlet, so tests run two of them
// against each other.
//
// Nothing allocates after construction. Threads: owned by one, the real-time thread.
namespace yoke::pair {

// Ways that a session's frames go, by number on the wire: the channels of heartbeats, then the
// VIPs' own VLANs.
inline constexpr std::uint8_t kVipWay = kChannels;

// What the engine makes happen. Nothing may wait in there. Groups by their index in the settings.
class Outlet {
 public:
  Outlet() = default;
  Outlet(const Outlet&) = delete;
  Outlet& operator=(const Outlet&) = delete;
  virtual ~Outlet() = default;

  // A sealed frame, by one of the ways above.
  virtual void send(std::uint8_t way, Bytes frame) = 0;
  virtual void set_lease(std::size_t group, const Lease& lease) = 0;
  // The lease is over, as set_lease() says, and the peer's next (SetLease::is_handed_over):
  // Engine::quiet() once nothing leaves under it any more. Not called: it is waited for.
  virtual void hand_over_lease(std::size_t group, const Lease& lease) = 0;
  // Ask on the VIPs' VLANs, as any host would, whether somebody has one.
  virtual void ask_for_vips(std::size_t group) = 0;
  virtual void announce(std::size_t group) = 0;
  virtual void withdraw(std::size_t group) = 0;
  virtual void reclaim(std::size_t group) = 0;
  // The group is about to be handed over: Engine::flushed() once the peer has its flows. Called off
  // by nothing: what comes too late is ignored.
  virtual void flush_flows() = 0;
  // To the disk; Engine::reserved() when it is there.
  virtual void reserve(std::size_t group, Epoch up_to) = 0;
  virtual void save_maintenance(std::size_t group, bool on) = 0;
  virtual void report(const Report& report) = 0;
  // The peer has said this about another key (wire/rotation_message.h); there until it returns.
  virtual void rotation_heard(Bytes body) = 0;
};

class Engine {
 public:
  struct Parts {
    Settings settings;
    Session::Start session;
    bool restarted = false;             // the process alone, not the machine
    std::vector<GroupMemory> recalled;  // of each group
  };
  // Other settings, as they are to be run with. Made where there is time to allocate.
  class Plan {
   public:
    Plan(const Settings& settings, Unit unit, std::vector<GroupMemory> recalled);
    [[nodiscard]] const Settings& settings() const noexcept { return settings_; }

   private:
    friend class Engine;
    struct GroupEngine {
      Setup setup;
      State state;
    };
    [[nodiscard]] std::optional<std::size_t> find(Group number) const noexcept;

    Settings settings_;
    std::vector<GroupMemory> recalled_;
    std::vector<GroupEngine> groups_;
  };

  // `outlet` outlives the engine.
  Engine(const Parts& parts, Outlet& outlet);

  void start(MonoTime now);
  // What came by `way`. True: it is the peer's, of now.
  bool hear(std::uint8_t way, Bytes frame, MonoTime now);
  // An unproven host has, or says that it has, this address.
  void hear_holder(const net::IpAddress& vip, MonoTime now);
  // VRRP adverts for a group of somebody who is not the peer; he would not yield to us.
  void hear_foreign(std::size_t group, bool outranks, MonoTime now);
  // Does nothing where all is as it was.
  void track(std::size_t group, const Tracking& tracking, MonoTime now);
  void reserved(std::size_t group, Epoch up_to, MonoTime now);
  // The peer has all flows that there were when flush_flows() was called last.
  void flushed(MonoTime now);
  // Nothing leaves any more under the lease of this epoch, handed over last.
  void quiet(std::size_t group, Epoch epoch, MonoTime now);
  // When the peer is told to begin without that; of a group that was handed over.
  [[nodiscard]] MonoTime go_anyway_at(std::size_t group) const;
  // Refusals are reported, with the ticket.
  void command(std::size_t group, const Command& command, std::uint32_t ticket, MonoTime now);
  // A change of settings, in two steps, between which the outlet takes up `next` as well: groups
  // that are not in it let go, by their indices of before; then those that are in both go on as
  // they are, under the new settings, and new ones start. `next` gets the old ones.
  void retire(const Plan& next, MonoTime now);
  void adopt(Plan& next, MonoTime now);
  // Other keys, as the session's ring can follow them (KeyRing::follow()).
  [[nodiscard]] bool use_keys(const Key& current, const std::optional<Key>& newer) {
    return session_.keys().follow(current, newer);
  }
  // About another key, to the peer by every channel: it is understood twice as once.
  void say_rotation(Bytes body);
  // After everything that waited was given. Again at wake_at().
  void tick(MonoTime now);
  [[nodiscard]] MonoTime wake_at() const noexcept;

  [[nodiscard]] const Settings& settings() const noexcept { return plan_.settings_; }
  [[nodiscard]] std::size_t groups() const noexcept { return plan_.groups_.size(); }
  [[nodiscard]] std::optional<std::size_t> find(Group number) const noexcept {
    return plan_.find(number);
  }
  [[nodiscard]] const State& state(std::size_t group) const noexcept {
    return plan_.groups_[group].state;
  }
  [[nodiscard]] const Session& session() const noexcept { return session_; }
  // Messages in authentic frames that made no sense, or were for a group that is not ours.
  [[nodiscard]] std::uint64_t misfits() const noexcept { return misfits_; }
  [[nodiscard]] Span heartbeat() const noexcept { return heartbeat_; }

 private:
  void step(std::size_t group, const Event& event, std::uint32_t ticket, MonoTime now);
  void carry_out(std::size_t group, const Action& action, std::uint32_t ticket);
  void send(const Message& message, Send::Where where);
  void say_hello(MonoTime now);
  void take(std::uint8_t way, Bytes body, MonoTime now);
  void hear_duplicate(std::uint8_t way, MonoTime now);
  void start_group(std::size_t group, bool restarted, MonoTime now);
  [[nodiscard]] Report report_of(std::size_t group, Report::Kind kind) const noexcept;
  [[nodiscard]] bool uses(std::uint8_t way) const noexcept;

  Plan plan_;
  Span heartbeat_;
  Outlet& outlet_;
  Session session_;
  Unit unit_;
  std::uint64_t boot_;
  bool restarted_;
  MonoTime next_hello_ = kLongAgo;
  std::uint64_t misfits_ = 0;
  std::array<std::uint8_t, kBodyMost> body_{};
  std::array<std::uint8_t, kBodyMost + kFrameOverhead> frame_{};
};

}  // namespace yoke::pair
