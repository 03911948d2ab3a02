// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/http_prober.h"

#include <sys/epoll.h>

#include "mgmt/health/http_probe.h"

namespace yoke::health {
namespace {

std::uint32_t epoll_events(int what) {
  std::uint32_t events = 0;
  if ((what & CURL_POLL_IN) != 0) events |= EPOLLIN;
  if ((what & CURL_POLL_OUT) != 0) events |= EPOLLOUT;
  return events;
}

int curl_events(std::uint32_t events) {
  int out = 0;
  if ((events & EPOLLIN) != 0) out |= CURL_CSELECT_IN;
  if ((events & EPOLLOUT) != 0) out |= CURL_CSELECT_OUT;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) out |= CURL_CSELECT_ERR;
  return out;
}

HttpProbe& probe_of(CURL* easy) {
  void* probe = nullptr;
  (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &probe);
  return *static_cast<HttpProbe*>(probe);
}

}  // namespace

HttpProber::HttpProber(sd_event* loop, const TlsContext& tls, const LoopLag& lag)
    : loop_(loop), tls_(tls), lag_(lag) {
  (void)curl_global_init(CURL_GLOBAL_DEFAULT);
  multi_ = curl_multi_init();
  (void)curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &HttpProber::watch);
  (void)curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  (void)curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &HttpProber::arm);
  (void)curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  sd_event_source* timer = nullptr;
  (void)sd_event_add_time(loop_, &timer, CLOCK_MONOTONIC, 0, kTimerAccuracyUs, on_timer, this);
  timer_.reset(timer);
  (void)sd_event_source_set_enabled(timer, SD_EVENT_OFF);
}

HttpProber::~HttpProber() {
  (void)curl_multi_cleanup(multi_);
  curl_global_cleanup();
}

std::unique_ptr<Probe> HttpProber::start(const net::Endpoint& server, const Check& check,
                                         std::unique_ptr<HttpExchange> exchange, ProbeDone done) {
  return std::make_unique<HttpProbe>(loop_, multi_, server, check,
                                     HttpProbe::Plan{std::move(exchange), &tls_, &lag_},
                                     std::move(done));
}

int HttpProber::watch(CURL* easy, curl_socket_t fd, int what, void* self, void* /*per_socket*/) {
  auto& me = *static_cast<HttpProber*>(self);
  if (what == CURL_POLL_REMOVE) {
    me.sockets_.erase(fd);
    return 0;
  }
  auto& source = me.sockets_[fd];
  int rc = 0;
  if (source) {
    rc = sd_event_source_set_io_events(source.get(), epoll_events(what));
  } else {
    sd_event_source* added = nullptr;
    rc = sd_event_add_io(me.loop_, &added, fd, epoll_events(what), on_socket, self);
    source.reset(added);
  }
  if (rc < 0) probe_of(easy).give_up(-rc);  // and ends with its timeout
  return 0;
}

int HttpProber::arm(CURLM* /*multi*/, long timeout_ms, void* self) {
  sd_event_source* timer = static_cast<HttpProber*>(self)->timer_.get();
  if (timeout_ms < 0) {
    (void)sd_event_source_set_enabled(timer, SD_EVENT_OFF);
    return 0;
  }
  const auto due = MonoClock::now() + std::chrono::milliseconds(timeout_ms);
  (void)sd_event_source_set_time(timer, loop_us(due));
  (void)sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
  return 0;
}

int HttpProber::on_socket(sd_event_source* /*source*/, int fd, std::uint32_t events, void* self) {
  static_cast<HttpProber*>(self)->act(fd, curl_events(events));
  return 0;
}

int HttpProber::on_timer(sd_event_source* /*source*/, std::uint64_t /*us*/, void* self) {
  static_cast<HttpProber*>(self)->act(CURL_SOCKET_TIMEOUT, 0);
  return 0;
}

void HttpProber::act(curl_socket_t fd, int events) {
  int running = 0;
  (void)curl_multi_socket_action(multi_, fd, events, &running);
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;  // `message` goes with its request
    probe_of(message->easy_handle).finish(code);
  }
}

}  // namespace yoke::health
