// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>

#include <memory>

#include "mgmt/health/event_source.h"
#include "mgmt/health/probe.h"

namespace yoke::health {

// One HTTP request under way; made by HttpProber, whose `multi` drives it. Threads: the loop's own.
class HttpProbe final : public Probe {
 public:
  HttpProbe(sd_event* loop, CURLM* multi, const net::Endpoint& server, const Check& check,
            ProbeDone done);
  ~HttpProbe() override;
  HttpProbe(const HttpProbe&) = delete;
  HttpProbe& operator=(const HttpProbe&) = delete;

  // libcurl has ended it, with `code`. `this` may be gone afterwards.
  void finish(CURLcode code);

 private:
  struct EasyRelease {
    void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
  };
  struct ListRelease {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
  };

  [[nodiscard]] bool set_up(const net::Endpoint& server, const Check& check);
  [[nodiscard]] bool set_headers(const Check& check);
  // libcurl tells no reason where there is no socket to be had: ours to remember.
  static curl_socket_t open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  // Counts what comes in, and breaks off what is more than a check needs.
  static std::size_t take_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t take_body(char* data, std::size_t size, std::size_t count, void* self);
  static int on_not_started(sd_event_source* source, void* self);

  [[nodiscard]] ProbeResult result_of(CURLcode code) const;
  [[nodiscard]] ProbeResult judge_status(std::chrono::microseconds duration) const;
  [[nodiscard]] ProbeResult judge_connect(std::chrono::microseconds duration) const;
  [[nodiscard]] std::string_view stage() const;
  [[nodiscard]] long status() const;

  CURLM* multi_;
  std::vector<StatusRange> expect_;
  std::chrono::milliseconds timeout_;
  ProbeDone done_;
  int socket_error_ = 0;
  std::size_t header_bytes_ = 0;
  std::size_t body_bytes_ = 0;
  std::unique_ptr<curl_slist, ListRelease> headers_;
  std::unique_ptr<CURL, EasyRelease> easy_;
  EventSource not_started_;
};

}  // namespace yoke::health
