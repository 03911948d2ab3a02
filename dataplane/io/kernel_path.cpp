// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/kernel_path.h"

#include <pthread.h>
#include <rte_lcore.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "hal/base/log.h"

namespace yoke::io {

Result<std::unique_ptr<KernelPath>> KernelPath::start(std::vector<Tap> twins, unsigned workers,
                                                      rte_mempool& pool, Wake& transmitter) {
  std::unique_ptr<KernelPath> path(new KernelPath(std::move(twins), pool, transmitter));
  for (unsigned worker = 0; worker < workers; ++worker) {
    auto ring = FrameRing::make("yoke-punt-" + std::to_string(worker), kPuntRingFrames);
    if (!ring) return tl::unexpected(ring.error());
    path->punts_.push_back(std::move(*ring));
  }
  for (unsigned port = 0; port < path->ports(); ++port) {
    auto ring = FrameRing::make("yoke-send-" + std::to_string(port), kPortRingFrames);
    if (!ring) return tl::unexpected(ring.error());
    path->sends_.push_back(std::move(*ring));
  }
  path->waits_.push_back({path->wake_.fd(), POLLIN, 0});
  for (const Tap& twin : path->twins_) path->waits_.push_back({twin.fd(), POLLIN, 0});
  path->thread_ = std::jthread([p = path.get()](const std::stop_token& stop) { p->run(stop); });
  return path;
}

KernelPath::KernelPath(std::vector<Tap> twins, rte_mempool& pool, Wake& transmitter)
    : twins_(std::move(twins)), pool_(pool), transmitter_(transmitter), counters_(twins_.size()) {}

KernelPath::~KernelPath() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  wake_.call();
  thread_.join();
}

void KernelPath::run(const std::stop_token& stop) {
  ::pthread_setname_np(::pthread_self(), "yoke-kernel");
  (void)rte_thread_register();  // for a buffer cache of its own
  while (!stop.stop_requested()) {
    if (deliver() + collect() > 0) continue;
    wake_.prepare();
    if (!stop.stop_requested() && deliver() + collect() == 0) sleep();
    wake_.done();
  }
  rte_thread_unregister();
}

void KernelPath::sleep() {
  (void)::poll(waits_.data(), waits_.size(), -1);
  wake_.clear();
  for (std::size_t port = 0; port < twins_.size(); ++port) {
    pollfd& wait = waits_[port + 1];
    if ((wait.revents & (POLLERR | POLLHUP | POLLNVAL)) == 0) continue;
    wait.fd = -1;  // it would end every wait at once
    log::error("twin-gone", "the kernel twin of a port was deleted; restart yoke-dataplane",
               {{"PORT", twins_[port].name()}});
  }
}

unsigned KernelPath::deliver() {
  unsigned total = 0;
  std::array<Frame, kRound> frames;
  for (FrameRing& ring : punts_) {
    const unsigned count = ring.pop(frames);
    for (unsigned i = 0; i < count; ++i) {
      const Frame frame = frames[i];
      const auto written =
          ::write(twins_[frame->port].fd(), rte_pktmbuf_mtod(frame, const void*), frame->data_len);
      TwinCounters& counters = counters_[frame->port];
      (written == frame->data_len ? counters.delivered : counters.refused).add();
    }
    rte_pktmbuf_free_bulk(frames.data(), count);
    total += count;
  }
  return total;
}

unsigned KernelPath::collect() {
  unsigned total = 0;
  for (unsigned port = 0; port < ports(); ++port) total += read_twin(port);
  if (total > 0) transmitter_.call();
  return total;
}

unsigned KernelPath::read_twin(unsigned port) {
  unsigned count = 0;
  for (; count < kRound; ++count) {
    std::array<std::uint8_t, 64> lost;  // where a frame goes that finds no buffer
    const Frame frame = rte_pktmbuf_alloc(&pool_);
    const auto length = frame == nullptr ? ::read(twins_[port].fd(), lost.data(), lost.size())
                                         : ::read(twins_[port].fd(), rte_pktmbuf_mtod(frame, void*),
                                                  rte_pktmbuf_tailroom(frame));
    if (length > 0) {
      counters_[port].read.add();
      if (frame != nullptr && send(port, frame, static_cast<std::uint16_t>(length))) continue;
      counters_[port].overrun.add();
    }
    rte_pktmbuf_free(frame);
    if (length <= 0) break;
  }
  return count;
}

bool KernelPath::send(unsigned port, Frame frame, std::uint16_t length) noexcept {
  frame->data_len = length;
  frame->pkt_len = length;
  return sends_[port].push({&frame, 1}) == 1;
}

}  // namespace yoke::io
