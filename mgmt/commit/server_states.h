// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
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
  MonoTime since;  // when `published` last changed
  friend bool operator==(const ServerStatus&, const ServerStatus&) = default;

  // A server that its pool does not check is up. One that is checked is used only once a check says
  // so: a unit never sends a client to a server that it knows nothing of.
  [[nodiscard]] api::ServerState published() const noexcept;
};

class ServerStates {
 public:
  // These states carried over to `config`: servers that stay keep what is known of them, new ones
  // are unknown. A server already in use stays up when its pool gains a first check.
  [[nodiscard]] ServerStates following(const model::Config& config, MonoTime now) const;

  // Takes over from the data plane what it was told before we started, for servers we know nothing
  // of yet.
  void adopt(const std::vector<api::ServerStateChange>& running, MonoTime now);

  // A verdict of the checks. True if the data plane is to be told.
  bool report(const ServerId& id, Verdict verdict, MonoTime now);

  // What the data plane runs and should not.
  [[nodiscard]] std::vector<api::ServerStateChange> differences(
      const std::vector<api::ServerStateChange>& running) const;

  [[nodiscard]] const ServerStatus* find(const ServerId& id) const;
  [[nodiscard]] const std::map<ServerId, ServerStatus>& all() const noexcept { return servers_; }
  // Another one whenever anything is: of these states, and of those that follow them.
  [[nodiscard]] std::uint64_t version() const noexcept { return version_; }

 private:
  std::map<ServerId, ServerStatus> servers_;
  std::uint64_t version_ = 0;
};

}  // namespace yoke::commit
