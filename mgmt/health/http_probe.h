// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>

#include <array>
#include <cstdint>
#include <memory>

#include "mgmt/health/event_source.h"
#include "mgmt/health/http_exchange.h"
#include "mgmt/health/loop_lag.h"
#include "mgmt/health/probe.h"
#include "mgmt/health/tls_client.h"

namespace yoke::health {

// One HTTP request under way; made by HttpProber, whose `multi` drives it. Threads: the loop's own.
class HttpProbe final : public Probe {
 public:
  struct Plan {
    std::unique_ptr<HttpExchange> exchange;  // never null
    const TlsContext* tls = nullptr;         // these outlive the probe
    const LoopLag* lag = nullptr;
  };

  HttpProbe(sd_event* loop, CURLM* multi, const net::Endpoint& server, const Check& check,
            Plan plan, ProbeDone done);
  ~HttpProbe() override;
  HttpProbe(const HttpProbe&) = delete;
  HttpProbe& operator=(const HttpProbe&) = delete;

  // libcurl has ended it, with `code`. `this` may be gone afterwards.
  void finish(CURLcode code);
  // This unit lacked something along the way: whatever libcurl says in the end, nothing was tried.
  void give_up(int error) noexcept { own_error_ = error; }

 private:
  struct EasyRelease {
    void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
  };
  struct ListRelease {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
  };
  using List = std::unique_ptr<curl_slist, ListRelease>;

  [[nodiscard]] bool set_up(const net::Endpoint& server, const HttpRequest& request);
  [[nodiscard]] bool set_request(const HttpRequest& request);
  [[nodiscard]] bool set_tls();
  [[nodiscard]] bool set_callbacks();
  // libcurl tells no reason where there is no socket to be had: ours to remember.
  static curl_socket_t open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int close_socket(void* self, curl_socket_t fd);
  // Notes what libcurl does not tell: how much has come, of a header that it breaks off; whether
  // the connection stood, where TLS never did.
  void look_at_socket();
  static CURLcode lend_trust(CURL* easy, void* context, void* self);
  // Keeps what comes in, and breaks off what is more than a check needs.
  static std::size_t take_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t take_body(char* data, std::size_t size, std::size_t count, void* self);
  static int on_not_started(sd_event_source* source, void* self);

  [[nodiscard]] ProbeResult result_of(CURLcode code) const;
  [[nodiscard]] bool header_is_too_long(CURLcode code) const;
  [[nodiscard]] ProbeResult failure(std::string_view text) const;
  [[nodiscard]] ProbeResult judge_answer() const;
  [[nodiscard]] ProbeResult judge_connect() const;
  [[nodiscard]] ProbeResult judge_failure(CURLcode code) const;
  [[nodiscard]] Transcript transcript_of(const ProbeResult& result) const;
  [[nodiscard]] std::string certificate_warning() const;
  [[nodiscard]] std::string_view stage() const;
  // Of a connection that stood: a socket that was reset does not say so any more.
  [[nodiscard]] std::string_view stage_connected() const;
  [[nodiscard]] std::chrono::microseconds time_of(CURLINFO moment) const;
  [[nodiscard]] long status() const;

  CURLM* multi_;
  std::string kind_;
  Plan plan_;
  TlsWishes tls_;
  bool speaks_tls_;
  std::chrono::milliseconds timeout_;
  ProbeDone done_;
  MonoTime started_;
  int own_error_ = 0;  // errno of what this unit lacked
  std::string_view lack_ = "the request could not be made";
  std::array<char, CURL_ERROR_SIZE> reason_{};  // libcurl's own words
  std::size_t header_bytes_ = 0;
  curl_socket_t socket_ = CURL_SOCKET_BAD;  // libcurl's, while it is open
  std::uint64_t bytes_came_ = 0;            // over the wire, as last looked at
  bool was_connected_ = false;              // as last looked at
  bool body_is_cut_ = false;
  CertificateEnd certificate_end_;
  HttpAnswer answer_;
  List headers_, connect_to_;
  std::unique_ptr<CURL, EasyRelease> easy_;
  EventSource not_started_;
};

}  // namespace yoke::health
