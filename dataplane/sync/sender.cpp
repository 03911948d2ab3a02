// SPDX-License-Identifier: Apache-2.0
#include "dataplane/sync/sender.h"

#include <algorithm>

namespace yoke::sync {
namespace {

constexpr std::size_t kServersWaiting = 1024;
constexpr unsigned kPatienceMax = 5;  // doublings of resend_after

}  // namespace

Sender::Sender(const SenderConfig& config, std::span<OutLane* const> lanes)
    : servers_(kServersWaiting),
      config_(config),
      streams_(std::min(lanes.size(), kStreamsMax)),
      generation_(config.generation) {
  config_.window = std::clamp<std::size_t>(config_.window, 1, kWindowMax);
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    streams_[i].lane = lanes[i];
    streams_[i].sent.resize(config_.window);
    streams_[i].frames.resize(config_.window);
  }
}

bool Sender::tell(const ServerRecord& record) noexcept { return servers_.push(Record::of(record)); }

DataHeader Sender::header(const Stream& stream, std::uint64_t sequence) const noexcept {
  DataHeader header;
  header.stream = static_cast<std::uint8_t>(&stream - streams_.data());
  header.streams = static_cast<std::uint8_t>(streams_.size());
  header.challenge = net::Be32::from_host(challenge_);
  header.generation = net::Be64::from_host(generation_);
  header.instance = net::Be64::from_host(instance_);
  header.sequence = net::Be64::from_host(sequence);
  return header;
}

// ---- what goes out
// ---------------------------------------------------------------------------------

std::span<const std::uint8_t> Sender::next(MonoTime now) noexcept {
  if (now - knocked_ >= config_.knock_every) {
    knocked_ = now;
    return knock();
  }
  if (instance_ == 0) return {};
  for (Stream& stream : streams_) {
    if (const auto frame = again(stream, now); !frame.empty()) return frame;
  }
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    turn_ = turn_ + 1 < streams_.size() ? turn_ + 1 : 0;
    if (const auto frame = fresh(streams_[turn_], now); !frame.empty()) return frame;
  }
  return {};
}

// Asks for an answer: who is there, what has come, how much room there is.
std::span<const std::uint8_t> Sender::knock() noexcept {
  FrameWriter writer(knock_);
  return {knock_.data(), writer.finish(header(streams_.front(), 0))};
}

std::span<const std::uint8_t> Sender::again(Stream& stream, MonoTime now) noexcept {
  if (stream.base == stream.next || now < stream.check_at) return {};
  MonoTime earliest = now + config_.resend_after;
  for (std::uint64_t sequence = stream.base; sequence < stream.next; ++sequence) {
    Sent& sent = stream.sent[sequence % config_.window];
    if (sent.is_acked) continue;
    if (sent.due > now) {
      earliest = std::min(earliest, sent.due);
      continue;
    }
    const unsigned patience = std::min<unsigned>(sent.tries, kPatienceMax);
    sent.due = now + config_.resend_after * (1U << patience);
    if (sent.tries < kPatienceMax) ++sent.tries;
    ++counters_.resent;
    return {stream.frames[sequence % config_.window].data(), sent.octets};
  }
  stream.check_at = earliest;
  return {};
}

std::span<const std::uint8_t> Sender::fresh(Stream& stream, MonoTime now) noexcept {
  if (stream.next >= stream.limit || stream.next - stream.base >= config_.window) return {};
  const std::size_t place = stream.next % config_.window;
  FrameWriter writer(stream.frames[place]);
  fill(stream, writer);
  if (writer.is_empty()) return {};
  Sent& sent = stream.sent[place];
  sent.octets = static_cast<std::uint16_t>(writer.finish(header(stream, stream.next)));
  sent.tries = 0;
  sent.is_acked = false;
  sent.given_until = stream.taken;
  sent.first = now;
  sent.due = now + config_.resend_after;
  if (stream.base == stream.next) stream.check_at = sent.due;
  ++stream.next;
  ++counters_.frames;
  return {stream.frames[place].data(), sent.octets};
}

void Sender::fill(Stream& stream, FrameWriter& writer) noexcept {
  if (!stream.gap.is_empty()) {
    writer.add(Record::of(BucketRecord::make(Kind::kGap, stream.gap_walk, stream.gap)));
    stream.gap = {};
  }
  while (&stream == streams_.data() && writer.has_room()) {
    const Record* record = servers_.front();
    if (record == nullptr) break;
    writer.add(*record);
    servers_.pop();
  }
  while (writer.has_room()) {
    const Record* record = stream.lane->records.front();
    if (record == nullptr) break;
    if (record->kind() == Kind::kWalkEnd && record->as<BucketRecord>().walk.host() == walk_) {
      stream.walk_end = stream.next + 1;
    }
    writer.add(*record);
    stream.lane->records.pop();
    ++stream.taken;
    ++counters_.records;
  }
}

// ---- what comes back
// -------------------------------------------------------------------------------

void Sender::take(std::span<const std::uint8_t> frame, MonoTime now) noexcept {
  if (const auto ack = parse_ack(frame)) {
    take_ack(*ack, now);
  } else if (const auto request = parse_request(frame)) {
    take_request(*request);
  } else {
    ++counters_.strange;
  }
}

void Sender::take_ack(const AckFrame& ack, MonoTime now) noexcept {
  const bool is_same = ack.instance.host() == instance_;
  if (instance_ == 0 || ack.generation.host() != generation_) {
    // Only what it says of itself after our session began can end it.
    const auto later = static_cast<std::int32_t>(ack.challenge.host() - challenge_);
    if (ack.instance.host() != 0 && (!is_same || later > 0)) return open_session(ack);
    ++counters_.strange;
    return;
  }
  if (!is_same || ack.stream >= streams_.size()) {
    ++counters_.strange;
    return;
  }
  Stream& stream = streams_[ack.stream];
  const std::uint64_t next = ack.next.host();
  if (next > stream.next) {
    ++counters_.strange;
    return;
  }
  is_open_ = true;
  if (next < stream.base) return;  // overtaken by a later one
  // Only where the rest of the walk is under way; what happens besides is none.
  const bool has_rest = stream.walk_end == 0 || stream.base < stream.walk_end;
  if (next > stream.base && has_rest &&
      stream.lane->walk_ended.load(std::memory_order_relaxed) == walk_) {
    progress_ = now;
  }
  confirm(stream, next);
  stream.limit = std::max(stream.limit, ack.limit.host());
  const std::uint64_t beyond = ack.beyond.host();
  if (beyond == 0) return;
  const auto highest = 63U - static_cast<unsigned>(__builtin_clzll(beyond));
  const std::uint64_t last = std::min(next + 1 + highest, stream.next - 1);
  for (std::uint64_t sequence = next; sequence <= last && sequence < stream.next; ++sequence) {
    Sent& sent = stream.sent[sequence % config_.window];
    if (sequence > next && (beyond >> (sequence - next - 1) & 1) != 0) {
      sent.is_acked = true;
    } else if (!sent.is_acked && sent.tries == 0 && now - sent.first >= config_.repair_after) {
      sent.due = now;
      stream.check_at = now;
    }
  }
}

void Sender::confirm(Stream& stream, std::uint64_t until) noexcept {
  if (until == stream.base) return;
  stream.base = until;
  stream.lane->confirmed.store(stream.sent[(until - 1) % config_.window].given_until,
                               std::memory_order_release);
}

void Sender::take_request(const RequestFrame& request) noexcept {
  const std::uint32_t number = request.buckets.walk.host();
  if (!is_open_ || request.generation.host() != generation_ ||
      request.instance.host() != instance_ || static_cast<std::int32_t>(number - request_) <= 0) {
    ++counters_.strange;
    return;
  }
  request_ = number;
  owed_ |= request.buckets.set();
}

// All that lies ready is dropped: the walk that follows tells it anew, as of later.
void Sender::open_session(const AckFrame& ack) noexcept {
  ++generation_;
  instance_ = ack.instance.host();
  challenge_ = ack.challenge.host();
  is_open_ = false;
  ++counters_.sessions;
  for (Stream& stream : streams_) {
    for (; stream.lane->records.front() != nullptr; ++stream.taken) stream.lane->records.pop();
    stream.base = stream.next = stream.walk_end = 0;
    stream.limit = config_.window;
    stream.gap = {};
  }
  while (servers_.front() != nullptr) servers_.pop();
  owed_ = lb::BucketSet::all();
  walking_ = {};
  request_ = 0;
}

// ---- what is owed
// ----------------------------------------------------------------------------------

void Sender::step(MonoTime now) noexcept {
  gather_gaps();
  if (instance_ == 0) {
    // Nobody is there: a walk will tell all of it.
    for (Stream& stream : streams_) {
      for (; stream.lane->records.front() != nullptr; ++stream.taken) stream.lane->records.pop();
    }
  }
  if (!is_open_) return;
  look_after_walk(now);
  order_digests(now);
}

void Sender::gather_gaps() noexcept {
  for (Stream& stream : streams_) {
    const lb::BucketSet gap = stream.lane->gaps.take();
    if (gap.is_empty()) continue;
    ++counters_.gaps;
    stream.gap |= gap;
    stream.gap_walk = walk_;
    owed_ |= stream.gap;
  }
}

bool Sender::is_walk_done() const noexcept {
  return std::ranges::all_of(streams_, [](const Stream& stream) {
    return stream.walk_end != 0 && stream.base >= stream.walk_end;
  });
}

void Sender::note_progress(MonoTime now) noexcept {
  std::uint32_t steps = 0;
  for (const Stream& stream : streams_) {
    steps += stream.lane->walk_steps.load(std::memory_order_relaxed);
  }
  if (steps != walk_steps_) progress_ = now;
  walk_steps_ = steps;
}

void Sender::look_after_walk(MonoTime now) noexcept {
  if (!walking_.is_empty()) {
    note_progress(now);
    if (is_walk_done()) {
      walking_ = {};
    } else if (now - progress_ >= config_.stall) {
      ++counters_.restarts;
      owed_ |= walking_;
      walking_ = {};
    }
  }
  if (walking_.is_empty() && !owed_.is_empty()) begin_walk(now);
}

void Sender::begin_walk(MonoTime now) noexcept {
  const bool all_listen =
      std::ranges::all_of(streams_, [](Stream& stream) { return stream.lane->orders.has_room(); });
  if (!all_listen) return;
  ++walk_;
  ++counters_.walks;
  walking_ = owed_;
  owed_ = {};
  progress_ = now;
  for (Stream& stream : streams_) {
    stream.walk_end = 0;
    (void)stream.lane->orders.push({Order::Verb::kWalk, walk_, walking_});
  }
}

void Sender::order_digests(MonoTime now) noexcept {
  if (!walking_.is_empty() || now - digested_ < config_.digest_every) return;
  const bool all_listen =
      std::ranges::all_of(streams_, [](Stream& stream) { return stream.lane->orders.has_room(); });
  if (!all_listen) return;
  digested_ = now;
  ++round_;
  ++counters_.rounds;
  for (Stream& stream : streams_) {
    (void)stream.lane->orders.push({Order::Verb::kDigest, round_, {}});
  }
}

MonoTime::duration Sender::lag(MonoTime now) const noexcept {
  MonoTime::duration lag{};
  for (const Stream& stream : streams_) {
    if (stream.base == stream.next) continue;
    lag = std::max(lag, now - stream.sent[stream.base % config_.window].first);
  }
  return lag;
}

bool Sender::is_synced(MonoTime now) const noexcept {
  if (!is_open_ || !owed_.is_empty() || !walking_.is_empty()) return false;
  const bool is_short = std::ranges::all_of(streams_, [](const Stream& stream) {
    return stream.lane->records.size() < stream.lane->records.capacity() / 4;
  });
  return is_short && lag(now) <= config_.lag_max;
}

}  // namespace yoke::sync
