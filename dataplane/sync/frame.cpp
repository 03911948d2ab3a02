// SPDX-License-Identifier: Apache-2.0
#include "dataplane/sync/frame.h"

#include <algorithm>
#include <cstring>

namespace yoke::sync {
namespace {

// A message of fixed size; a longer one comes from a later version.
template <typename T>
std::optional<T> load(std::span<const std::uint8_t> octets, FrameType type) noexcept {
  if (frame_type(octets) != type || octets.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, octets.data(), sizeof value);
  return value;
}

}  // namespace

std::optional<FrameType> frame_type(std::span<const std::uint8_t> octets) noexcept {
  if (octets.size() < 2 || octets[0] == 0) return std::nullopt;
  if (octets[1] < 1 || octets[1] > 4) return std::nullopt;
  return static_cast<FrameType>(octets[1]);
}

std::optional<AckFrame> parse_ack(std::span<const std::uint8_t> octets) noexcept {
  return load<AckFrame>(octets, FrameType::kAck);
}

std::optional<RequestFrame> parse_request(std::span<const std::uint8_t> octets) noexcept {
  return load<RequestFrame>(octets, FrameType::kRequest);
}

void FrameWriter::add(const Record& record) noexcept {
  std::memcpy(&room_[sizeof(DataHeader) + records_ * kRecordBytes], record.octets.data(),
              kRecordBytes);
  ++records_;
}

std::size_t FrameWriter::finish(DataHeader header) noexcept {
  header.header_bytes = sizeof(DataHeader);
  header.record_bytes = net::Be16::from_host(kRecordBytes);
  header.records = net::Be16::from_host(static_cast<std::uint16_t>(records_));
  std::memcpy(room_.data(), &header, sizeof header);
  return sizeof header + records_ * kRecordBytes;
}

std::optional<DataFrame> DataFrame::parse(std::span<const std::uint8_t> octets) noexcept {
  const auto header = load<DataHeader>(octets, FrameType::kData);
  if (!header || octets.size() > kFrameBytesMax) return std::nullopt;
  if (header->header_bytes < sizeof(DataHeader) || header->header_bytes > octets.size()) {
    return std::nullopt;
  }
  DataFrame frame;
  frame.header_ = *header;
  frame.records_ = octets.subspan(header->header_bytes);
  const std::size_t stride = header->record_bytes.host();
  const std::size_t count = header->records.host();
  if (count > 0 && (stride == 0 || frame.records_.size() / stride < count)) return std::nullopt;
  return frame;
}

Record DataFrame::record(std::size_t i) const noexcept {
  const std::size_t stride = header_.record_bytes.host();
  Record record;
  std::memcpy(record.octets.data(), &records_[i * stride], std::min(stride, kRecordBytes));
  return record;
}

}  // namespace yoke::sync
