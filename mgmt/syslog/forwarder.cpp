// SPDX-License-Identifier: Apache-2.0
#include "mgmt/syslog/forwarder.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "mgmt/health/socket_address.h"

namespace yoke::syslog {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds kPauseMin = 1s, kPauseMax = 60s;
// A connection that ends within this was none: somebody in between takes it before the server does,
// and in TLS 1.3 the server judges a client after the client's handshake has ended.
constexpr milliseconds kProving = 1s;
// RFC 5425: a receiver must take 2048 and should take 8192. RFC 5426: 2048 by UDP.
constexpr std::size_t kStreamBytesMax = 8192, kDatagramBytesMax = 2048;

}  // namespace

Forwarder::Forwarder(sd_event* event, Target target, Origin origin)
    : event_(event),
      target_(std::move(target)),
      origin_(std::move(origin)),
      pause_(kPauseMin),
      again_(event, [this] { open(); }),
      proving_(event, [this] { proved(); }) {
  origin_.facility = target_.facility;
  again_.start(0ms);
}

// The last words of a process that ends.
Forwarder::~Forwarder() {
  is_proved_ = true;
  flush();
}

void Forwarder::follow(const Target& target, const Origin& origin) {
  origin_ = origin;
  origin_.facility = target.facility;
  if (target == target_) return;
  close();
  target_ = target;
  failure_.clear();
  pause_ = kPauseMin;
  again_.start(0ms);
}

void Forwarder::send(const events::Entry& entry) {
  if (entry.level > target_.level) return;
  queue(entry);
  flush();
}

std::string Forwarder::text_of(const events::Entry& entry) const {
  const bool by_udp = target_.transport == Transport::kUdp;
  return message(entry, origin_, by_udp ? kDatagramBytesMax : kStreamBytesMax);
}

void Forwarder::queue(const events::Entry& entry) {
  waiting_.push_back(text_of(entry));
  waiting_bytes_ += waiting_.back().size();
  while (waiting_.size() > kWaitingMax || waiting_bytes_ > kWaitingBytesMax) {
    waiting_bytes_ -= waiting_.front().size();
    waiting_.pop_front();
    ++dropped_;
  }
}

std::optional<std::string> Forwarder::take_next() {
  if (dropped_ > 0) {
    const events::Event event{events::Kind::kEventsNotSent,
                              fmt::format("{} events before this one were not sent to {}", dropped_,
                                          target_.server.to_string())};
    dropped_ = 0;
    events::write_to_journal(event);
    return text_of(events::entry_of(event));
  }
  if (waiting_.empty()) return std::nullopt;
  std::string next = std::move(waiting_.front());
  waiting_.pop_front();
  waiting_bytes_ -= next.size();
  return next;
}

void Forwarder::open() {
  if (target_.transport == Transport::kUdp) return open_datagrams();
  const bool by_tls = target_.transport == Transport::kTls;
  auto stream =
      Stream::connect(event_, target_.server, by_tls ? std::optional(target_.trust) : std::nullopt,
                      {.writable =
                           [this] {
                             writable_ = true;
                             if (!is_proved_ && !proving_.running()) proving_.start(kProving);
                             flush();
                           },
                       .ended = [this](const std::string& why) { lost(why); }});
  if (stream) {
    stream_ = std::move(*stream);
  } else {
    lost(stream.error().text);
  }
}

void Forwarder::proved() {
  is_proved_ = true;
  failure_.clear();
  pause_ = kPauseMin;
  flush();
}

void Forwarder::open_datagrams() {
  const health::SocketAddress address(target_.server);
  FileDescriptor fd(::socket(address.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd || ::connect(fd.get(), address.get(), address.size()) != 0) {
    lost(std::strerror(errno));
    return;
  }
  datagrams_ = std::move(fd);
  proved();
}

void Forwarder::lost(const std::string& why) {
  failure_ = fmt::format("{}: {}", target_.server.to_string(), why);
  close();
  again_.start(pause_);
  pause_ = std::min(pause_ * 2, kPauseMax);
}

// To the next connection the message under way goes from its beginning.
void Forwarder::close() {
  stream_.reset();
  datagrams_.reset();
  writable_ = is_proved_ = false;
  proving_.stop();
  if (frame_.empty()) return;
  waiting_.push_front(frame_.substr(frame_.find(' ') + 1));
  waiting_bytes_ += waiting_.front().size();
  frame_.clear();
  sent_ = 0;
}

void Forwarder::flush() {
  if (writable_ && is_proved_) flush_stream();
  while (datagrams_ && (!waiting_.empty() || dropped_ > 0)) {
    const auto datagram = take_next();
    if (!datagram || is_sent(*datagram)) continue;
    // Of one that has left nobody knows whether it arrives; this one has not even left.
    waiting_.push_front(*datagram);
    waiting_bytes_ += datagram->size();
    lost(std::strerror(errno));
  }
}

// A refusal was of one before, which nobody took.
bool Forwarder::is_sent(const std::string& datagram) const {
  const auto send = [&] {
    return ::send(datagrams_.get(), datagram.data(), datagram.size(),
                  MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
  };
  return send() || (errno == ECONNREFUSED && (send() || errno == ECONNREFUSED));
}

void Forwarder::flush_stream() {
  for (;;) {
    if (frame_.empty()) {
      const auto next = take_next();
      if (!next) return;
      frame_ = framed(*next);
    }
    const std::size_t taken = stream_->write(std::string_view(frame_).substr(sent_));
    if (taken == 0) {
      writable_ = false;  // the stream says when it is again
      return;
    }
    sent_ += taken;
    if (sent_ < frame_.size()) continue;
    frame_.clear();
    sent_ = 0;
  }
}

}  // namespace yoke::syslog
