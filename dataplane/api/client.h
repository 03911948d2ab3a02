// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/api/codec.h"
#include "dataplane/api/messages.h"
#include "hal/base/clock.h"
#include "hal/base/file_descriptor.h"
#include "hal/base/result.h"

// A connection to the data plane, or to another process that speaks its envelope, one question at a
// time.
//
// Every call ends by its deadline. An error that the data plane sent leaves the connection as it
// is; when it is gone (kUnavailable), late (kTimeout: its answer would be taken for the next one)
// or makes no sense (E-312), the connection is closed and every later call is kUnavailable: make a
// new Client. Threads: owned by one.
namespace yoke::api {

class Client {
 public:
  static constexpr std::chrono::milliseconds kDeadline{2000};

  // kUnavailable when nobody listens at `socket`.
  [[nodiscard]] static Result<Client> connect(const std::filesystem::path& socket,
                                              std::chrono::milliseconds deadline = kDeadline);

  // The digest of what is staged.
  [[nodiscard]] Result<std::string> stage(const Configuration& configuration,
                                          std::chrono::milliseconds deadline = kDeadline);
  [[nodiscard]] Result<std::string> stage(const Difference& difference,
                                          std::chrono::milliseconds deadline = kDeadline);
  [[nodiscard]] Result<Activation> activate(const std::string& digest,
                                            std::chrono::milliseconds deadline = kDeadline);
  [[nodiscard]] Result<Activation> apply(const Configuration& configuration,
                                         std::chrono::milliseconds deadline = kDeadline);
  // The generation in which all of `changes` hold.
  [[nodiscard]] Result<std::uint64_t> set_server_state(
      const std::vector<ServerStateChange>& changes,
      std::chrono::milliseconds deadline = kDeadline);
  [[nodiscard]] Result<ProcessStatus> status(const StatusWanted& wanted = {},
                                             std::chrono::milliseconds deadline = kDeadline);
  [[nodiscard]] Result<Counters> counters(const CountersWanted& wanted = {},
                                          std::chrono::milliseconds deadline = kDeadline);

  // E-305 of a release before that does not count them.
  [[nodiscard]] Result<Connections> connections(const ConnectionsWanted& wanted = {},
                                                std::chrono::milliseconds deadline = kDeadline);

  // What would become of open flows under it; nothing changes. A release before: E-305.
  [[nodiscard]] Result<Forecast> forecast(const Configuration& configuration,
                                          std::chrono::milliseconds deadline = kDeadline);
  [[nodiscard]] Result<Forecast> forecast(const Difference& difference,
                                          std::chrono::milliseconds deadline = kDeadline);

  // Ok where it answers at all, as a release before does that does not know the question.
  [[nodiscard]] Status ping(std::chrono::milliseconds deadline = kDeadline);

  // What any process that speaks the envelope answers to a method of its own.
  [[nodiscard]] Result<Json> call(std::string_view method, Json params,
                                  std::chrono::milliseconds deadline = kDeadline);

  // For an event loop: readable between two calls means that the other side went away. -1 once the
  // connection is closed.
  [[nodiscard]] int fd() const noexcept { return socket_.get(); }
  // Whether the other side is still there; closes the connection if it is not. Never blocks.
  [[nodiscard]] bool connected();

 private:
  explicit Client(FileDescriptor socket) : socket_(std::move(socket)) {}

  [[nodiscard]] Result<Json> exchange(std::string_view method, Json params, MonoTime until);
  [[nodiscard]] Status send(std::string_view line, MonoTime until);
  [[nodiscard]] Result<std::string> receive_line(MonoTime until);
  [[nodiscard]] Status wait_for(short events, MonoTime until);
  // A decoded answer; one that cannot be decoded closes the connection.
  template <typename T>
  [[nodiscard]] Result<T> decoded(Result<Json> answer, Result<T> (*decode)(const Json&));

  FileDescriptor socket_;
  std::uint64_t last_id_ = 0;
};

}  // namespace yoke::api
