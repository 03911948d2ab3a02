// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/http_probe.h"

#include <fmt/format.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

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

// What this unit lacks or has done itself; no server can bring it about, but for a want of memory.
bool is_ours(CURLcode code) {
  constexpr std::array kOurs{CURLE_OUT_OF_MEMORY,         CURLE_FAILED_INIT,
                             CURLE_ABORTED_BY_CALLBACK,   CURLE_SSL_CACERT_BADFILE,
                             CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_CERTPROBLEM};
  return std::ranges::find(kOurs, code) != kOurs.end();
}

template <typename List>
bool append(List& list, const std::string& line) {
  curl_slist* const longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) return false;
  (void)list.release();
  list.reset(longer);
  return true;
}

// What libcurl says of a handshake, as TlsClient says it: "OpenSSL/3.0.19: error:0A000410:SSL
// routines::sslv3 alert handshake failure", "OpenSSL SSL_connect: Connection reset by peer in ...".
std::string tls_failure(const std::string& words) {
  constexpr std::string_view kReason = "SSL routines::";
  const auto at = words.rfind(kReason);
  if (at == std::string::npos) return "closed at TLS handshake";
  const std::string reason = words.substr(at + kReason.size());
  if (reason == "wrong version number") return std::string(kSpeaksNoTls);
  return "TLS: " + reason;
}

}  // namespace

HttpProbe::HttpProbe(sd_event* loop, CURLM* multi, const net::Endpoint& server, const Check& check,
                     Plan plan, ProbeDone done)
    : multi_(multi),
      kind_(check.kind()),
      plan_(std::move(plan)),
      tls_(tls_wishes_of(check.settings)),
      speaks_tls_(false),
      timeout_(check.timeout),
      done_(std::move(done)),
      started_(MonoClock::now()),
      easy_(curl_easy_init()) {
  const HttpRequest request = plan_.exchange->request();
  speaks_tls_ = request.tls;
  if (easy_ && set_up(server, request) && set_request(request) && set_callbacks() &&
      (!speaks_tls_ || set_tls()) && curl_multi_add_handle(multi_, easy_.get()) == CURLM_OK) {
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

bool HttpProbe::set_up(const net::Endpoint& server, const HttpRequest& request) {
  CURL* easy = easy_.get();
  // The name in the URL is the one that TLS asks for; where the connection goes is said apart.
  const std::string address = server.to_string();
  const std::string authority =
      tls_.name.empty() || !request.tls ? address : fmt::format("{}:{}", tls_.name, server.port);
  const std::string url = fmt::format("{}://{}/", request.tls ? "https" : "http", authority);
  if (!append(connect_to_, "::" + address)) return false;
  const long version = !request.http2 ? long{CURL_HTTP_VERSION_1_1}
                       : request.tls  ? long{CURL_HTTP_VERSION_2TLS}
                                      : long{CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE};
  return option(easy, CURLOPT_URL, url.c_str()) &&
         option(easy, CURLOPT_CONNECT_TO, connect_to_.get()) &&
         option(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_.count())) &&
         option(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(timeout_.count())) &&
         option(easy, CURLOPT_HTTP_VERSION, version) &&
         option(easy, CURLOPT_PROTOCOLS_STR, "http,https") &&
         option(easy, CURLOPT_FOLLOWLOCATION, 0L) && option(easy, CURLOPT_PROXY, "") &&
         option(easy, CURLOPT_NOSIGNAL, 1L) && option(easy, CURLOPT_FRESH_CONNECT, 1L) &&
         option(easy, CURLOPT_FORBID_REUSE, 1L) && option(easy, CURLOPT_USERAGENT, "yoke-check") &&
         option(easy, CURLOPT_ERRORBUFFER, reason_.data()) &&
         option(easy, CURLOPT_PRIVATE, static_cast<void*>(this));
}

bool HttpProbe::set_request(const HttpRequest& request) {
  CURL* easy = easy_.get();
  if (!request.http2 && !append(headers_, "Connection: close")) return false;
  if (!request.host.empty() && !append(headers_, "Host: " + request.host)) return false;
  for (const std::string& line : request.headers) {
    if (!append(headers_, line)) return false;
  }
  if (request.post) {
    const auto size = static_cast<long>(request.post->size());
    if (!option(easy, CURLOPT_POSTFIELDSIZE, size) ||
        !option(easy, CURLOPT_COPYPOSTFIELDS, request.post->data())) {
      return false;
    }
  }
  return option(easy, CURLOPT_REQUEST_TARGET, request.path.c_str()) &&
         (!request.head || option(easy, CURLOPT_NOBODY, 1L)) &&
         option(easy, CURLOPT_HTTPHEADER, headers_.get());
}

// libcurl reads no certificates to trust itself: it would for each probe, and in addition to a file
// those of the system.
bool HttpProbe::set_tls() {
  CURL* easy = easy_.get();
  if (const auto lack = plan_.tls->lack(tls_)) {
    lack_ = *lack;
    return false;
  }
  const char* const none = nullptr;
  return option(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L) && option(easy, CURLOPT_CAINFO, none) &&
         option(easy, CURLOPT_CAPATH, none) && option(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L) &&
         option(easy, CURLOPT_SSL_VERIFYPEER, tls_.verify ? 1L : 0L) &&
         option(easy, CURLOPT_SSL_VERIFYHOST, tls_.verify ? 2L : 0L) &&
         option(easy, CURLOPT_SSL_CTX_FUNCTION, &HttpProbe::lend_trust) &&
         option(easy, CURLOPT_SSL_CTX_DATA, this);
}

CURLcode HttpProbe::lend_trust(CURL* /*easy*/, void* context, void* self) {
  auto& me = *static_cast<HttpProbe*>(self);
  me.plan_.tls->lend_trust(static_cast<SSL_CTX*>(context), me.certificate_end_);
  return CURLE_OK;
}

bool HttpProbe::set_callbacks() {
  CURL* easy = easy_.get();
  return option(easy, CURLOPT_OPENSOCKETFUNCTION, &HttpProbe::open_socket) &&
         option(easy, CURLOPT_OPENSOCKETDATA, this) &&
         option(easy, CURLOPT_CLOSESOCKETFUNCTION, &HttpProbe::close_socket) &&
         option(easy, CURLOPT_CLOSESOCKETDATA, this) &&
         option(easy, CURLOPT_HEADERFUNCTION, &HttpProbe::take_header) &&
         option(easy, CURLOPT_HEADERDATA, this) &&
         option(easy, CURLOPT_WRITEFUNCTION, &HttpProbe::take_body) &&
         option(easy, CURLOPT_WRITEDATA, this);
}

curl_socket_t HttpProbe::open_socket(void* self, curlsocktype /*purpose*/, curl_sockaddr* address) {
  auto& me = *static_cast<HttpProbe*>(self);
  const int fd = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd < 0) {
    me.give_up(errno);
    return CURL_SOCKET_BAD;
  }
  me.socket_ = fd;
  // Reset at the end, so that 16,000 of them leave nothing behind.
  const linger reset{.l_onoff = 1, .l_linger = 0};
  (void)::setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  return fd;
}

int HttpProbe::close_socket(void* self, curl_socket_t fd) {
  auto& me = *static_cast<HttpProbe*>(self);
  me.look_at_socket();
  me.socket_ = CURL_SOCKET_BAD;
  return ::close(fd);
}

void HttpProbe::look_at_socket() {
  if (socket_ == CURL_SOCKET_BAD) return;
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket_, IPPROTO_TCP, TCP_INFO, &info, &size) == 0) {
    bytes_came_ = info.tcpi_bytes_received;
  }
  sockaddr_storage peer{};
  size = sizeof peer;
  was_connected_ = ::getpeername(socket_, reinterpret_cast<sockaddr*>(&peer), &size) == 0;
}

std::size_t HttpProbe::take_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& me = *static_cast<HttpProbe*>(self);
  std::string_view line(data, size * count);
  me.header_bytes_ += line.size();
  if (me.header_bytes_ > kHeaderBytesMax) return 0;
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  if (!line.empty()) me.answer_.headers.emplace_back(line);
  return size * count;
}

std::size_t HttpProbe::take_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& me = *static_cast<HttpProbe*>(self);
  const std::size_t room = kBodyBytesMax - me.answer_.body.size();
  me.answer_.body.append(data, std::min(size * count, room));
  me.body_is_cut_ = size * count > room;
  return me.body_is_cut_ ? 0 : size * count;
}

int HttpProbe::on_not_started(sd_event_source* /*source*/, void* self) {
  auto& me = *static_cast<HttpProbe*>(self);
  const ProbeDone done = std::move(me.done_);
  done(not_tried(me.lack_, {}));
  return 0;
}

void HttpProbe::finish(CURLcode code) {
  look_at_socket();
  answer_.status = status();
  ProbeResult result = result_of(code);
  if (const std::string warning = certificate_warning(); !warning.empty()) {
    result.text += "; " + warning;
  }
  result.transcript = transcript_of(result);
  result.certificate_end = certificate_end_;
  const ProbeDone done = std::move(done_);
  done(std::move(result));
}

ProbeResult HttpProbe::failure(std::string_view text) const {
  return {Outcome::kFailed, fmt::format("{} {}", kind_, text), time_of(CURLINFO_TOTAL_TIME_T), {}};
}

ProbeResult HttpProbe::result_of(CURLcode code) const {
  const auto duration = time_of(CURLINFO_TOTAL_TIME_T);
  if (code == CURLE_OK || body_is_cut_) return judge_answer();
  if (own_error_ != 0) return not_tried(std::generic_category().message(own_error_), duration);
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return timed_out(timeout_, stage(), duration, plan_.lag->since(started_));
  }
  if (header_is_too_long(code)) return failure("header longer than 64 KiB");
  return judge_failure(code);
}

// libcurl calls it a want of memory where one line is longer than it takes, 100 KB, of which no end
// is told. Of a body no more than a part is ever read.
bool HttpProbe::header_is_too_long(CURLcode code) const {
  const bool is_past_libcurl = code == CURLE_OUT_OF_MEMORY && bytes_came_ > kHeaderBytesMax;
  return header_bytes_ > kHeaderBytesMax || is_past_libcurl;
}

ProbeResult HttpProbe::judge_failure(CURLcode code) const {
  const std::string words = reason_[0] == '\0' ? curl_easy_strerror(code) : reason_.data();
  if (is_ours(code)) return not_tried(words, time_of(CURLINFO_TOTAL_TIME_T));
  if (code == CURLE_COULDNT_CONNECT) return judge_connect();
  if (code == CURLE_GOT_NOTHING) return failure("closed without an answer");
  if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_WEIRD_SERVER_REPLY) {
    return failure("answer is not HTTP");
  }
  if (code == CURLE_PARTIAL_FILE && status() == 0) return failure("closed without an answer");
  if (code == CURLE_PARTIAL_FILE) return failure(fmt::format("{} cut short", status()));
  if (code == CURLE_SSL_CONNECT_ERROR) return failure(tls_failure(words));
  if (words.ends_with("in chunked-encoding")) {
    return failure(fmt::format("{} body is not chunked as its header says", status()));
  }
  if (code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR) {
    return failure(fmt::format("connection reset at {}", stage_connected()));
  }
  return failure(words);
}

ProbeResult HttpProbe::judge_answer() const {
  const Move verdict = plan_.exchange->judge(answer_);
  if (verdict.next != Move::Next::kPassed) return failure(verdict.text);
  const auto duration = time_of(CURLINFO_TOTAL_TIME_T);
  return {Outcome::kPassed,
          fmt::format("{} {} {}", kind_, verdict.text, duration_text(duration)),
          duration,
          {}};
}

ProbeResult HttpProbe::judge_connect() const {
  long error = 0;
  (void)curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &error);
  if (error == 0) return failure("no connection");
  // Nothing is refused by a reset that was not there before: it stood, and went at once.
  const bool stood = error == ECONNRESET || error == EPIPE;
  return socket_failure(kind_, static_cast<int>(error), time_of(CURLINFO_TOTAL_TIME_T),
                        stood ? "connect" : "");
}

Transcript HttpProbe::transcript_of(const ProbeResult& result) const {
  Transcript transcript;
  const auto note = [&](CURLINFO moment, std::string_view text) {
    const auto at = time_of(moment);
    if (at.count() > 0) transcript.add(at, text);
  };
  note(CURLINFO_CONNECT_TIME_T, "connected");
  note(CURLINFO_APPCONNECT_TIME_T, "TLS stands");
  if (!answer_.headers.empty()) note(CURLINFO_STARTTRANSFER_TIME_T, answer_.headers.front());
  if (!answer_.body.empty()) {
    note(CURLINFO_TOTAL_TIME_T, fmt::format("body: {} bytes", answer_.body.size()));
  }
  transcript.add(result.duration, result.text);
  return transcript;
}

// Of a connection that stands: where it does not, libcurl has said what is wrong.
std::string HttpProbe::certificate_warning() const {
  if (!certificate_end_ || time_of(CURLINFO_APPCONNECT_TIME_T).count() == 0) return {};
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return expiry_warning(*certificate_end_ - now, tls_.warn_days);
}

std::string_view HttpProbe::stage() const { return was_connected_ ? stage_connected() : "connect"; }

std::string_view HttpProbe::stage_connected() const {
  if (speaks_tls_ && time_of(CURLINFO_APPCONNECT_TIME_T).count() == 0) return "TLS handshake";
  return answer_.body.empty() ? "answer" : "body";
}

std::chrono::microseconds HttpProbe::time_of(CURLINFO moment) const {
  curl_off_t us = 0;
  (void)curl_easy_getinfo(easy_.get(), moment, &us);
  return std::chrono::microseconds(us);
}

long HttpProbe::status() const {
  long code = 0;
  (void)curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &code);
  return code;
}

}  // namespace yoke::health
