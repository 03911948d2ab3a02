// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "dataplane/api/lease_writer.h"
#include "hal/base/file_descriptor.h"
#include "mgmt/pair/daemon/announcer.h"
#include "mgmt/pair/daemon/disk.h"
#include "mgmt/pair/daemon/engine.h"
#include "mgmt/pair/daemon/ethernet_link.h"
#include "mgmt/pair/daemon/link_news.h"
#include "mgmt/pair/daemon/pulse_watch.h"
#include "mgmt/pair/daemon/seen_view.h"
#include "mgmt/pair/daemon/snapshot.h"
#include "mgmt/pair/daemon/tracked.h"
#include "mgmt/pair/wire/pair_keys.h"

namespace yoke::pair {

// The real-time thread: frames, orders and time into the engine, and what the engine wants done.
// It neither waits for a disk or another thread nor allocates, but for its start.
//
// What comes in is read before time is let pass (a Tick), up to a bound that garbage at line rate
// cannot move. Threads: made, asked and ended by one other, the control thread.
class Loop final : private Outlet {
 public:
  struct Parts {
    Engine::Parts engine;
    api::LeaseWriter* leases = nullptr;  // this thread's alone from the start on
    const SeenView* seen = nullptr;      // null: nobody says what has been seen of them
    std::filesystem::path state_path;
    Memory memory;  // of all groups, those too that are not in the settings now
    int reports_wake = -1;
    const api::PulsePage* pulses = nullptr;  // of the data plane; null: not to be had
  };
  struct Order {
    Group group = 0;
    Command command;
    std::uint32_t ticket = 0;  // not 0
  };

  struct TrackOrder {
    Group group = 0;
    TrackedGroup tracked;
  };
  // A message of a rotation, as it is on the wire.
  struct RotationNote {
    std::array<std::uint8_t, kRotationMessageMost> octets{};
    std::size_t size = 0;
  };
  // Other settings than it runs with, with all that takes time to make.
  struct Change {
    Change(Engine::Plan made, const Settings& before);

    Engine::Plan plan;
    Announcer announcer;
    std::array<std::optional<EthernetLink>, 2> links;  // where the interface is another
    std::optional<PacketSocket> anyone;                // likewise
    std::vector<PacketSocket> watched;
    std::vector<std::optional<std::uint8_t>> lines;  // room for them
  };

  explicit Loop(Parts parts);
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop() override;

  // Starts the thread. What cannot be had of real time is told in the text; empty: all of it.
  [[nodiscard]] std::string start();

  [[nodiscard]] bool order(const Order& order) noexcept;
  // Reported (kAdopted) once it is in force. False: one is under way already.
  [[nodiscard]] bool change(std::unique_ptr<Change>& change) noexcept;
  // What has been replaced, to be freed by who has the time.
  [[nodiscard]] std::unique_ptr<Change> take_replaced() noexcept;
  // The keys of the session from now on; in force before what is put by say_rotation() after it.
  void use_keys(const PairKeys& keys);
  // To the peer. False: too much is under way; it is said again anyway.
  [[nodiscard]] bool say_rotation(const RotationNote& note) noexcept;
  // What the peer has said, after a wake of `reports_wake`.
  [[nodiscard]] std::optional<RotationNote> take_rotation() noexcept { return heard_.take(); }
  // False: too much is under way.
  [[nodiscard]] bool track(const TrackOrder& order) noexcept;
  void set_data_plane(bool answers) noexcept;
  // Whether flow sync keeps the unit from being as good as the peer.
  void set_flows_whole(bool whole) noexcept;
  // Of a report kFlush: the peer has all flows.
  void flushed(std::uint32_t ticket) noexcept;
  // The data port's own addresses as on the wire: of IPv4, and the last 8 octets of the link-local
  // one of IPv6. 0: it has none.
  void set_sources(std::uint32_t ipv4, std::uint64_t link_local) noexcept {
    source_v4_ = ipv4;
    source_v6_ = link_local;
  }
  [[nodiscard]] std::optional<Report> take_report() noexcept { return reports_.take(); }
  // As of the last turn but a few.
  [[nodiscard]] Snapshot snapshot() const;
  // Rises with every turn; one that stands is a thread that hangs.
  [[nodiscard]] std::uint64_t rounds() const noexcept { return rounds_; }
  // False: somebody else has written on the lease page.
  [[nodiscard]] bool page_is_sound() const noexcept { return page_is_sound_; }
  // How often a worker of the data plane was found to hang.
  [[nodiscard]] std::uint64_t hangs() const noexcept { return hangs_; }
  [[nodiscard]] std::uint64_t lost_reports() const noexcept { return lost_reports_; }

 private:
  static constexpr std::size_t kLinks = 2;
  // Between two looks whether workers, who come round every few us, have seen the end of a lease;
  // a 16th of what was waited, once that is more.
  static constexpr std::chrono::microseconds kQuietEvery{50};
  // For how long frames for a group that was handed over go on coming here.
  static constexpr std::chrono::seconds kRedirect{1};

  void run();
  void turn();
  void read_frames();
  bool read_one(std::uint8_t way);
  void read_orders();
  void look_around(MonoTime now);
  void feel_pulse(MonoTime now) noexcept;
  void hear_anyone(MonoTime now) noexcept;
  void keep_links(MonoTime now);
  void hear_others();
  void look_for_quiet(MonoTime now);
  void adopt_change();
  void follow_keys();
  void give_lines(Change& change) noexcept;
  void grant(std::uint8_t line, const Lease& lease) noexcept;
  void publish(MonoTime now);
  void wait();
  void nap(bool slept) noexcept;

  void send(std::uint8_t way, Bytes frame) override;
  void set_lease(std::size_t group, const Lease& lease) override;
  void hand_over_lease(std::size_t group, const Lease& lease) override;
  void ask_for_vips(std::size_t group) override { announcer_.ask(group); }
  void announce(std::size_t group) override;
  void withdraw(std::size_t group) override { announcer_.stop(group); }
  void reclaim(std::size_t group) override;
  void flush_flows() override;
  void reserve(std::size_t group, Epoch up_to) override;
  void save_maintenance(std::size_t group, bool on) override;
  void report(const Report& report) override;
  void rotation_heard(Bytes body) override;
  [[nodiscard]] bool tell(const Report& report);

  Parts parts_;
  FileDescriptor wake_;
  std::array<EthernetLink, kLinks> links_;          // by channel
  PacketSocket anyone_;                             // on the data network
  MonoTime others_at_ = kLongAgo;                   // and not the peer
  std::vector<PacketSocket> watched_;               // whose links the data port's is
  std::vector<std::optional<std::uint8_t>> lines_;  // of the lease page, of each group
  LinkNews news_;
  // Of groups that were handed over, by their numbers: what all workers are to have seen. 0: asked
  // no more.
  std::array<std::uint64_t, 256> unseen_{};
  MonoTime quiet_at_ = MonoTime::max();  // it is looked for; max: of none
  Announcer announcer_;
  Disk disk_;
  Engine engine_;
  Ring<Order, 64> orders_;
  Ring<TrackOrder, 256> track_orders_;
  std::array<TrackedGroup, 256> tracked_{};  // by the groups' numbers
  Ring<Report, 1024> reports_;
  Ring<RotationNote, 16> to_say_, heard_;
  std::mutex keying_;
  PairKeys keys_;  // by `keying_`
  std::atomic<bool> other_keys_{false};
  MonoTime heard_at_ = kLongAgo;
  std::atomic<std::uint32_t> flushed_{0};
  std::uint32_t flush_ = 0;  // the ticket of the last; 0: none is under way
  std::uint32_t flushes_ = 0;
  std::atomic<bool> flows_whole_{true};
  std::atomic<bool> data_plane_{false}, stopping_{false}, page_is_sound_{true};
  std::atomic<std::uint32_t> source_v4_{0};
  std::atomic<std::uint64_t> source_v6_{0};
  std::atomic<Change*> change_{nullptr}, replaced_{nullptr};
  PulseWatch pulse_;
  bool data_plane_hangs_ = false;
  bool adopted_ = false;  // and not reported yet
  std::atomic<std::uint64_t> rounds_{0}, lost_reports_{0}, hangs_{0};
  MonoTime look_at_{};
  MonoTime due_{};
  MonoTime slept_at_{};
  Span latest_{};
  mutable std::mutex publishing_;
  Snapshot published_;
  std::thread thread_;
};

}  // namespace yoke::pair
