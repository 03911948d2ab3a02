// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "mgmt/commit/data_plane.h"
#include "mgmt/commit/errors.h"

namespace yoke::commit {

// A data plane in memory that does what dataplane/api/README.md says, until it is told to fail.
class FakeDataPlane final : public DataPlane {
 public:
  enum class Fails { kNothing, kUnreachable, kRefuses, kOtherDigest, kDies, kAnswersTooLate };

  [[nodiscard]] bool reachable() const override { return alive; }
  void wait_aside(const Aside& aside) override { aside_ = aside; }

  Result<std::string> stage(const api::Configuration& configuration) override {
    calls.emplace_back("stage");
    is_staging = true;
    aside_([&] {
      if (on_stage) on_stage();
    });
    is_staging = false;
    if (auto failed = failure(take(stage_fails)); !failed) {
      return tl::unexpected<Error>(failed.error());
    }
    staged = configuration;
    return last_ == Fails::kOtherDigest ? "feedfeedfeedfeed" : api::digest(configuration);
  }

  Result<api::Activation> activate(const std::string& digest) override {
    calls.emplace_back("activate");
    if (on_activate) on_activate();
    const Fails how = take(activate_fails);
    if (how == Fails::kAnswersTooLate) run_staged();
    if (auto failed = failure(how); !failed) return tl::unexpected<Error>(failed.error());
    if (!staged || api::digest(*staged) != digest) {
      return fail(Errc::kConflict, "E-321", "nothing with this digest is staged");
    }
    run_staged();
    return api::Activation{generation, how == Fails::kOtherDigest ? "feedfeedfeedfeed" : digest};
  }

  Status set_server_state(const std::vector<api::ServerStateChange>& changes) override {
    EXPECT_FALSE(is_staging);
    calls.emplace_back("set_server_state");
    batches.push_back(changes);
    if (auto failed = failure(take(states_fail)); !failed) return failed;
    for (const auto& change : changes) {
      api::Server* const server = find(change, running);
      api::Server* const next = find(change, staged);
      if (server == nullptr && next == nullptr) {
        return fail(Errc::kNotFound, "E-322", "no such server");
      }
      for (api::Server* const told : {server, next}) {
        if (told == nullptr) continue;
        told->state = change.state;
        told->response_us = change.response_us;
      }
    }
    ++generation;
    return {};
  }

  Result<api::ProcessStatus> status(const api::StatusWanted& /*wanted*/) override {
    calls.emplace_back("status");
    if (auto failed = failure(Fails::kNothing); !failed) {
      return tl::unexpected<Error>(failed.error());
    }
    api::ProcessStatus status;
    status.ports_ready = true;
    if (!running) return status;
    status.running = {running->revision, generation, api::digest(*running), {}, running->hash_key};
    for (const auto& pool : running->pools) {
      for (const auto& server : pool.servers) {
        status.running.servers.push_back(
            {pool.name, server.endpoint, server.state, server.response_us});
      }
    }
    return status;
  }

  Result<api::Counters> counters(const api::CountersWanted& /*wanted*/) override {
    if (auto failed = failure(Fails::kNothing); !failed) {
      return tl::unexpected<Error>(failed.error());
    }
    return traffic;
  }

  Result<api::Connections> connections(const api::ConnectionsWanted& /*wanted*/) override {
    if (auto failed = failure(Fails::kNothing); !failed) {
      return tl::unexpected<Error>(failed.error());
    }
    return told_connections;
  }

  Result<api::Forecast> forecast(const api::Configuration& configuration) override {
    if (auto failed = failure(Fails::kNothing); !failed) {
      return tl::unexpected<Error>(failed.error());
    }
    forecast_asked = configuration;
    return told_forecast;
  }

  // Killed and started again: it knows nothing.
  void restart() {
    alive = true;
    staged.reset();
    running.reset();
    generation = 0;
  }

  [[nodiscard]] std::optional<api::ServerState> state_of(const std::string& pool,
                                                         const std::string& endpoint) {
    const auto* server = find({pool, net::Endpoint::parse(endpoint).value(), {}}, running);
    return server == nullptr ? std::nullopt : std::optional(server->state);
  }

  bool alive = true;
  bool is_staging = false;
  std::function<void()> on_stage;
  std::function<void()> on_activate;
  std::deque<Fails> stage_fails, activate_fails, states_fail;  // one a call, then nothing
  std::optional<api::Configuration> staged, running;
  std::uint64_t generation = 0;
  int differences = 0;  // staged by what differs, of those who can
  api::Counters traffic;
  api::Connections told_connections;
  api::Forecast told_forecast;
  std::optional<api::Configuration> forecast_asked;
  std::vector<std::string> calls;
  std::vector<std::vector<api::ServerStateChange>> batches;

 private:
  static Fails take(std::deque<Fails>& plan) {
    if (plan.empty()) return Fails::kNothing;
    const Fails how = plan.front();
    plan.pop_front();
    return how;
  }

  Status failure(Fails how) {
    last_ = how;
    if (how == Fails::kDies) alive = false;
    if (!alive || how == Fails::kUnreachable) {
      return fail(Errc::kUnavailable, kNotReachable, "the data plane is not running");
    }
    if (how == Fails::kAnswersTooLate) {
      return fail(Errc::kTimeout, kNotReachable, "the data plane did not answer in time");
    }
    if (how == Fails::kRefuses) {
      return fail(Errc::kInvalid, "E-320", "pool web has more servers than a pool may have");
    }
    return {};
  }

  void run_staged() {
    running = std::exchange(staged, std::nullopt);
    ++generation;
  }

  static api::Server* find(const api::ServerStateChange& wanted,
                           std::optional<api::Configuration>& in) {
    if (!in) return nullptr;
    for (auto& pool : in->pools) {
      if (pool.name != wanted.pool) continue;
      for (auto& server : pool.servers) {
        if (server.endpoint == wanted.server) return &server;
      }
    }
    return nullptr;
  }

  Fails last_ = Fails::kNothing;
  Aside aside_ = in_place;
};

}  // namespace yoke::commit
