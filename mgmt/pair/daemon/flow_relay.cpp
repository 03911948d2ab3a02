// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/flow_relay.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <utility>

#include "mgmt/pair/daemon/pair_clock.h"
#include "mgmt/pair/timers.h"

namespace yoke::pair {
namespace {

constexpr int kSocketBytes = 4 << 20;  // what a data plane that does not run for some ms holds up

void widen(int fd) noexcept {
  for (const auto& [forced, asked] :
       {std::pair{SO_SNDBUFFORCE, SO_SNDBUF}, std::pair{SO_RCVBUFFORCE, SO_RCVBUF}}) {
    if (::setsockopt(fd, SOL_SOCKET, forced, &kSocketBytes, sizeof kSocketBytes) == 0) continue;
    (void)::setsockopt(fd, SOL_SOCKET, asked, &kSocketBytes, sizeof kSocketBytes);
  }
}

}  // namespace

FlowRelay::FlowRelay(Parts parts)
    : path_(parts.data_plane.string()),
      wire_(std::move(parts.interface), PacketSocket::Takes::kFlowFrames),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      pump_(parts.session) {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

FlowRelay::~FlowRelay() {
  thread_.request_stop();
  (void)::eventfd_write(wake_.get(), 1);
  thread_.join();
}

RelaySnapshot FlowRelay::snapshot() const {
  const std::lock_guard lock(publishing_);
  return published_;
}

void FlowRelay::use_keys(const PairKeys& keys) {
  const std::lock_guard lock(publishing_);
  keys_ = keys;
}

// The peer is told in hellos that this relay has the newer one, at once.
void FlowRelay::follow_keys() noexcept {
  const std::lock_guard lock(publishing_);
  if (!keys_) return;
  std::optional<Key> newer;
  if (keys_->next) newer = keys_->next->key;
  (void)pump_.use_keys(keys_->current, newer);
  keys_.reset();
}

void FlowRelay::run(const std::stop_token& stop) noexcept {
  (void)::pthread_setname_np(::pthread_self(), "yoke-relay");
  while (!stop.stop_requested()) {
    const MonoTime now = pair_now();
    if (now >= look_at_) look(now);
    if (!carry(now)) sleep(now);
  }
}

void FlowRelay::look(MonoTime now) noexcept {
  look_at_ = now + kLook;
  follow_keys();
  wire_.keep();
  pump_.set_source(wire_.mac());
  if (!data_plane_) connect();
  pump_.greet(wire_.fd(), now);
  publish(now);
}

// True if something came or went.
bool FlowRelay::carry(MonoTime now) noexcept {
  const auto in = pump_.carry_in(wire_.fd(), data_plane_.get(), now);
  if (in.lost_data_plane) data_plane_.reset();
  const auto out = pump_.carry_out(data_plane_.get(), wire_.fd(), now);
  if (out.lost_data_plane) data_plane_.reset();
  return in.anything || out.anything;
}

void FlowRelay::sleep(MonoTime now) noexcept {
  const bool is_blocked = pump_.is_blocked();
  const short wire_news = is_blocked ? POLLIN | POLLOUT : POLLIN;
  std::array<pollfd, 3> waits{{{wake_.get(), POLLIN, 0},
                               {wire_.fd(), wire_news, 0},
                               {is_blocked ? -1 : data_plane_.get(), POLLIN, 0}}};
  Span left = std::max(look_at_ - now, Span::zero());
  if (is_blocked) left = std::min<Span>(left, FlowPump::kPatience);
  const timespec limit{0, static_cast<long>(std::chrono::nanoseconds(left).count())};
  (void)::ppoll(waits.data(), waits.size(), &limit, nullptr);
}

// The kernel answers at once, whatever the data plane does.
void FlowRelay::connect() noexcept {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof address.sun_path) return;
  path_.copy(address.sun_path, path_.size());
  FileDescriptor fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd ||
      ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return;
  }
  widen(fd.get());
  data_plane_ = std::move(fd);
}

void FlowRelay::publish(MonoTime now) noexcept {
  const std::lock_guard lock(publishing_);
  published_ = {now,
                wire_.has_link(),
                static_cast<bool>(data_plane_),
                pump_.has_peer(),
                pump_.heard_at(),
                pump_.taken(),
                pump_.counts(),
                pump_.refusals()};
}

}  // namespace yoke::pair
