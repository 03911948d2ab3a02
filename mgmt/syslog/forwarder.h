// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
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
// (RFC 5425). While it is away they wait, the newest 10,000 of them; how many were lost is the
// first thing it is told then. What a broken connection had taken already may be lost: the protocol
// acknowledges nothing. Threads: the loop's.
class Forwarder {
 public:
  static constexpr std::size_t kWaitingMax = 10'000;

  Forwarder(sd_event* event, Target target, Origin origin);
  Forwarder(const Forwarder&) = delete;
  Forwarder& operator=(const Forwarder&) = delete;
  ~Forwarder();

  void send(const events::Entry& entry);

  [[nodiscard]] const Target& target() const noexcept { return target_; }
  // Why nothing arrives; empty while all is well. Of UDP nobody knows.
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }

 private:
  void queue(const events::Entry& entry);
  void open();
  void flush();
  void flush_datagrams();
  void lost(const std::string& why);

  sd_event* event_;
  Target target_;
  Origin origin_;
  std::unique_ptr<Stream> stream_;
  bool writable_ = false;
  FileDescriptor datagrams_;
  std::deque<std::string> waiting_;  // as they go over the wire, oldest first
  std::size_t sent_ = 0;             // bytes of the first
  std::uint64_t dropped_ = 0;        // since it was told last
  std::string failure_;
  std::chrono::milliseconds pause_;
  hal::Timer again_;
};

}  // namespace yoke::syslog
