// SPDX-License-Identifier: Apache-2.0
#include "dataplane/api/client.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "dataplane/api/envelope.h"
#include "dataplane/api/errors.h"
#include "dataplane/limits.h"

namespace yoke::api {
namespace {

using std::chrono::milliseconds;

tl::unexpected<Error> gone(std::string_view why) {
  return fail(Errc::kUnavailable, kNoDataPlane,
              fmt::format("the data plane is not there: {}", why));
}

tl::unexpected<Error> too_late() {
  return fail(Errc::kTimeout, kNoAnswerInTime, "the data plane did not answer in time");
}

// A blocking connect() to a unix socket waits for room in the listener's queue; SO_SNDTIMEO bounds
// it.
void bound_connect(int fd, milliseconds deadline) {
  const auto microseconds = std::chrono::microseconds(deadline).count();
  const timeval limit{.tv_sec = microseconds / 1'000'000, .tv_usec = microseconds % 1'000'000};
  (void)::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

}  // namespace

Result<Client> Client::connect(const std::filesystem::path& socket, milliseconds deadline) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& path = socket.native();
  if (path.size() >= sizeof address.sun_path) {
    return fail(Errc::kInvalid, kNoDataPlane,
                fmt::format("{}: longer than the {} bytes a socket's name may have", path,
                            sizeof address.sun_path - 1));
  }
  path.copy(address.sun_path, path.size());
  FileDescriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return gone(std::strerror(errno));
  bound_connect(fd.get(), std::max(deadline, milliseconds(1)));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == EAGAIN) return too_late();
    return gone(fmt::format("{}: {}", path, std::strerror(errno)));
  }
  return Client(std::move(fd));
}

template <typename T>
Result<T> Client::decoded(Result<Json> answer, Result<T> (*decode)(const Json&)) {
  if (!answer) return tl::unexpected<Error>(std::move(answer.error()));
  auto value = decode(*answer);
  if (value) return value;
  socket_.reset();
  return fail(Errc::kFailed, kStrangeAnswer,
              "the data plane's answer cannot be understood: " + value.error().text);
}

Result<std::string> Client::stage(const Configuration& configuration, milliseconds deadline) {
  return decoded(call("stage", encode_stage(configuration), deadline), decode_digest);
}

Result<std::string> Client::stage(const Difference& difference, milliseconds deadline) {
  return decoded(call("stage_difference", encode_stage(difference), deadline), decode_digest);
}

Result<Activation> Client::activate(const std::string& digest, milliseconds deadline) {
  return decoded(call("activate", encode_digest(digest), deadline), decode_activation);
}

Result<Activation> Client::apply(const Configuration& configuration, milliseconds deadline) {
  return decoded(call("apply", encode_stage(configuration), deadline), decode_activation);
}

Result<std::uint64_t> Client::set_server_state(const std::vector<ServerStateChange>& changes,
                                               milliseconds deadline) {
  return decoded(call("set_server_state", encode_changes(changes), deadline), decode_generation);
}

Result<ProcessStatus> Client::status(const StatusWanted& wanted, milliseconds deadline) {
  return decoded(call("status", encode_wanted(wanted), deadline), decode_process_status);
}

Result<Counters> Client::counters(const CountersWanted& wanted, milliseconds deadline) {
  return decoded(call("counters", encode_wanted(wanted), deadline), decode_counters);
}

Result<Connections> Client::connections(const ConnectionsWanted& wanted, milliseconds deadline) {
  return decoded(call("connections", encode_wanted(wanted), deadline), decode_connections);
}

Result<Forecast> Client::forecast(const Configuration& configuration, milliseconds deadline) {
  return decoded(call("forecast", encode_stage(configuration), deadline), decode_forecast);
}

Result<Forecast> Client::forecast(const Difference& difference, milliseconds deadline) {
  return decoded(call("forecast_difference", encode_stage(difference), deadline), decode_forecast);
}

Status Client::ping(milliseconds deadline) {
  const auto answer = call("ping", Json::object(), deadline);
  if (answer || socket_) return {};
  return tl::unexpected(answer.error());
}

bool Client::connected() {
  if (!socket_) return false;
  char byte = 0;
  const auto n = ::recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  const bool alive = n < 0 && (errno == EAGAIN || errno == EINTR);
  if (!alive) socket_.reset();  // it hung up, or speaks without being asked
  return alive;
}

Result<Json> Client::call(std::string_view method, Json params, milliseconds deadline) {
  if (!socket_) return gone("the connection was closed");
  return exchange(method, std::move(params), MonoClock::now() + deadline);
}

Result<Json> Client::exchange(std::string_view method, Json params, MonoTime until) {
  const std::uint64_t id = ++last_id_;
  const auto sent = send(encode_request(id, method, std::move(params)), until);
  if (!sent) {
    socket_.reset();
    return tl::unexpected<Error>(sent.error());
  }
  auto line = receive_line(until);
  if (!line) {
    socket_.reset();
    return tl::unexpected<Error>(std::move(line.error()));
  }
  auto answer = decode_response(*line, id);
  if (!answer && answer.error().id == kStrangeAnswer) socket_.reset();
  return answer;
}

Status Client::send(std::string_view line, MonoTime until) {
  while (!line.empty()) {
    const auto n = ::send(socket_.get(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0) {
      line.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      if (auto ready = wait_for(POLLOUT, until); !ready) return ready;
    } else if (errno != EINTR) {
      return gone(std::strerror(errno));
    }
  }
  return {};
}

Result<std::string> Client::receive_line(MonoTime until) {
  std::string line;
  std::array<char, 65536> block;
  while (line.size() <= limits::kApiMessageBytes) {
    if (auto ready = wait_for(POLLIN, until); !ready) {
      return tl::unexpected<Error>(ready.error());
    }
    const auto n = ::recv(socket_.get(), block.data(), block.size(), MSG_DONTWAIT);
    if (n == 0) return gone("it closed the connection before it answered");
    if (n < 0 && errno != EAGAIN && errno != EINTR) return gone(std::strerror(errno));
    if (n <= 0) continue;
    line.append(block.data(), static_cast<std::size_t>(n));
    const auto end = line.find('\n', line.size() - static_cast<std::size_t>(n));
    if (end == std::string::npos) continue;
    if (end + 1 != line.size()) break;
    line.pop_back();
    return line;
  }
  return fail(Errc::kFailed, kStrangeAnswer,
              fmt::format("the data plane's answer is not one line of at most {} bytes",
                          limits::kApiMessageBytes));
}

Status Client::wait_for(short events, MonoTime until) {
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(until - MonoClock::now()).count();
    if (left <= 0) return too_late();
    pollfd wanted{.fd = socket_.get(), .events = events, .revents = 0};
    const int n = ::poll(&wanted, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (n > 0) return {};
    if (n < 0 && errno != EINTR) return gone(std::strerror(errno));
  }
}

}  // namespace yoke::api
