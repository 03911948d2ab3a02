// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/socket_prober.h"

#include <sys/resource.h>

#include <chrono>
#include <utility>

#include "hal/linux/event.h"
#include "mgmt/health/conversation.h"
#include "mgmt/health/kinds.h"
#include "mgmt/health/probe_text.h"

namespace yoke::health {
namespace {

std::size_t descriptors_for_probes() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  return limit.rlim_cur / 4 * 3;
}

// A probe, counted for as long as it is there.
class CountedProbe final : public Probe {
 public:
  CountedProbe(std::size_t& count, std::unique_ptr<Probe> probe)
      : count_(count), probe_(std::move(probe)) {
    ++count_;
  }
  CountedProbe(const CountedProbe&) = delete;
  CountedProbe& operator=(const CountedProbe&) = delete;
  ~CountedProbe() override { --count_; }

 private:
  std::size_t& count_;
  std::unique_ptr<Probe> probe_;
};

// One for which there is no room: it says so in the next turn of the loop.
class RefusedProbe final : public Probe {
 public:
  RefusedProbe(sd_event* loop, ProbeDone done)
      : timer_(loop,
               [done = std::move(done)] { done(not_tried("too many probes are under way", {})); }) {
    timer_.start(std::chrono::milliseconds(0));
  }

 private:
  hal::Timer timer_;
};

}  // namespace

SocketProber::SocketProber(sd_event* loop, const std::string& trusted, ScriptProber::Place scripts)
    : loop_(loop),
      lag_(loop),
      tls_(trusted),
      http_(loop, tls_, lag_),
      scripts_(loop, lag_, std::move(scripts)),
      under_way_max_(descriptors_for_probes()) {}

std::unique_ptr<Probe> SocketProber::start(const net::Endpoint& server, const Check& check,
                                           ProbeDone done) {
  net::Endpoint target = server;
  if (check.port != 0) target.port = check.port;
  const Kind& kind = *kind_of(check);
  if (is_script(kind)) return scripts_.start(target, check, std::move(done));
  if (under_way_ >= under_way_max_) return std::make_unique<RefusedProbe>(loop_, std::move(done));
  return std::make_unique<CountedProbe>(under_way_, begin(kind, target, check, std::move(done)));
}

std::unique_ptr<Probe> SocketProber::begin(const Kind& kind, const net::Endpoint& target,
                                           const Check& check, ProbeDone done) {
  if (kind.exchange != nullptr) {
    return http_.start(target, check, kind.exchange(check), std::move(done));
  }
  Conversation::Plan plan{.transport = transport_of(kind, check),
                          .tls_first = speaks_tls_first(kind, check),
                          .protocol = kind.protocol(target, check, scram_keys_),
                          .tls = &tls_,
                          .lag = &lag_};
  return std::make_unique<Conversation>(loop_, target, check, std::move(plan), std::move(done));
}

}  // namespace yoke::health
