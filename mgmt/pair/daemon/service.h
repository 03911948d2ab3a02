// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/api/lease_writer.h"
#include "hal/base/file_descriptor.h"
#include "hal/base/result.h"
#include "hal/linux/event.h"
#include "hal/linux/line_server.h"
#include "hal/linux/shared_page.h"
#include "mgmt/pair/daemon/data_plane_watch.h"
#include "mgmt/pair/daemon/feeder.h"
#include "mgmt/pair/daemon/flow_relay.h"
#include "mgmt/pair/daemon/flow_watch.h"
#include "mgmt/pair/daemon/history.h"
#include "mgmt/pair/daemon/key_file.h"
#include "mgmt/pair/daemon/loop.h"
#include "mgmt/pair/daemon/pairing_desk.h"
#include "mgmt/pair/daemon/rotation_desk.h"
#include "mgmt/pair/daemon/settings.h"
#include "mgmt/pair/wire/hash_key.h"
#include "mgmt/pair/wire/refusal_watch.h"

namespace yoke::pair {

// The control thread of yoke-pair: files, journal, systemd's watchdog, and what the socket is
// asked. It starts the real-time thread once there are settings and a key, and never makes it wait.
// Threads: the loop's.
class Service {
 public:
  struct Paths {
    std::filesystem::path settings, key, state, lease, lease_seen, pulse, socket, data_plane, flows;
    static Paths below(const std::filesystem::path& root);
  };
  using Answered = std::function<void(const Result<nlohmann::json>&)>;

  // E-720 to E-724, E-606.
  [[nodiscard]] static Result<std::unique_ptr<Service>> start(sd_event* loop, Paths paths);

  [[nodiscard]] nlohmann::json status() const;
  // A key derived from the pair's, for letters about configurations (mgmt/peer). E-721, E-726.
  [[nodiscard]] Result<nlohmann::json> configuration_key() const;
  [[nodiscard]] nlohmann::json history() const { return history_.to_json(); }
  // Stored, then in force, where the unit has a key. `answered` is called once; E-720 to E-724,
  // E-729.
  void configure(const nlohmann::json& document, Answered answered);
  // What the data planes of both units are keyed by. E-726.
  [[nodiscard]] Result<nlohmann::json> hash_key() const;
  // What is tracked, all of it. E-720, E-726, E-729.
  [[nodiscard]] Result<nlohmann::json> track(const nlohmann::json& params);
  // Of one group by its name, or of all. `answered` is called once; E-726 to E-729.
  void command(const std::optional<std::string>& group, const Command& command, Answered answered);
  // Two units that are to be paired (pairing_desk.h).
  [[nodiscard]] PairingDesk& pairing() noexcept { return pairing_; }
  // `pairing` of the socket.
  [[nodiscard]] nlohmann::json pairing_status() const;
  // Begins to agree on another key with the peer; what becomes of it is in pairing_status(). E-748
  // to E-750.
  [[nodiscard]] Status rotate();
  // Lets go of all groups and removes the key; `answered` is called once. E-722, E-726, E-729,
  // E-745.
  void forget(bool force, Answered answered);
  // Lets go of all groups; then the loop is asked to end.
  void shut_down();

 private:
  // What has been ordered of some groups and is not answered for all of them yet.
  struct Pending {
    std::size_t left = 0, obeyed = 0;
    std::optional<Reason> refused;
    Answered answered;
  };

  struct PendingChange {
    Settings settings;
    Answered answered;
  };

  Service(sd_event* loop, Paths paths);
  [[nodiscard]] Status listen();
  [[nodiscard]] Status set_going(Settings settings, const UnitKey& key);
  [[nodiscard]] Result<Loop::Parts> make_parts(const UnitKey& key);
  void use_key(const UnitKey& key);
  void on_reports();
  void on_report(const Report& report);
  void flush_flows(std::uint32_t ticket);
  void on_flows(const std::optional<FlowStanding>& standing);
  void on_adopted();
  [[nodiscard]] Result<bool> begin_change(const Settings& settings);
  void watch_machine();
  [[nodiscard]] bool pass_on_tracked();
  void on_answer(const Report& report);
  void on_seen();
  void end();
  void look_around();
  void remember_names();
  void follow_pulses();
  void tell_of_hangs();
  void watch_refusals();
  [[nodiscard]] Status keep_key(const UnitKey& key);
  void take_up_key();
  [[nodiscard]] RotationDesk::Ways rotation_ways();
  void follow_keys(const PairKeys& keys);
  void say_rotation(Bytes body);
  void hear_rotation();
  void stop_pair(std::function<void()> then);
  void finish_stopping();

  sd_event* event_;
  Paths paths_;
  FileDescriptor reports_;
  std::optional<Settings> settings_;
  std::optional<Unit> unit_;
  std::optional<HashKey> hash_key_;
  std::unique_ptr<hal::SharedPage> page_;
  std::unique_ptr<api::LeaseWriter> leases_;
  std::unique_ptr<hal::SharedPageView> pulses_;  // null: no memory
  std::unique_ptr<SeenView> leases_seen_;
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<FlowRelay> relay_;
  std::unique_ptr<FlowWatch> flow_watch_;
  std::optional<FlowStanding> flows_;  // as last seen
  std::unique_ptr<DataPlaneWatch> data_plane_;
  PairingDesk pairing_;
  RotationDesk rotation_;
  std::function<void()> when_stopped_;  // stop_pair() is under way
  std::unique_ptr<hal::LineServer> server_;
  Feeder feeder_;
  TrackedItems tracked_;
  hal::IoSource reported_;
  hal::Timer seen_, look_, end_, stop_;
  std::uint64_t hangs_ = 0;
  RefusalWatch foul_frames_, foul_flows_;
  bool is_bothered_ = false;
  History history_;
  std::uint32_t last_ticket_ = 0;
  std::map<std::uint32_t, Pending> pending_;
  std::optional<PendingChange> pending_change_;
  std::map<Group, std::string> names_;  // of groups, also of those that were taken away
};

}  // namespace yoke::pair
