// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "hal/base/clock.h"
#include "hal/base/file_descriptor.h"
#include "mgmt/health/event_source.h"
#include "mgmt/health/loop_lag.h"
#include "mgmt/health/probe.h"
#include "mgmt/health/protocol.h"
#include "mgmt/health/secrecy.h"
#include "mgmt/health/tls_client.h"

namespace yoke::health {

enum class Transport : std::uint8_t {
  kTcp,
  kUdp,
  kPing,  // ICMP by a ping socket, or a raw one where the kernel allows none
};

// A probe that connects and then does what a Protocol says, until that has a verdict or the check's
// time is up, whatever the server says until then: a turn of the loop takes one piece of it, and
// all of a stream at most 64 KiB. TCP connections are reset at the end: nothing is left behind on
// either side, and 16,000 servers leave no 16,000 sockets in TIME_WAIT here; protocols with a
// farewell of their own have said it before. The check's secrets are in no result and no
// transcript. Threads: the loop's own.
class Conversation final : public Probe {
 public:
  struct Plan {
    Transport transport = Transport::kTcp;
    bool tls_first = false;              // from the first byte on
    std::unique_ptr<Protocol> protocol;  // never null
    const TlsContext* tls = nullptr;     // these outlive the probe
    const LoopLag* lag = nullptr;
  };

  Conversation(sd_event* loop, const net::Endpoint& server, const Check& check, Plan plan,
               ProbeDone done);

 private:
  enum class State : std::uint8_t { kConnecting, kSecuring, kTalking };

  static int on_ready(sd_event_source* source, int fd, std::uint32_t events, void* self);
  static int on_timeout(sd_event_source* source, std::uint64_t us, void* self);
  static int on_settled(sd_event_source* source, void* self);

  [[nodiscard]] int open_socket(int family);
  [[nodiscard]] int connect();
  [[nodiscard]] int watch();
  void settle(int error);  // knows the outcome already; tells it in the next turn of the loop

  // Each returns false once the probe has ended, after which `this` may be gone.
  bool look(std::uint32_t events);
  bool look_once_more();
  bool connected();
  bool act(const Move& move);
  bool begin_tls();
  bool secure();
  bool take(std::string_view bytes);
  bool take_plain(std::string_view plain);
  bool ended(std::string_view how);
  bool lost(int error);
  bool read();
  bool flush();
  bool end(ProbeResult result);
  bool end_in_words(Outcome outcome, std::string_view text);

  void send(std::string_view plain);
  void note(std::string_view text) { transcript_.add(elapsed(), secrecy_.keep(text)); }
  [[nodiscard]] std::string_view kind() const { return check_.kind(); }
  [[nodiscard]] bool is_stream() const { return plan_.transport == Transport::kTcp; }
  [[nodiscard]] std::chrono::microseconds elapsed() const;

  sd_event* loop_;
  net::Endpoint server_;
  Check check_;
  Secrecy secrecy_;
  Plan plan_;
  ProbeDone done_;
  MonoTime started_;
  State state_ = State::kConnecting;
  std::string_view stage_ = "connect";
  int error_ = 0;
  std::optional<TlsClient> tls_;
  std::size_t wire_bytes_ = 0, plain_bytes_ = 0;  // that have come
  std::string unread_;                            // plain, not used by the protocol so far
  std::string outgoing_;                          // as it goes out
  std::string warning_;
  Transcript transcript_;
  FileDescriptor socket_;
  EventSource event_;  // after the socket: released before it is closed
  EventSource timer_;
};

}  // namespace yoke::health
