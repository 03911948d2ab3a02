// SPDX-License-Identifier: Apache-2.0
#include "dataplane/sync/receiver.h"

#include <algorithm>
#include <cstring>

namespace yoke::sync {
namespace {

template <typename T>
std::span<const std::uint8_t> octets_of(const T& frame) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(&frame), sizeof frame};
}

bool is_later(std::uint32_t a, std::uint32_t b) noexcept {
  return static_cast<std::int32_t>(a - b) > 0;
}

}  // namespace

Receiver::Receiver(const ReceiverConfig& config, std::span<InLane* const> workers,
                   SpscRing<Record>* servers)
    : config_(config),
      workers_(workers.begin(), workers.end()),
      servers_(servers),
      missing_(lb::BucketSet::all()) {
  config_.window = std::clamp<std::size_t>(config_.window, 1, kWindowMax);
  const std::size_t streams = std::min(config.streams_max, kStreamsMax);
  streams_.reserve(streams);
  while (streams_.size() < streams) streams_.emplace_back(config_.window);
}

// ---- frames
// ----------------------------------------------------------------------------------------

void Receiver::take(std::span<const std::uint8_t> octets, MonoTime now) noexcept {
  now_ = now;
  const auto frame = DataFrame::parse(octets);
  if (!frame) {
    ++counters_.malformed;
    return;
  }
  const DataHeader& header = frame->header();
  if (!is_ours(header)) return;
  if (frame->size() == 0) {
    for (std::size_t i = 0; i < stream_count_; ++i) streams_[i].owes_ack = true;
    return;
  }
  if (header.stream >= stream_count_) {
    ++counters_.malformed;
    return;
  }
  Stream& stream = streams_[header.stream];
  stream.owes_ack = true;
  // The next one, with none before it that waits: from where it lies.
  const bool is_next = header.sequence.host() == stream.delivered &&
                       stream.received == stream.delivered && !stream.is_held;
  if (is_next && hand_out(stream, *frame)) {
    ++counters_.frames;
    finish(stream);
    stream.received = stream.delivered;
    join(stream);
  } else {
    store(stream, header, octets);
  }
  deliver(stream);
}

// Of the session there is, or opening a new one as only a sender can that has heard from us since
// the last.
bool Receiver::is_ours(const DataHeader& header) noexcept {
  const bool is_for_us = header.instance.host() == config_.instance;
  if (is_for_us && generation_ != 0 && header.generation.host() == generation_) {
    return header.streams == stream_count_;
  }
  const bool is_next = is_for_us && header.challenge.host() == challenge_;
  if (!is_next || header.generation.host() == 0 || header.streams == 0 ||
      header.streams > streams_.size()) {
    ++counters_.strange;
    owes_hello_ = true;
    return false;
  }
  open_session(header);
  return true;
}

void Receiver::open_session(const DataHeader& header) noexcept {
  ++counters_.sessions;
  ++challenge_;
  generation_ = header.generation.host();
  stream_count_ = header.streams;
  for (Stream& stream : streams_) {
    stream.delivered = stream.received = 0;
    stream.cursor = 0;
    stream.is_held = stream.owes_ack = false;
    std::ranges::fill(stream.octets, std::uint16_t{0});
  }
  missing_ = lb::BucketSet::all();
  missing_since_ = {};
  walk_ = 0;
  walks_ = false;
  round_ = {};
  wanted_ = {};
}

void Receiver::store(Stream& stream, const DataHeader& header,
                     std::span<const std::uint8_t> frame) noexcept {
  const std::uint64_t sequence = header.sequence.host();
  if (sequence >= stream.delivered + config_.window) {
    ++counters_.beyond;
    return;
  }
  std::uint16_t& octets = stream.octets[sequence % config_.window];
  if (sequence < stream.received || octets != 0) {
    ++counters_.duplicates;
    return;
  }
  ++counters_.frames;
  std::memcpy(stream.frames[sequence % config_.window].data(), frame.data(), frame.size());
  octets = static_cast<std::uint16_t>(frame.size());
  join(stream);
}

// What had come before its turn may be next now.
void Receiver::join(Stream& stream) const noexcept {
  while (stream.received < stream.delivered + config_.window &&
         stream.octets[stream.received % config_.window] != 0) {
    ++stream.received;
  }
}

void Receiver::deliver(Stream& stream) noexcept {
  while (stream.delivered < stream.received && !stream.is_held) {
    const std::size_t place = stream.delivered % config_.window;
    const auto frame = DataFrame::parse({stream.frames[place].data(), stream.octets[place]});
    if (frame && !hand_out(stream, *frame)) return;
    stream.octets[place] = 0;
    finish(stream);
  }
}

// What is left of the stream's next frame; true if nothing of it is any more.
bool Receiver::hand_out(Stream& stream, const DataFrame& frame) noexcept {
  while (stream.cursor < frame.size() && !stream.is_held) {
    if (!route(stream, frame.record(stream.cursor))) return false;
    ++counters_.records;
    ++stream.cursor;
  }
  return stream.cursor == frame.size();
}

void Receiver::finish(Stream& stream) noexcept {
  stream.cursor = 0;
  ++stream.delivered;
  stream.owes_ack = true;
}

// ---- records
// ---------------------------------------------------------------------------------------

bool Receiver::route(Stream& stream, const Record& record) noexcept {
  switch (record.kind()) {
    case Kind::kAdd:
    case Kind::kUpdate:
    case Kind::kDelete:
    case Kind::kRefresh:
      return route_flow(stream, record);
    case Kind::kServer:
      return route_server(record);
    case Kind::kGap: {
      const auto gap = record.as<BucketRecord>();
      if (is_later(walk_, gap.walk.host())) return true;  // by another stream: it has begun
      missing_ |= gap.set();
      missing_since_ |= gap.set();
      return true;
    }
    case Kind::kWalkBegin:
      return begin_walk(record);
    case Kind::kServices:
      return route_services(record);
    case Kind::kWalkEnd:
      return end_walk(stream, record);
    case Kind::kDigest:
      gather(stream, record);
      return true;
  }
  ++counters_.unknown;
  return true;
}

bool Receiver::route_flow(const Stream& stream, const Record& record) noexcept {
  const auto flow = record.as<FlowRecord>();
  if (!is_sound(flow)) {
    ++counters_.malformed;
    return true;
  }
  const bool is_nat = (flow.flags & FlowRecord::kNat) != 0;
  const std::size_t names = is_nat ? flow.snat_port.host() : number(stream);
  return workers_[names % workers_.size()]->records.push(record);
}

bool Receiver::route_server(const Record& record) noexcept {
  if (servers_ == nullptr) return true;
  if (is_sound(record.as<ServerRecord>())) return servers_->push(record);
  ++counters_.malformed;
  return true;
}

bool Receiver::broadcast(const Record& record) noexcept {
  for (InLane* worker : workers_) {
    if (!worker->records.has_room()) return false;
  }
  for (InLane* worker : workers_) (void)worker->records.push(record);
  return true;
}

bool Receiver::begin_walk(const Record& record) noexcept {
  const auto begin = record.as<BucketRecord>();
  if (!is_later(begin.walk.host(), walk_)) return true;
  if (!broadcast(record)) return false;
  walk_ = begin.walk.host();
  walk_set_ = begin.set();
  walks_ = true;
  is_void_ = false;
  ended_.reset();
  missing_ |= walk_set_;
  missing_since_ = {};
  wanted_ -= walk_set_;
  return true;
}

bool Receiver::route_services(const Record& record) noexcept {
  const bool is_of_this = walks_ && record.as<ServicesRecord>().walk.host() == walk_;
  return !is_of_this || broadcast(record);
}

bool Receiver::end_walk(const Stream& stream, const Record& record) noexcept {
  const auto end = record.as<BucketRecord>();
  if (!walks_ || end.walk.host() != walk_) return true;
  is_void_ = is_void_ || end.is_void != 0;
  auto ended = ended_;
  ended.set(number(stream));
  if (ended.count() == stream_count_) {
    auto whole = BucketRecord::make(Kind::kWalkEnd, walk_, walk_set_);
    whole.is_void = is_void_ ? 1 : 0;
    whole.streams = static_cast<std::uint8_t>(stream_count_);
    if (!broadcast(Record::of(whole))) return false;
    walks_ = false;
    missing_ -= walk_set_;
    missing_ |= missing_since_;
  }
  ended_ = ended;
  return true;
}

// ---- digests
// ---------------------------------------------------------------------------------------

void Receiver::gather(Stream& stream, const Record& record) noexcept {
  const auto digest = record.as<DigestRecord>();
  const std::uint32_t round = digest.round.host();
  if (is_later(round, round_.number)) {
    release();
    round_ = {};
    round_.stage = Round::Stage::kGathers;
    round_.number = round;
    round_.began = now_;
    round_.services = digest.services.host();
  }
  if (round != round_.number || round_.stage != Round::Stage::kGathers) return;
  if (digest.services.host() != round_.services) round_.is_void = true;
  const std::size_t first = digest.first.host();
  for (std::size_t i = 0; i < DigestRecord::kSums && first + i < round_.sums.size(); ++i) {
    round_.sums[first + i] += digest.sums[i].host();
  }
  if (digest.is_last == 0) return;
  stream.is_held = true;
  ++round_.held;
}

void Receiver::release() noexcept {
  for (std::size_t i = 0; i < stream_count_; ++i) streams_[i].is_held = false;
}

void Receiver::step(MonoTime now) noexcept {
  now_ = now;
  look_after_round(now);
  for (std::size_t i = 0; i < stream_count_; ++i) deliver(streams_[i]);
}

void Receiver::look_after_round(MonoTime now) noexcept {
  if (round_.stage == Round::Stage::kGathers) {
    if (round_.held == stream_count_) {
      DigestRecord question;
      question.round = net::Be32::from_host(round_.number);
      if (broadcast(Record::of(question))) {
        round_.stage = Round::Stage::kAsks;
        release();
      }
    } else if (round_.held > 0 && now - round_.began >= config_.hold_max) {
      ++counters_.rounds_given_up;
      round_.stage = Round::Stage::kNone;
      release();
    }
  } else if (round_.stage == Round::Stage::kAsks) {
    const bool all_said = std::ranges::all_of(workers_, [&](const InLane* worker) {
      return worker->answered.load(std::memory_order_acquire) == round_.number;
    });
    if (all_said) compare();
  }
}

void Receiver::compare() noexcept {
  round_.stage = Round::Stage::kNone;
  ++counters_.rounds;
  // Where one of the units has changed its duties and the other has not, sums say nothing.
  const bool is_alike = std::ranges::all_of(
      workers_, [&](const InLane* worker) { return worker->answer.services == round_.services; });
  if (round_.is_void || !is_alike) return;
  lb::BucketSet uncertain = missing_;
  for (const InLane* worker : workers_) uncertain |= worker->answer.uncertain;
  lb::BucketSet differ;
  for (std::size_t bucket = 0; bucket < lb::kFlowBuckets; ++bucket) {
    std::uint64_t ours = 0;
    for (const InLane* worker : workers_) ours += worker->answer.sums[bucket];
    if (ours == round_.sums[bucket] || uncertain.contains(bucket)) continue;
    differ.add(bucket);
    ++counters_.buckets_differed;
  }
  if (differ.is_empty()) return;
  wanted_ |= differ;
  missing_ |= differ;
  ++request_;
  asked_ = {};
}

// ---- answers
// ---------------------------------------------------------------------------------------

std::span<const std::uint8_t> Receiver::next(MonoTime now) noexcept {
  if (owes_hello_) {
    owes_hello_ = false;
    ack_ = {};
    ack_.challenge = net::Be32::from_host(challenge_);
    ack_.generation = net::Be64::from_host(generation_);
    ack_.instance = net::Be64::from_host(config_.instance);
    return octets_of(ack_);
  }
  for (std::size_t i = 0; i < stream_count_; ++i) {
    if (!streams_[i].owes_ack) continue;
    streams_[i].owes_ack = false;
    return ack(streams_[i]);
  }
  if (!wanted_.is_empty() && now - asked_ >= config_.ask_every) {
    asked_ = now;
    request_frame_.challenge = net::Be32::from_host(challenge_);
    request_frame_.generation = net::Be64::from_host(generation_);
    request_frame_.instance = net::Be64::from_host(config_.instance);
    request_frame_.buckets = BucketRecord::make(Kind::kGap, request_, wanted_);
    return octets_of(request_frame_);
  }
  return {};
}

std::span<const std::uint8_t> Receiver::ack(const Stream& stream) noexcept {
  std::uint64_t beyond = 0;
  for (unsigned i = 0; i < 64; ++i) {
    const std::uint64_t sequence = stream.received + 1 + i;
    if (sequence >= stream.delivered + config_.window) break;
    if (stream.octets[sequence % config_.window] != 0) beyond |= std::uint64_t{1} << i;
  }
  ack_ = {};
  ack_.stream = static_cast<std::uint8_t>(number(stream));
  ack_.challenge = net::Be32::from_host(challenge_);
  ack_.generation = net::Be64::from_host(generation_);
  ack_.instance = net::Be64::from_host(config_.instance);
  ack_.next = net::Be64::from_host(stream.received);
  ack_.beyond = net::Be64::from_host(beyond);
  ack_.limit = net::Be64::from_host(stream.delivered + config_.window);
  return octets_of(ack_);
}

}  // namespace yoke::sync
