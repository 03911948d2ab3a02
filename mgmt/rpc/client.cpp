// SPDX-License-Identifier: Apache-2.0
#include "mgmt/rpc/client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "mgmt/rpc/message.h"

namespace yoke::rpc {
namespace {

Error connect_error(int error, const std::string& path) {
  switch (error) {
    case ENOENT:
    case ECONNREFUSED:
      return {Errc::kUnavailable, "E-601", "yoke-mgmt is not running: nobody answers at " + path};
    case EACCES:
    case EPERM:
      return {Errc::kDenied, "E-602",
              "not permitted to use " + path + "; be root or a member of the group yoke"};
    case EAGAIN:
      return {Errc::kTimeout, "E-603", "yoke-mgmt does not answer at " + path};
    default:
      return {Errc::kUnavailable, "E-601", "connect to " + path + ": " + std::strerror(error)};
  }
}

auto lost(const std::string& why) {
  return fail(Errc::kUnavailable, "E-604", "connection to yoke-mgmt lost: " + why);
}

}  // namespace

Result<Client> Client::connect(const std::string& path, std::chrono::milliseconds timeout) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return fail(Errc::kInvalid, "E-601",
                "socket path " + path + " is too long; at most " +
                    std::to_string(sizeof address.sun_path - 1) + " characters");
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  FileDescriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return tl::unexpected<Error>(connect_error(errno, path));
  // A full backlog makes connect() wait; this bounds it (socket(7)).
  const auto usec = std::chrono::duration_cast<std::chrono::microseconds>(timeout).count();
  const timeval limit{usec / 1'000'000, usec % 1'000'000};
  (void)::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return tl::unexpected<Error>(connect_error(errno, path));
  }
  return Client(std::move(fd), timeout);
}

Result<nlohmann::json> Client::call(const std::string& method, const nlohmann::json& params) {
  error_data_ = nlohmann::json::object();
  if (!fd_) return lost("an earlier call failed");
  const std::uint64_t id = next_id_++;
  const std::string line = request_line(id, method, params);
  if (line.size() > kLineBytesMax) {
    return fail(Errc::kInvalid, "E-612",
                "the request is " + std::to_string(line.size()) + " bytes; at most " +
                    std::to_string(kLineBytesMax) + " are read");
  }
  return exchange(line, id);
}

Result<nlohmann::json> Client::exchange(const std::string& line, std::uint64_t id) {
  const MonoTime began = MonoClock::now();
  const MonoTime deadline = began + timeout_;
  late_at_ = late_ ? began + late_after_ : MonoTime::max();
  // An answer may explain why the request could not be written, so it is looked for either way.
  const Status sent = send(line + '\n', deadline);
  auto received = receive(deadline);
  if (!received) {
    fd_.reset();
    return tl::unexpected<Error>(sent ? received.error() : sent.error());
  }
  auto answer = parse_answer(*received);
  if (answer && answer->result && answer->id != id) {
    answer = fail(Errc::kFailed, "E-605", "the answer belongs to another request");
  }
  if (!answer) {
    fd_.reset();
    return tl::unexpected<Error>(answer.error());
  }
  error_data_ = std::move(answer->error_data);
  return std::move(answer->result);
}

Status Client::wait(short events, MonoTime deadline) {
  for (;;) {
    const MonoTime until = std::min(deadline, late_at_);
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - MonoClock::now()).count();
    pollfd entry{fd_.get(), events, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(std::max<decltype(left)>(left, 0)));
    if (ready > 0) return {};
    if (ready < 0 && errno == EINTR && left > 0) continue;
    if (late_at_ < deadline) {
      late_at_ = MonoTime::max();
      late_();
      continue;
    }
    return fail(Errc::kTimeout, "E-603",
                "yoke-mgmt gave no answer within " + std::to_string(timeout_.count()) + " ms");
  }
}

Status Client::send(const std::string& line, MonoTime deadline) {
  std::size_t sent = 0;
  while (sent < line.size()) {
    const ssize_t n =
        ::send(fd_.get(), line.data() + sent, line.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) {
      sent += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN) {
      if (auto ready = wait(POLLOUT, deadline); !ready) return ready;
    } else if (errno != EINTR) {
      return lost(std::strerror(errno));
    }
  }
  return {};
}

Result<std::string> Client::receive(MonoTime deadline) {
  std::array<char, 65536> chunk;
  for (;;) {
    if (auto line = input_.take()) return std::move(*line);
    if (input_.too_long()) {
      return fail(Errc::kFailed, "E-605", "the answer is longer than the protocol allows");
    }
    if (auto ready = wait(POLLIN, deadline); !ready) return tl::unexpected<Error>(ready.error());
    const ssize_t n = ::recv(fd_.get(), chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (n > 0) {
      input_.append({chunk.data(), static_cast<std::size_t>(n)});
    } else if (n == 0) {
      return lost("it closed the connection");
    } else if (errno != EINTR && errno != EAGAIN) {
      return lost(std::strerror(errno));
    }
  }
}

}  // namespace yoke::rpc
