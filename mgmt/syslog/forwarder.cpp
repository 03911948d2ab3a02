// SPDX-License-Identifier: Apache-2.0
#include "mgmt/syslog/forwarder.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "mgmt/health/socket_address.h"

namespace yoke::syslog {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds kPauseMin = 1s, kPauseMax = 60s;
// RFC 5425: a receiver must take 2048 and should take 8192. RFC 5426: 2048 by UDP.
constexpr std::size_t kStreamBytesMax = 8192, kDatagramBytesMax = 2048;

}  // namespace

Forwarder::Forwarder(sd_event* event, Target target, Origin origin)
    : event_(event),
      target_(std::move(target)),
      origin_(std::move(origin)),
      pause_(kPauseMin),
      again_(event, [this] { open(); }) {
  origin_.facility = target_.facility;
  again_.start(0ms);
}

Forwarder::~Forwarder() {
  if (stream_ && writable_) flush();  // the last words of a process that ends
}

void Forwarder::send(const events::Entry& entry) {
  if (entry.level > target_.level) return;
  queue(entry);
  flush();
}

void Forwarder::queue(const events::Entry& entry) {
  if (target_.transport == Transport::kUdp) {
    waiting_.push_back(message(entry, origin_, kDatagramBytesMax));
  } else {
    waiting_.push_back(framed(message(entry, origin_, kStreamBytesMax)));
  }
  if (waiting_.size() <= kWaitingMax) return;
  // One that has gone in part must go whole.
  waiting_.erase(waiting_.begin() + (sent_ > 0 ? 1 : 0));
  ++dropped_;
}

void Forwarder::open() {
  if (target_.transport == Transport::kUdp) {
    const health::SocketAddress address(target_.server);
    datagrams_ =
        FileDescriptor(::socket(address.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!datagrams_ || ::connect(datagrams_.get(), address.get(), address.size()) != 0) {
      datagrams_.reset();
      again_.start(kPauseMin);
    }
    flush();
    return;
  }
  const bool by_tls = target_.transport == Transport::kTls;
  auto stream =
      Stream::connect(event_, target_.server, by_tls ? std::optional(target_.trust) : std::nullopt,
                      {.writable =
                           [this] {
                             writable_ = true;
                             failure_.clear();
                             pause_ = kPauseMin;
                             flush();
                           },
                       .ended = [this](const std::string& why) { lost(why); }});
  if (stream) {
    stream_ = std::move(*stream);
  } else {
    lost(stream.error().text);
  }
}

void Forwarder::lost(const std::string& why) {
  failure_ = fmt::format("{}: {}", target_.server.to_string(), why);
  stream_.reset();
  writable_ = false;
  sent_ = 0;  // to a new connection the message goes from its beginning
  again_.start(pause_);
  pause_ = std::min(pause_ * 2, kPauseMax);
}

void Forwarder::flush() {
  if (datagrams_) {
    flush_datagrams();
    return;
  }
  if (!writable_) return;
  if (dropped_ > 0) {
    events::Event event{events::Kind::kEventsNotSent,
                        fmt::format("{} events were not sent to {} while it was away", dropped_,
                                    target_.server.to_string())};
    dropped_ = 0;
    queue(events::entry_of(event));
  }
  while (!waiting_.empty()) {
    const std::string_view rest = std::string_view(waiting_.front()).substr(sent_);
    const std::size_t taken = stream_->write(rest);
    if (taken == 0) {
      writable_ = false;  // the stream says when it is again
      return;
    }
    sent_ += taken;
    if (taken < rest.size()) continue;
    waiting_.pop_front();
    sent_ = 0;
  }
}

// Nobody knows of a datagram whether it has arrived; one that cannot even be sent is gone too.
void Forwarder::flush_datagrams() {
  for (const std::string& datagram : std::exchange(waiting_, {})) {
    (void)::send(datagrams_.get(), datagram.data(), datagram.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  }
}

}  // namespace yoke::syslog
