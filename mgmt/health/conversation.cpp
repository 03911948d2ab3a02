// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/conversation.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/epoll.h>

#include <array>
#include <cerrno>

#include "mgmt/health/probe_text.h"
#include "mgmt/health/socket_address.h"
#include "mgmt/model/words.h"

namespace yoke::health {
namespace {

constexpr std::size_t kPlainBytesMax = 65536;
// With TLS around it, and what that says on its own account: certificates above all.
constexpr std::size_t kWireBytesMax = 4 * kPlainBytesMax;
// What one turn takes. No datagram is longer than its own.
constexpr std::size_t kPartBytes = 16384;
constexpr std::size_t kDatagramBytes = 65536;

Conversation& probe(void* self) { return *static_cast<Conversation*>(self); }

// The outcome of a connect() that has ended.
int socket_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

}  // namespace

Conversation::Conversation(sd_event* loop, const net::Endpoint& server, const Check& check,
                           Plan plan, ProbeDone done)
    : loop_(loop),
      server_(server),
      check_(check),
      secrecy_(check),
      plan_(std::move(plan)),
      done_(std::move(done)),
      started_(loop_now(loop)) {
  int error = connect();
  if (error == 0 || error == EINPROGRESS) error = watch();
  if (error != 0) settle(error);
}

int Conversation::open_socket(int family) {
  constexpr int kFlags = SOCK_NONBLOCK | SOCK_CLOEXEC;
  switch (plan_.transport) {
    case Transport::kTcp:
      return ::socket(family, SOCK_STREAM | kFlags, IPPROTO_TCP);
    case Transport::kUdp:
      return ::socket(family, SOCK_DGRAM | kFlags, IPPROTO_UDP);
    case Transport::kPing:
      break;
  }
  const int protocol = family == AF_INET ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
  const int fd = ::socket(family, SOCK_DGRAM | kFlags, protocol);
  return fd < 0 && errno == EACCES ? ::socket(family, SOCK_RAW | kFlags, protocol) : fd;
}

int Conversation::connect() {
  net::Endpoint to = server_;
  if (plan_.transport == Transport::kPing) to.port = 0;
  const SocketAddress address(to);
  socket_ = FileDescriptor(open_socket(address.family()));
  if (!socket_) return errno == EACCES ? EPERM : errno;  // leave that this unit lacks
  if (is_stream()) {
    const linger reset{.l_onoff = 1, .l_linger = 0};
    (void)::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  }
  return ::connect(socket_.get(), address.get(), address.size()) == 0 ? 0 : errno;
}

int Conversation::watch() {
  sd_event_source* event = nullptr;
  int rc = sd_event_add_io(loop_, &event, socket_.get(), EPOLLOUT, on_ready, this);
  event_.reset(event);
  if (rc < 0) return -rc;
  sd_event_source* timer = nullptr;
  rc = sd_event_add_time(loop_, &timer, CLOCK_MONOTONIC, loop_us(started_ + check_.timeout),
                         kTimerAccuracyUs, on_timeout, this);
  timer_.reset(timer);
  // It has the priority of what comes, neither more nor less: sources of one priority take turns. A
  // server that never stops talking puts off nobody's timeout; and where the loop is behind with
  // what has come, the timeout is late as well, which tells that the fault may be here.
  return rc < 0 ? -rc : 0;
}

void Conversation::settle(int error) {
  error_ = error;
  timer_.reset();
  sd_event_source* event = nullptr;
  (void)sd_event_add_defer(loop_, &event, on_settled, this);
  event_.reset(event);
}

int Conversation::on_settled(sd_event_source* /*source*/, void* self) {
  (void)probe(self).end(socket_failure(probe(self).kind(), probe(self).error_, {}));
  return 0;
}

int Conversation::on_timeout(sd_event_source* /*source*/, std::uint64_t /*us*/, void* self) {
  Conversation& me = probe(self);
  if (!me.look_once_more()) return 0;
  ProbeResult result =
      timed_out(me.check_.timeout, me.stage_, me.elapsed(), me.plan_.lag->since(me.started_));
  if (!me.unread_.empty()) result.text += ", got " + model::shown(me.unread_);
  (void)me.end(std::move(result));
  return 0;
}

int Conversation::on_ready(sd_event_source* /*source*/, int /*fd*/, std::uint32_t events,
                           void* self) {
  (void)probe(self).look(events);
  return 0;
}

bool Conversation::look(std::uint32_t events) {
  if (state_ == State::kConnecting) {
    const int error = socket_error(socket_.get());
    return error == 0 ? connected() : lost(error);
  }
  if ((events & EPOLLOUT) != 0 && !flush()) return false;
  return (events & ~static_cast<std::uint32_t>(EPOLLOUT)) == 0 || read();
}

// Where this loop was held up, what had come by the time that the timeout was due still counts.
bool Conversation::look_once_more() {
  const bool writes = state_ == State::kConnecting || !outgoing_.empty();
  pollfd wait{socket_.get(), static_cast<std::int16_t>(POLLIN | (writes ? POLLOUT : 0)), 0};
  if (::poll(&wait, 1, 0) != 1) return true;
  return look(static_cast<std::uint32_t>(wait.revents));  // the same bits as epoll's
}

bool Conversation::connected() {
  if (is_stream()) note("connected");
  state_ = State::kTalking;
  if (plan_.tls_first) return act(start_tls("TLS handshake"));
  return act(plan_.protocol->connected());
}

bool Conversation::act(const Move& move) {
  if (!move.seen.empty()) note(move.seen);
  send(move.send);
  const bool is_verdict = move.next == Move::Next::kPassed || move.next == Move::Next::kFailed;
  if (is_verdict && !outgoing_.empty() && !flush()) return false;  // a farewell
  switch (move.next) {
    case Move::Next::kPassed:
      return end_in_words(Outcome::kPassed, move.text);
    case Move::Next::kFailed:
      return end_in_words(Outcome::kFailed, move.text);
    case Move::Next::kReceive:
      break;
    case Move::Next::kStartTls:
      // What came before TLS could be anybody's (RFC 3207, section 5).
      if (!unread_.empty()) return end_in_words(Outcome::kFailed, "spoke before TLS stood");
      stage_ = move.stage;
      return begin_tls();
  }
  stage_ = move.stage;
  return flush();
}

bool Conversation::begin_tls() {
  const TlsWishes wishes = tls_wishes_of(check_.settings);
  if (const auto lack = plan_.tls->lack(wishes)) return end(not_tried(*lack, elapsed()));
  tls_.emplace(*plan_.tls, server_.address, wishes);
  if (!tls_->valid()) return end(not_tried("no memory for TLS", elapsed()));
  state_ = State::kSecuring;
  return flush() && secure();
}

bool Conversation::secure() {
  const auto stands = tls_->handshake();
  outgoing_ += tls_->take_output();
  if (!stands) return end_in_words(Outcome::kFailed, stands.error().text);
  if (!*stands) return flush();
  state_ = State::kTalking;
  warning_ = tls_->warning();
  note(tls_->description());
  if (!warning_.empty()) note(warning_);
  const bool is_first = std::exchange(plan_.tls_first, false);
  if (!act(is_first ? plan_.protocol->connected() : plan_.protocol->secured())) return false;
  return take({});  // something may have come with the end of the handshake
}

void Conversation::send(std::string_view plain) {
  if (plain.empty()) return;
  if (!tls_) {
    outgoing_ += plain;
    return;
  }
  tls_->write(plain);
  outgoing_ += tls_->take_output();
}

bool Conversation::take(std::string_view bytes) {
  if (!tls_) return take_plain(bytes);
  wire_bytes_ += bytes.size();
  if (wire_bytes_ > kWireBytesMax) return end_in_words(Outcome::kFailed, "TLS without an end");
  tls_->feed(bytes);
  if (state_ == State::kSecuring) return secure();
  const auto plain = tls_->read();
  outgoing_ += tls_->take_output();
  if (!plain) return end_in_words(Outcome::kFailed, plain.error().text);
  if (!plain->empty() && !take_plain(*plain)) return false;
  return tls_->is_closed() ? ended("closed") : flush();
}

bool Conversation::take_plain(std::string_view plain) {
  if (!is_stream()) unread_.clear();
  unread_ += plain;
  plain_bytes_ += is_stream() ? plain.size() : 0;  // datagrams are bounded each by itself
  // Each move may leave bytes for the next one; a datagram may be empty, and is one.
  bool has_more = !is_stream() || !unread_.empty();
  while (has_more && state_ == State::kTalking) {
    const std::size_t before = unread_.size();
    if (!act(plan_.protocol->received(unread_))) return false;
    has_more = is_stream() && !unread_.empty() && unread_.size() != before;
  }
  if (plain_bytes_ <= kPlainBytesMax) return true;
  return end_in_words(Outcome::kFailed, "answer longer than 64 KiB");
}

bool Conversation::ended(std::string_view how) {
  if (state_ == State::kTalking) {
    if (auto move = plan_.protocol->closed(unread_)) return act(*move);
  }
  std::string text = fmt::format("{} at {}", how, stage_);
  if (!unread_.empty()) text += ", got " + model::shown(unread_);
  return end_in_words(Outcome::kFailed, text);
}

bool Conversation::read() {
  std::array<char, kDatagramBytes> buffer;  // NOLINT: written before it is read
  const std::size_t size = is_stream() ? kPartBytes : kDatagramBytes;
  const auto count = ::recv(socket_.get(), buffer.data(), size, 0);
  if (count > 0) return take({buffer.data(), static_cast<std::size_t>(count)});
  if (count == 0) return is_stream() ? ended("closed") : take({});
  if (errno == EAGAIN || errno == EINTR) return true;
  return lost(errno);
}

// A connection that stood names the step it was lost at; one that never did, and a datagram that
// found no way, only what the network said.
bool Conversation::lost(int error) {
  const bool is_reset = error == ECONNRESET || error == EPIPE;
  if (state_ != State::kConnecting && is_reset) return ended("connection reset");
  const bool stood = is_stream() && (state_ != State::kConnecting || is_reset);
  return end(socket_failure(kind(), error, elapsed(), stood ? stage_ : std::string_view{}));
}

bool Conversation::flush() {
  while (!outgoing_.empty()) {
    const auto sent = ::send(socket_.get(), outgoing_.data(), outgoing_.size(), MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) break;
    // Where the server has gone, what it said before is still to be read, and then its end.
    if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) {
      outgoing_.clear();
      break;
    }
    if (sent < 0) return lost(errno);
    outgoing_.erase(0, static_cast<std::size_t>(sent));
  }
  const std::uint32_t events = EPOLLIN | (outgoing_.empty() ? 0U : std::uint32_t{EPOLLOUT});
  (void)sd_event_source_set_io_events(event_.get(), events);
  return true;
}

bool Conversation::end_in_words(Outcome outcome, std::string_view text) {
  std::string words = fmt::format("{} {}", kind(), text);
  if (outcome == Outcome::kPassed) words += ' ' + duration_text(elapsed());
  if (!warning_.empty()) words += "; " + warning_;
  return end({outcome, std::move(words), elapsed()});
}

bool Conversation::end(ProbeResult result) {
  result.text = secrecy_.keep(result.text);
  note(result.text);
  result.transcript = std::move(transcript_);
  if (tls_) result.certificate_end = tls_->certificate_end();
  event_.reset();
  timer_.reset();
  socket_.reset();
  const ProbeDone done = std::move(done_);
  done(std::move(result));  // `this` may be gone after it
  return false;
}

std::chrono::microseconds Conversation::elapsed() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(loop_now(loop_) - started_);
}

}  // namespace yoke::health
