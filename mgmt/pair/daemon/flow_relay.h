// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <mutex>
#include <string>
#include <thread>

#include "hal/base/file_descriptor.h"
#include "mgmt/pair/daemon/flow_pump.h"
#include "mgmt/pair/daemon/packet_socket.h"
#include "mgmt/pair/wire/pair_keys.h"
#include "mgmt/pair/wire/session.h"

namespace yoke::pair {

// How flow sync's frames are carried, as of kLook ago at most.
struct RelaySnapshot {
  MonoTime at{};  // pair_now()
  bool has_link = false;
  bool has_data_plane = false;  // it is connected to it
  bool has_peer = false;        // a living relay of it has proven itself
  MonoTime heard_at{};
  std::uint64_t taken = 0;  // frames of the peer
  FlowPump::Counts counts;
  Refusals refusals;
};

// The thread that carries flow sync's frames between this unit's data plane and the peer's
// (dataplane/sync, "Who carries the frames"), over the dedicated link. Of ordinary priority: the
// heartbeats' thread goes first, and knows nothing of it. Data plane, interface and peer may come
// and go. Another pair or interface takes another relay: data planes lose nothing by that but time.
// Threads: made, asked and ended by one other.
class FlowRelay {
 public:
  static constexpr std::chrono::milliseconds kLook{50};

  struct Parts {
    Session::Start session;  // of Stream::kFlows, with a boot and a seed of its own
    std::string interface;
    std::filesystem::path data_plane;  // flows.sock
  };
  explicit FlowRelay(Parts parts);
  FlowRelay(const FlowRelay&) = delete;
  FlowRelay& operator=(const FlowRelay&) = delete;
  ~FlowRelay();

  [[nodiscard]] RelaySnapshot snapshot() const;
  // While keys are replaced, within kLook: no frame is lost by it.
  void use_keys(const PairKeys& keys);

 private:
  void run(const std::stop_token& stop) noexcept;
  void look(MonoTime now) noexcept;
  [[nodiscard]] bool carry(MonoTime now) noexcept;
  void sleep(MonoTime now) noexcept;
  void connect() noexcept;
  void follow_keys() noexcept;
  void publish(MonoTime now) noexcept;

  std::string path_;
  PacketSocket wire_;
  FileDescriptor data_plane_, wake_;
  FlowPump pump_;
  MonoTime look_at_{};
  mutable std::mutex publishing_;
  std::optional<PairKeys> keys_;  // other ones, not taken up yet; by `publishing_`
  RelaySnapshot published_;
  std::jthread thread_;
};

}  // namespace yoke::pair
