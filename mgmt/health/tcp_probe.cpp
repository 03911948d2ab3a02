// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/tcp_probe.h"

#include <fmt/format.h>
#include <sys/epoll.h>

#include <cerrno>

#include "mgmt/health/probe_text.h"
#include "mgmt/health/socket_address.h"

namespace yoke::health {
namespace {

TcpProbe& probe(void* self) { return *static_cast<TcpProbe*>(self); }

// The outcome of a connect() that has ended.
int socket_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

}  // namespace

TcpProbe::TcpProbe(sd_event* loop, const net::Endpoint& server, std::chrono::milliseconds timeout,
                   ProbeDone done)
    : loop_(loop), timeout_(timeout), done_(std::move(done)), started_(loop_now(loop)) {
  const int error = connect(server);
  if (error != EINPROGRESS) {
    settle(error);
    return;
  }
  sd_event_source* event = nullptr;
  sd_event_source* timer = nullptr;
  int rc = sd_event_add_io(loop_, &event, socket_.get(), EPOLLOUT, on_connected, this);
  event_.reset(event);
  if (rc >= 0) {
    rc = sd_event_add_time(loop_, &timer, CLOCK_MONOTONIC, loop_us(started_ + timeout_),
                           kTimerAccuracyUs, on_timeout, this);
    timer_.reset(timer);
    // Where both are due after a turn that took long, the connection that stands counts.
    if (rc >= 0) rc = sd_event_source_set_priority(timer, SD_EVENT_PRIORITY_NORMAL + 1);
  }
  if (rc < 0) settle(-rc);
}

int TcpProbe::connect(const net::Endpoint& server) {
  const SocketAddress address(server);
  socket_ = FileDescriptor(
      ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!socket_) return errno;
  const linger reset{.l_onoff = 1, .l_linger = 0};
  (void)::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  return ::connect(socket_.get(), address.get(), address.size()) == 0 ? 0 : errno;
}

void TcpProbe::settle(int error) {
  error_ = error;
  sd_event_source* event = nullptr;
  (void)sd_event_add_defer(loop_, &event, on_settled, this);
  event_.reset(event);
}

int TcpProbe::on_connected(sd_event_source* /*source*/, int fd, std::uint32_t /*events*/,
                           void* self) {
  probe(self).finish(probe(self).result_of(socket_error(fd)));
  return 0;
}

int TcpProbe::on_settled(sd_event_source* /*source*/, void* self) {
  probe(self).finish(probe(self).result_of(probe(self).error_));
  return 0;
}

int TcpProbe::on_timeout(sd_event_source* /*source*/, std::uint64_t /*us*/, void* self) {
  TcpProbe& me = probe(self);
  me.finish(timed_out(me.timeout_, "connect", me.elapsed()));
  return 0;
}

ProbeResult TcpProbe::result_of(int error) const {
  if (error != 0) return socket_failure(CheckType::kTcp, error, elapsed());
  return {Outcome::kPassed, fmt::format("tcp connected {}", duration_text(elapsed())), elapsed()};
}

std::chrono::microseconds TcpProbe::elapsed() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(loop_now(loop_) - started_);
}

void TcpProbe::finish(ProbeResult result) {
  event_.reset();
  timer_.reset();
  socket_.reset();
  const ProbeDone done = std::move(done_);
  done(std::move(result));  // `this` may be gone after it
}

}  // namespace yoke::health
