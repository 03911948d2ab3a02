// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/idle.h"

#include <rte_ethdev.h>
#include <rte_pause.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <utility>

namespace yoke::io {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;

timespec to_timespec(nanoseconds t) { return {0, static_cast<long>(t.count())}; }

class PollIdle final : public IdleStrategy {
 public:
  void busy() noexcept override {}
  bool wants_sleep() noexcept override {
    rte_pause();
    return false;
  }
  void sleep() noexcept override {}
};

// After kPatience empty rounds: say that we are about to sleep and have interrupts enabled, look
// once more, then wait. A wait that nothing ends grows, up to a length that costs next to no
// processor time: 10 ms where every queue has a descriptor that ends it, 1 ms where one has not.
class AdaptiveIdle final : public IdleStrategy {
 public:
  AdaptiveIdle(Wake& wake, std::vector<WatchedQueue> queues)
      : wake_(wake), queues_(std::move(queues)) {
    waits_.push_back({wake_.fd(), POLLIN, 0});
    for (const WatchedQueue& queue : queues_) {
      waits_.push_back({queue.wait.fd, POLLIN, 0});
      if (queue.wait.fd < 0) longest_ = kLongestBlind;
    }
  }

  void busy() noexcept override {
    if (armed_) disarm();
    empty_rounds_ = 0;
    timeout_ = kShortest;
  }

  bool wants_sleep() noexcept override {
    if (empty_rounds_ < kPatience) {
      ++empty_rounds_;
      rte_pause();
      return false;
    }
    if (armed_) return true;
    arm();
    return false;
  }

  void sleep() noexcept override {
    const timespec limit = to_timespec(timeout_);
    const int ready = ::ppoll(waits_.data(), waits_.size(), &limit, nullptr);
    if (ready <= 0) {
      for (pollfd& wait : waits_) wait.revents = 0;
    } else if (!has_input()) {
      recover();
    }
    if ((waits_.front().revents & POLLIN) != 0) wake_.clear();
    timeout_ = std::min(longest_, timeout_ * 2);
    disarm();
  }

 private:
  static constexpr unsigned kPatience = 64;
  static constexpr microseconds kShortest{10};
  static constexpr microseconds kLongestBlind{1000};
  static constexpr microseconds kLongest{10'000};

  void arm() noexcept {
    armed_ = true;
    wake_.prepare();
    for (const WatchedQueue& q : queues_) {
      if (q.wait.interrupts && rte_eth_dev_rx_intr_enable(q.port_id, q.queue) != 0) {
        longest_ = kLongestBlind;
      }
    }
  }

  void disarm() noexcept {
    armed_ = false;
    wake_.done();
    for (const WatchedQueue& q : queues_) {
      if (!q.wait.interrupts) continue;
      (void)rte_eth_dev_rx_intr_disable(q.port_id, q.queue);
      std::uint64_t count = 0;
      (void)!::read(q.wait.fd, &count, sizeof count);
    }
  }

  [[nodiscard]] bool has_input() const noexcept {
    return std::ranges::any_of(waits_, [](const pollfd& w) { return (w.revents & POLLIN) != 0; });
  }

  // An interface that went down or away makes its descriptor ready with an error, for ever: take
  // the error, and let this wait last as long as it was meant to.
  void recover() noexcept {
    for (const pollfd& wait : waits_) {
      int code = 0;
      socklen_t length = sizeof code;
      if (wait.revents != 0) (void)::getsockopt(wait.fd, SOL_SOCKET, SO_ERROR, &code, &length);
    }
    const timespec rest = to_timespec(timeout_);
    (void)::nanosleep(&rest, nullptr);
  }

  Wake& wake_;
  std::vector<WatchedQueue> queues_;
  std::vector<pollfd> waits_;  // the wake, then each queue
  microseconds longest_ = kLongest;
  microseconds timeout_ = kShortest;
  unsigned empty_rounds_ = 0;
  bool armed_ = false;
};

}  // namespace

std::unique_ptr<IdleStrategy> make_idle_strategy(IdleMode mode, Wake& wake,
                                                 std::vector<WatchedQueue> queues) {
  if (mode == IdleMode::kPoll) return std::make_unique<PollIdle>();
  return std::make_unique<AdaptiveIdle>(wake, std::move(queues));
}

}  // namespace yoke::io
