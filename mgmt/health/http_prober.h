// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>

#include <unordered_map>

#include "hal/base/result.h"
#include "mgmt/health/event_source.h"
#include "mgmt/health/http_exchange.h"
#include "mgmt/health/loop_lag.h"
#include "mgmt/health/probe.h"
#include "mgmt/health/tls_client.h"

namespace yoke::health {

// HTTP requests by libcurl, on the event loop. Each is a connection of its own, so that connecting
// is checked as well; redirects are answers like any other; no proxy, no cookies, no name lookup.
// Of an answer's header and of its body the first 64 KiB are read. Threads: the loop's own.
class HttpProber {
 public:
  // `tls` and `lag` outlive this.
  HttpProber(sd_event* loop, const TlsContext& tls, const LoopLag& lag);
  ~HttpProber();
  HttpProber(const HttpProber&) = delete;
  HttpProber& operator=(const HttpProber&) = delete;

  // As Prober::start().
  [[nodiscard]] std::unique_ptr<Probe> start(const net::Endpoint& server, const Check& check,
                                             std::unique_ptr<HttpExchange> exchange,
                                             ProbeDone done);

 private:
  friend class HttpProbe;

  // libcurl says what it waits for, and has to be told that all is well: at one refusal it would
  // end every request there is...
  static int watch(CURL* easy, curl_socket_t fd, int what, void* self, void* per_socket);
  static int arm(CURLM* multi, long timeout_ms, void* self);
  // ...and is told that it has happened.
  static int on_socket(sd_event_source* source, int fd, std::uint32_t events, void* self);
  static int on_timer(sd_event_source* source, std::uint64_t us, void* self);
  void act(curl_socket_t fd, int events);

  sd_event* loop_;
  const TlsContext& tls_;
  const LoopLag& lag_;
  CURLM* multi_;
  EventSource timer_;
  std::unordered_map<curl_socket_t, EventSource> sockets_;
};

}  // namespace yoke::health
