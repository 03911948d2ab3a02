// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/data_plane_watch.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <utility>

#include "dataplane/api/envelope.h"

namespace yoke::pair {

DataPlaneWatch::DataPlaneWatch(sd_event* loop, std::string socket, std::function<void(bool)> tell)
    : loop_(loop),
      path_(std::move(socket)),
      tell_(std::move(tell)),
      next_(loop,
            [this] {
              if (fd_) {
                ping();
              } else {
                try_to_connect();
              }
            }),
      late_(loop, [this] { lost(); }) {
  try_to_connect();
}

void DataPlaneWatch::try_to_connect() {
  next_.start(kTryEvery);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof address.sun_path) return;
  path_.copy(address.sun_path, path_.size());
  FileDescriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd ||
      ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return;
  }
  fd_ = std::move(fd);
  io_ = std::make_unique<hal::IoSource>(loop_, fd_.get(), EPOLLIN,
                                        [this](std::uint32_t) { on_input(); });
  ping();
}

void DataPlaneWatch::ping() {
  const std::string line = api::encode_request(1, "ping", nlohmann::json::object());
  const ssize_t sent = ::send(fd_.get(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent != static_cast<ssize_t>(line.size())) return lost();
  late_.start(kPatience);
}

// Whatever it says, it lives; a release before that does not know the question says so.
void DataPlaneWatch::on_input() {
  std::array<char, 4096> answer{};
  const ssize_t n = ::recv(fd_.get(), answer.data(), answer.size(), MSG_DONTWAIT);
  if (n <= 0) return lost();
  late_.stop();
  next_.start(kPingEvery);
  if (!std::exchange(alive_, true)) tell_(true);
}

void DataPlaneWatch::lost() {
  io_.reset();
  fd_.reset();
  late_.stop();
  next_.start(kTryEvery);
  if (std::exchange(alive_, false)) tell_(false);
}

}  // namespace yoke::pair
