// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/api/messages.h"
#include "dataplane/net/address.h"
#include "hal/base/clock.h"
#include "mgmt/model/config.h"

// What is known of each configured server, and what the data plane is told of it. Threads: a value,
// any.
namespace yoke::commit {

struct ServerId {
  std::string pool;
  net::Endpoint server;
  friend auto operator<=>(const ServerId&, const ServerId&) = default;
};

// What its checks make of a server; unknown until the first of them decides.
enum class Verdict : std::uint8_t { kUnknown, kUp, kDown };

struct ServerStatus {
  Verdict verdict = Verdict::kUnknown;
  bool checked = false;  // its pool has a check
  bool enabled = true;
  MonoTime since;                         // when `published` last changed
  bool passive = false;                   // its pool has passive checks
  bool timed = false;                     // its pool's scheduler goes by response times
  std::chrono::microseconds response{0};  // damped, of its checks; 0: not known
  friend bool operator==(const ServerStatus&, const ServerStatus&) = default;

  // A server that its pool does not check is up, unless passive checks hold it down. One that is
  // checked is used only once a check says so: a unit never sends a client to a server that it
  // knows nothing of.
  [[nodiscard]] api::ServerState published() const noexcept;
  // As the data plane is told it: nothing where it has no use for it.
  [[nodiscard]] std::uint32_t published_response_us() const noexcept;
};

// All that the data plane is told of a server.
[[nodiscard]] api::ServerStateChange told_of(const ServerId& id, const ServerStatus& status);

// Copies share the pools that do not differ between them: a commit of one row costs no look at
// sixteen thousand servers.
class ServerStates {
 public:
  using Pool = std::map<net::Endpoint, ServerStatus>;

  // These states carried over to `config`: servers that stay keep what is known of them, new ones
  // are unknown. A server already in use stays up when its pool gains a first check.
  [[nodiscard]] ServerStates following(const model::Config& config, MonoTime now) const;

  // Takes over from the data plane what it was told before we started, for servers we know nothing
  // of yet.
  void adopt(const std::vector<api::ServerStateChange>& running, MonoTime now);

  // A verdict of the checks. True if the data plane is to be told.
  bool report(const ServerId& id, Verdict verdict, MonoTime now);

  // How long it takes to answer. True if the data plane is to be told.
  bool report_response(const ServerId& id, std::chrono::microseconds response);

  // What the data plane runs and should not.
  [[nodiscard]] std::vector<api::ServerStateChange> differences(
      const std::vector<api::ServerStateChange>& running) const;

  [[nodiscard]] const ServerStatus* find(const ServerId& id) const;
  // Of a pool that there is not, none.
  [[nodiscard]] const Pool& pool(const std::string& name) const;
  // Calls `see(name, pool)` for every pool, by its name.
  template <typename See>
  void for_each_pool(See see) const {
    for (const auto& [name, pool] : pools_) see(name, std::as_const(*pool));
  }
  // Another one whenever anything but a response time is: of these states, and of those that follow
  // them.
  [[nodiscard]] std::uint64_t version() const noexcept { return version_; }

 private:
  void replace(const ServerId& id, const ServerStatus& status);

  model::Config config_;  // whose servers these are
  std::map<std::string, std::shared_ptr<Pool>> pools_;
  std::uint64_t version_ = 0;
};

}  // namespace yoke::commit
