// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/net/address.h"
#include "hal/base/file_descriptor.h"
#include "hal/base/result.h"
#include "hal/linux/event.h"

struct ssl_st;
struct ssl_ctx_st;

// One connection that is only written to, by TCP or TLS, on the event loop. Threads: the loop's.
namespace yoke::syslog {

// Whom TLS 1.2 or 1.3 must find at the other end.
struct Trust {
  std::string authorities;  // PEM file of those who may have issued its certificate; empty: the
                            // system's
  std::string name;         // that it must carry; empty: the address that was connected to
  bool verify = true;
  friend bool operator==(const Trust&, const Trust&) = default;
};

class Stream {
 public:
  struct Handlers {
    std::function<void()> writable;                 // connected, or there is room again
    std::function<void(const std::string&)> ended;  // why; the last call, may destroy the stream
  };

  // Connects; what comes of it is told to the handlers, never from within this call. E-631 for
  // authorities that cannot be read.
  [[nodiscard]] static Result<std::unique_ptr<Stream>> connect(sd_event* event,
                                                               const net::Endpoint& server,
                                                               const std::optional<Trust>& tls,
                                                               Handlers handlers);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();

  // How many bytes of it were taken; 0: `writable` is told when there is room. To be called once
  // `writable` was told.
  [[nodiscard]] std::size_t write(std::string_view bytes);

 private:
  struct FreeSsl {
    void operator()(ssl_st* ssl) const noexcept;
  };
  struct FreeContext {
    void operator()(ssl_ctx_st* context) const noexcept;
  };

  Stream(sd_event* event, FileDescriptor fd, Handlers handlers);
  [[nodiscard]] Status prepare_tls(const net::Endpoint& server, const Trust& trust);
  void on_ready(std::uint32_t events);
  [[nodiscard]] bool handshake();
  [[nodiscard]] bool peer_is_there();
  void end(const std::string& why);  // may destroy us, so `why` must not be ours
  [[nodiscard]] std::string tls_reason() const;

  FileDescriptor fd_;
  Handlers handlers_;
  std::unique_ptr<ssl_ctx_st, FreeContext> context_;
  std::unique_ptr<ssl_st, FreeSsl> ssl_;
  bool connected_ = false, open_ = false, wants_room_ = false;
  std::string failure_;  // of a write, told when the loop turns
  hal::IoSource io_;
  hal::Timer late_;
};

}  // namespace yoke::syslog
