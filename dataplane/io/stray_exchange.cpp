// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/stray_exchange.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "dataplane/io/handover.h"

namespace yoke::io {
namespace {

// Puts the record before the frame's octets; false where there is no room for it.
bool attach(Frame frame, const sync::Record& flow) noexcept {
  char* const front = rte_pktmbuf_prepend(frame, sync::kRecordBytes);
  if (front == nullptr) return false;
  std::memcpy(front, flow.octets.data(), sync::kRecordBytes);
  return true;
}

}  // namespace

Result<std::unique_ptr<StrayExchange>> StrayExchange::make(rte_mempool& pool,
                                                           std::vector<Wake*> workers) {
  std::vector<Lane> lanes;
  for (unsigned worker = 0; worker < workers.size(); ++worker) {
    const std::string number = std::to_string(worker);
    auto out = FrameRing::make("yoke-stray-out-" + number, kRingFrames);
    if (!out) return tl::unexpected(out.error());
    auto in = FrameRing::make("yoke-stray-in-" + number, kRingFrames);
    if (!in) return tl::unexpected(in.error());
    lanes.push_back({std::move(*out), std::move(*in)});
  }
  return std::unique_ptr<StrayExchange>(
      new StrayExchange(pool, std::move(workers), std::move(lanes)));
}

StrayExchange::StrayExchange(rte_mempool& pool, std::vector<Wake*> workers, std::vector<Lane> lanes)
    : pool_(pool), workers_(std::move(workers)), lanes_(std::move(lanes)) {}

StrayExchange::~StrayExchange() { end_cut(); }

bool StrayExchange::give(unsigned worker, Frame frame,
                         const std::optional<sync::Record>& flow) noexcept {
  const bool has_record = flow && attach(frame, *flow);
  Errand{.is_stray = true, .has_record = has_record}.write(frame);
  if (lanes_[worker].out.push({&frame, 1}) == 1) return true;
  if (has_record) (void)rte_pktmbuf_adj(frame, sync::kRecordBytes);
  return false;
}

std::optional<sync::FlowRecord> StrayExchange::detach(Frame frame) noexcept {
  Errand errand = Errand::read(frame);
  if (!errand.has_record) return std::nullopt;
  sync::FlowRecord flow;
  std::memcpy(&flow, rte_pktmbuf_mtod(frame, const void*), sizeof flow);
  (void)rte_pktmbuf_adj(frame, sync::kRecordBytes);
  errand.has_record = false;
  errand.write(frame);
  return flow;
}

bool StrayExchange::is_empty() const noexcept {
  return cut_ == nullptr &&
         std::ranges::all_of(lanes_, [](const Lane& lane) { return lane.out.is_empty(); });
}

void StrayExchange::end_cut() noexcept {
  if (cut_ != nullptr) rte_pktmbuf_free(std::exchange(cut_, nullptr));
}

// False if there is none.
bool StrayExchange::begin_next() noexcept {
  end_cut();
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    turn_ = (turn_ + 1) % static_cast<unsigned>(lanes_.size());
    while (lanes_[turn_].out.pop({&cut_, 1}) == 1) {
      const auto record = detach(cut_);
      std::optional<sync::Record> flow;
      if (record) flow = sync::Record::of(*record);
      if (cutter_.begin(static_cast<std::uint8_t>(cut_->port),
                        {rte_pktmbuf_mtod(cut_, const std::uint8_t*), cut_->data_len}, flow)) {
        return true;
      }
      counters_.lost.add();
      end_cut();
    }
    cut_ = nullptr;
  }
  return false;
}

std::span<const std::uint8_t> StrayExchange::next() noexcept {
  if (cut_ == nullptr && !begin_next()) return {};
  const std::size_t octets = cutter_.cut(room_);
  if (cutter_.is_done()) {
    counters_.sent.add();
    end_cut();
  }
  return {room_.data(), octets};
}

void StrayExchange::drop_all() noexcept {
  while (begin_next()) counters_.lost.add();
}

void StrayExchange::deliver(std::span<const std::uint8_t> piece) noexcept {
  const auto whole = joiner_.take(piece);
  if (!whole) return;
  Frame frame = rte_pktmbuf_alloc(&pool_);
  const auto octets = static_cast<std::uint16_t>(whole->packet.size());
  char* const room = frame == nullptr ? nullptr : rte_pktmbuf_append(frame, octets);
  if (room == nullptr) {
    counters_.lost.add();
    return rte_pktmbuf_free(frame);
  }
  std::memcpy(room, whole->packet.data(), octets);
  frame->port = whole->port;
  const auto workers = static_cast<unsigned>(lanes_.size());
  // A client finds its flow's owner by the directory, if this is not he (lb::FlowDirectory).
  const unsigned owner = whole->flow ? whole->flow->snat_port.host() % workers : 0;
  const bool has_record = whole->flow && attach(frame, sync::Record::of(*whole->flow));
  Errand{.is_stray = true, .is_guided = workers > 1, .has_record = has_record}.write(frame);
  if (lanes_[owner].in.push({&frame, 1}) != 1) {
    counters_.lost.add();
    return rte_pktmbuf_free(frame);
  }
  counters_.taken.add();
  workers_[owner]->call();
}

}  // namespace yoke::io
