// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "dataplane/net/address.h"
#include "hal/base/file_descriptor.h"
#include "hal/linux/event.h"
#include "mgmt/events/event.h"
#include "mgmt/syslog/message.h"
#include "mgmt/syslog/stream.h"

namespace yoke::syslog {

enum class Transport : std::uint8_t { kUdp, kTcp, kTls };

// Where events go.
struct Target {
  net::Endpoint server;
  Transport transport = Transport::kTls;
  log::Level level = log::Level::kNotice;  // this and worse
  int facility = 16;                       // local0
  Trust trust = {};
  friend bool operator==(const Target&, const Target&) = default;
};

// Sends events to one log server: RFC 5424 by UDP (RFC 5426), TCP (RFC 6587, counted) or TLS
// (RFC 5425). While it is away they wait, the newest 10,000 of them and at most 16 MiB; how many
// were lost is the first thing it is told then. A connection must last a second before it is taken
// for one. What a broken connection had taken already may be
// lost: the protocol acknowledges nothing. Threads: the loop's.
class Forwarder {
 public:
  static constexpr std::size_t kWaitingMax = 10'000;
  static constexpr std::size_t kWaitingBytesMax = std::size_t{16} << 20;

  Forwarder(sd_event* event, Target target, Origin origin);
  Forwarder(const Forwarder&) = delete;
  Forwarder& operator=(const Forwarder&) = delete;
  ~Forwarder();

  // Elsewhere or otherwise from now on; what waits goes there. Where both are as they were nothing
  // happens.
  void follow(const Target& target, const Origin& origin);
  void send(const events::Entry& entry);

  // Why nothing arrives; empty while all is well. Of UDP nobody knows.
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }

 private:
  void queue(const events::Entry& entry);
  void open();
  void open_datagrams();
  void close();
  void flush();
  void flush_stream();
  void lost(const std::string& why);
  void proved();
  [[nodiscard]] bool is_sent(const std::string& datagram) const;
  [[nodiscard]] std::string text_of(const events::Entry& entry) const;
  // What goes next; nothing: all has gone.
  [[nodiscard]] std::optional<std::string> take_next();

  sd_event* event_;
  Target target_;
  Origin origin_;
  std::unique_ptr<Stream> stream_;
  bool writable_ = false, is_proved_ = false;
  FileDescriptor datagrams_;
  std::deque<std::string> waiting_;  // messages, oldest first
  std::size_t waiting_bytes_ = 0;
  // The one under way, which is not among them: a stream that has begun with it must get it whole.
  std::string frame_;
  std::size_t sent_ = 0;       // bytes of it
  std::uint64_t dropped_ = 0;  // since it was told last
  std::string failure_;
  std::chrono::milliseconds pause_;
  hal::Timer again_, proving_;
};

}  // namespace yoke::syslog
