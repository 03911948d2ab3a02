// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <utility>

#include "dataplane/api/client.h"
#include "hal/base/clock.h"
#include "mgmt/commit/data_plane.h"

namespace yoke::commit {

// The data plane behind its socket. It does not reconnect by itself: whoever owns the event loop
// calls check() now and then, and connect(). Remembers what it brought the data plane to run, and
// sends no more than differs from that. Threads: owned by one.
class SocketDataPlane final : public DataPlane {
 public:
  explicit SocketDataPlane(std::filesystem::path socket) : socket_(std::move(socket)) {}

  // At once where nobody listens; otherwise within a fraction of a second.
  [[nodiscard]] Status connect();
  // Finds out whether it went away, at once; now and then also whether it hangs, which takes as
  // long as a short question does. Of one that is being staged to, staging finds out.
  bool check();

  [[nodiscard]] bool reachable() const override {
    return is_staging_ || (client_ && client_->fd() >= 0);
  }
  void wait_aside(const Aside& aside) override { aside_ = aside; }
  [[nodiscard]] Result<std::string> stage(const api::Configuration& configuration) override;
  [[nodiscard]] Result<api::Activation> activate(const std::string& digest) override;
  [[nodiscard]] Status set_server_state(
      const std::vector<api::ServerStateChange>& changes) override;
  [[nodiscard]] Result<api::ProcessStatus> status(const api::StatusWanted& wanted) override;
  [[nodiscard]] Result<api::Counters> counters(const api::CountersWanted& wanted) override;
  // Asked again and again, and so given a shorter time than anything else.
  [[nodiscard]] Result<api::Connections> connections(const api::ConnectionsWanted& wanted) override;
  [[nodiscard]] Result<api::Forecast> forecast(const api::Configuration& configuration) override;

 private:
  [[nodiscard]] Result<std::string> send(const api::Configuration& configuration);
  // The connection for answers that may be large and late, without harm to anything else, and for
  // what is asked while the other one is in use.
  [[nodiscard]] Result<api::Client*> counting(std::chrono::milliseconds deadline);
  template <typename Ask>
  auto asked_beside(std::chrono::milliseconds deadline, Ask ask)
      -> decltype(ask(std::declval<api::Client&>()));
  void forget();

  std::filesystem::path socket_;
  std::optional<api::Client> client_;
  Aside aside_ = in_place;
  bool is_staging_ = false;         // client_ and the two configurations are in use aside
  bool was_asked_in_vain_ = false;  // since staging began
  MonoTime pinged_;
  std::optional<api::Client> counting_;  // made when counters are first asked for
  // What the data plane runs, servers' states and all, and what it has staged; nothing where that
  // is not known for sure.
  std::optional<api::Configuration> running_, staged_;
};

}  // namespace yoke::commit
