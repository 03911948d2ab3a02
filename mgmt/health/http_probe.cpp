// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/http_probe.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "mgmt/health/probe_text.h"

namespace yoke::health {
namespace {

constexpr std::size_t kHeaderBytesMax = 65536;
constexpr std::size_t kBodyBytesMax = 65536;

// True if every option was taken.
template <typename T>
bool option(CURL* easy, CURLoption name, T value) {
  return curl_easy_setopt(easy, name, value) == CURLE_OK;
}

}  // namespace

HttpProbe::HttpProbe(sd_event* loop, CURLM* multi, const net::Endpoint& server, const Check& check,
                     ProbeDone done)
    : multi_(multi),
      expect_(check.expect),
      timeout_(check.timeout),
      done_(std::move(done)),
      easy_(curl_easy_init()) {
  if (easy_ && set_up(server, check) && set_headers(check) &&
      curl_multi_add_handle(multi_, easy_.get()) == CURLM_OK) {
    return;
  }
  easy_.reset();
  sd_event_source* source = nullptr;
  (void)sd_event_add_defer(loop, &source, on_not_started, this);
  not_started_.reset(source);
}

HttpProbe::~HttpProbe() {
  if (easy_) (void)curl_multi_remove_handle(multi_, easy_.get());
}

bool HttpProbe::set_up(const net::Endpoint& server, const Check& check) {
  CURL* easy = easy_.get();
  const std::string url = fmt::format("http://{}/", server.to_string());
  return option(easy, CURLOPT_URL, url.c_str()) &&
         option(easy, CURLOPT_REQUEST_TARGET, check.path.c_str()) &&
         option(easy, CURLOPT_NOBODY, check.head ? 1L : 0L) &&
         option(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(check.timeout.count())) &&
         option(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(check.timeout.count())) &&
         option(easy, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1}) &&
         option(easy, CURLOPT_PROTOCOLS_STR, "http") && option(easy, CURLOPT_FOLLOWLOCATION, 0L) &&
         option(easy, CURLOPT_PROXY, "") && option(easy, CURLOPT_NOSIGNAL, 1L) &&
         option(easy, CURLOPT_FRESH_CONNECT, 1L) && option(easy, CURLOPT_FORBID_REUSE, 1L) &&
         option(easy, CURLOPT_USERAGENT, "yoke-check") &&
         option(easy, CURLOPT_OPENSOCKETFUNCTION, &HttpProbe::open_socket) &&
         option(easy, CURLOPT_OPENSOCKETDATA, this) &&
         option(easy, CURLOPT_HEADERFUNCTION, &HttpProbe::take_header) &&
         option(easy, CURLOPT_HEADERDATA, this) &&
         option(easy, CURLOPT_WRITEFUNCTION, &HttpProbe::take_body) &&
         option(easy, CURLOPT_WRITEDATA, this) &&
         option(easy, CURLOPT_PRIVATE, static_cast<void*>(this));
}

bool HttpProbe::set_headers(const Check& check) {
  headers_.reset(curl_slist_append(nullptr, "Connection: close"));
  if (!headers_) return false;
  if (!check.host.empty() &&
      curl_slist_append(headers_.get(), ("Host: " + check.host).c_str()) == nullptr) {
    return false;
  }
  return option(easy_.get(), CURLOPT_HTTPHEADER, headers_.get());
}

curl_socket_t HttpProbe::open_socket(void* self, curlsocktype /*purpose*/, curl_sockaddr* address) {
  auto& me = *static_cast<HttpProbe*>(self);
  const int fd = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  me.socket_error_ = fd < 0 ? errno : 0;
  return fd < 0 ? CURL_SOCKET_BAD : fd;
}

std::size_t HttpProbe::take_header(char* /*data*/, std::size_t size, std::size_t count,
                                   void* self) {
  auto& me = *static_cast<HttpProbe*>(self);
  me.header_bytes_ += size * count;
  return me.header_bytes_ > kHeaderBytesMax ? 0 : size * count;
}

std::size_t HttpProbe::take_body(char* /*data*/, std::size_t size, std::size_t count, void* self) {
  auto& me = *static_cast<HttpProbe*>(self);
  me.body_bytes_ += size * count;
  return me.body_bytes_ > kBodyBytesMax ? 0 : size * count;
}

int HttpProbe::on_not_started(sd_event_source* /*source*/, void* self) {
  const ProbeDone done = std::move(static_cast<HttpProbe*>(self)->done_);
  done({Outcome::kNotTried, "not tried: the request could not be made", {}});
  return 0;
}

void HttpProbe::finish(CURLcode code) {
  ProbeResult result = result_of(code);
  const ProbeDone done = std::move(done_);
  done(std::move(result));
}

ProbeResult HttpProbe::result_of(CURLcode code) const {
  curl_off_t us = 0;
  (void)curl_easy_getinfo(easy_.get(), CURLINFO_TOTAL_TIME_T, &us);
  const std::chrono::microseconds duration(us);
  const auto failed = [duration](std::string text) {
    return ProbeResult{Outcome::kFailed, std::move(text), duration};
  };
  if (code == CURLE_OK || body_bytes_ > kBodyBytesMax) return judge_status(duration);
  if (code == CURLE_OPERATION_TIMEDOUT) return timed_out(timeout_, stage(), duration);
  if (header_bytes_ > kHeaderBytesMax) return failed("http header longer than 64 KiB");
  if (code == CURLE_COULDNT_CONNECT) return judge_connect(duration);
  if (code == CURLE_GOT_NOTHING) return failed("http closed without an answer");
  if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_WEIRD_SERVER_REPLY) {
    return failed("http answer is not HTTP");
  }
  if (code == CURLE_PARTIAL_FILE) return failed(fmt::format("http {} cut short", status()));
  if (code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR) return failed("http connection reset");
  if (code == CURLE_OUT_OF_MEMORY) return {Outcome::kNotTried, "not tried: no memory", duration};
  return failed(fmt::format("http {}", curl_easy_strerror(code)));
}

ProbeResult HttpProbe::judge_status(std::chrono::microseconds duration) const {
  const long code = status();
  const bool expected = std::any_of(expect_.begin(), expect_.end(), [code](const StatusRange& r) {
    return code >= r.first && code <= r.last;
  });
  if (!expected) return {Outcome::kFailed, status_text(code, expect_), duration};
  return {Outcome::kPassed, fmt::format("http {} {}", code, duration_text(duration)), duration};
}

ProbeResult HttpProbe::judge_connect(std::chrono::microseconds duration) const {
  long error = socket_error_;
  if (error == 0) (void)curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &error);
  if (error == 0) return {Outcome::kFailed, "http no connection", duration};
  return socket_failure(CheckType::kHttp, static_cast<int>(error), duration);
}

std::string_view HttpProbe::stage() const {
  curl_off_t connected_us = 0;
  (void)curl_easy_getinfo(easy_.get(), CURLINFO_CONNECT_TIME_T, &connected_us);
  if (connected_us == 0) return "connect";
  return body_bytes_ == 0 ? "answer" : "body";
}

long HttpProbe::status() const {
  long code = 0;
  (void)curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &code);
  return code;
}

}  // namespace yoke::health
