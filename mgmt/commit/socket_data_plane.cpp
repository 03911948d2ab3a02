// SPDX-License-Identifier: Apache-2.0
#include "mgmt/commit/socket_data_plane.h"

#include <chrono>
#include <string_view>
#include <utility>

#include "dataplane/api/difference.h"
#include "dataplane/api/errors.h"
#include "mgmt/commit/errors.h"

namespace yoke::commit {
namespace {

using namespace std::chrono_literals;

// A whole configuration is built while we wait; everything else is a lookup.
constexpr auto kStageDeadline = 10s;
constexpr auto kActivateDeadline = 3s;
constexpr auto kStatesDeadline = 10s;  // tables of as many pools as have changed are built
constexpr auto kQuestionDeadline = 500ms;
constexpr auto kConnectionsDeadline = 200ms;
constexpr auto kForecastDeadline = 1s;
constexpr auto kPingInterval = 2s;

// The data plane's own refusals pass as they are; what kept us from reaching it gets one name.
template <typename T>
Result<T> named(Result<T> answer) {
  if (answer) return answer;
  const Error& error = answer.error();
  if (error.kind != Errc::kUnavailable && error.kind != Errc::kTimeout) return answer;
  return fail(error.kind, kNotReachable, error.text);
}

auto not_connected() {
  return fail(Errc::kUnavailable, kNotReachable, "the data plane is not running");
}

}  // namespace

Status SocketDataPlane::connect() {
  client_.reset();
  counting_.reset();
  forget();
  auto client = api::Client::connect(socket_, kQuestionDeadline);
  if (!client) return fail(client.error().kind, kNotReachable, client.error().text);
  client_.emplace(std::move(*client));
  return {};
}

bool SocketDataPlane::check() {
  if (is_staging_) return true;
  if (client_ && !client_->connected()) client_.reset();
  const MonoTime now = MonoClock::now();
  if (reachable() && now - pinged_ >= kPingInterval) {
    (void)client_->ping(kQuestionDeadline);  // closes what does not answer
    pinged_ = now;
  }
  return reachable();
}

void SocketDataPlane::forget() {
  running_.reset();
  staged_.reset();
}

Result<std::string> SocketDataPlane::stage(const api::Configuration& configuration) {
  if (!reachable()) return not_connected();
  staged_.reset();
  Result<std::string> digest;
  is_staging_ = true;
  was_asked_in_vain_ = false;
  aside_([&] {
    digest = named(send(configuration));
    if (digest) staged_ = configuration;
  });
  is_staging_ = false;
  return digest;
}

Result<std::string> SocketDataPlane::send(const api::Configuration& configuration) {
  if (running_ && running_->hash_key == configuration.hash_key) {
    auto digest = client_->stage(api::difference(*running_, configuration), kStageDeadline);
    const bool knows_better = !digest && (digest.error().id == api::kOtherBase ||
                                          digest.error().id == api::kUnknownMethod);
    if (!knows_better) return digest;
    forget();
  }
  return client_->stage(configuration, kStageDeadline);
}

Result<api::Activation> SocketDataPlane::activate(const std::string& digest) {
  if (!reachable()) return not_connected();
  auto activation = named(client_->activate(digest, kActivateDeadline));
  if (activation && staged_) {
    running_ = std::exchange(staged_, std::nullopt);
  } else {
    forget();
  }
  return activation;
}

Status SocketDataPlane::set_server_state(const std::vector<api::ServerStateChange>& changes) {
  if (is_staging_ || !reachable()) return not_connected();
  const auto answer = named(client_->set_server_state(changes, kStatesDeadline));
  if (!answer) {
    forget();
    return tl::unexpected<Error>(answer.error());
  }
  if (running_) api::apply(changes, *running_);
  if (staged_) api::apply(changes, *staged_);
  return {};
}

// On a connection of its own: of thousands of servers they are megabytes, and an answer that is
// late, after which its connection is of no more use, is none that anything hangs on. One that
// builds answers nobody: it is asked in vain once.
Result<api::Client*> SocketDataPlane::counting(std::chrono::milliseconds deadline) {
  if (!reachable()) return not_connected();
  if (is_staging_ && was_asked_in_vain_) {
    return fail(Errc::kTimeout, kNotReachable, "the data plane builds what it was sent");
  }
  if (!counting_ || !counting_->connected()) {
    auto client = api::Client::connect(socket_, deadline);
    if (!client) return named(Result<api::Client*>(tl::unexpected(client.error())));
    counting_.emplace(std::move(*client));
  }
  return &*counting_;
}

template <typename Ask>
auto SocketDataPlane::asked_beside(std::chrono::milliseconds deadline, Ask ask)
    -> decltype(ask(std::declval<api::Client&>())) {
  const auto client = counting(deadline);
  if (!client) return tl::unexpected<Error>(client.error());
  auto answer = named(ask(**client));
  if (!answer && answer.error().kind == Errc::kTimeout) was_asked_in_vain_ = true;
  return answer;
}

Result<api::ProcessStatus> SocketDataPlane::status(const api::StatusWanted& wanted) {
  const auto ask = [&](api::Client& client) { return client.status(wanted, kQuestionDeadline); };
  if (is_staging_) return asked_beside(kQuestionDeadline, ask);
  if (!reachable()) return not_connected();
  return named(ask(*client_));
}

Result<api::Counters> SocketDataPlane::counters(const api::CountersWanted& wanted) {
  return asked_beside(kQuestionDeadline, [&](api::Client& client) {
    return client.counters(wanted, kQuestionDeadline);
  });
}

Result<api::Connections> SocketDataPlane::connections(const api::ConnectionsWanted& wanted) {
  return asked_beside(kConnectionsDeadline, [&](api::Client& client) {
    return client.connections(wanted, kConnectionsDeadline);
  });
}

Result<api::Forecast> SocketDataPlane::forecast(const api::Configuration& configuration) {
  auto answer = asked_beside(kForecastDeadline, [&](api::Client& client) -> Result<api::Forecast> {
    if (!is_staging_ && running_ && running_->hash_key == configuration.hash_key) {
      auto told = client.forecast(api::difference(*running_, configuration), kForecastDeadline);
      if (told || told.error().id != api::kOtherBase) return told;
    }
    return client.forecast(configuration, kForecastDeadline);
  });
  if (!answer && answer.error().id == api::kUnknownMethod) return api::Forecast{};
  return answer;
}

}  // namespace yoke::commit
