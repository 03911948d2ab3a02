// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "dataplane/sync/frame.h"
#include "hal/base/file_descriptor.h"
#include "hal/base/result.h"

// Where frames of flow sync leave for the peer and come from it: a socket of packets
// (SOCK_SEQPACKET, unix(7)), a frame each, to which the relay connects, whoever owns the link
// between the units. One relay at a time; a new one takes the place of the one before, which may
// hang. Frames may be lost, doubled and late on either side of it (dataplane/sync).
//
// Threads: listen() by any; the rest by one.
namespace yoke::io {

class FlowLink {
 public:
  static constexpr std::size_t kBatch = 32;
  using Frame = std::span<const std::uint8_t>;

  // E-347 where nobody can listen there. The relay runs as root, as this process does, or as the
  // user yoke.
  [[nodiscard]] static Result<std::unique_ptr<FlowLink>> listen(const std::string& path);
  FlowLink(const FlowLink&) = delete;
  FlowLink& operator=(const FlowLink&) = delete;
  ~FlowLink();

  [[nodiscard]] int listening_fd() const noexcept { return listening_.get(); }
  // -1 without a relay.
  [[nodiscard]] int relay_fd() const noexcept { return relay_.get(); }
  [[nodiscard]] bool is_connected() const noexcept { return static_cast<bool>(relay_); }
  // Takes a relay that waits at listening_fd(), if it may be one.
  void accept() noexcept;

  // What has come, up to kBatch frames; valid until the next call.
  [[nodiscard]] std::span<const Frame> receive() noexcept;

  [[nodiscard]] bool has_room() const noexcept { return waiting_ < kBatch && sent_ == 0; }
  // Puts a copy behind those that wait; there must be room.
  void put(Frame frame) noexcept;
  // Sends what waits; false if some of it must wait for relay_fd() to be writable. Without a relay
  // nothing waits.
  [[nodiscard]] bool flush() noexcept;

 private:
  struct Batch {
    Batch() noexcept;
    std::array<std::array<std::uint8_t, sync::kFrameBytesMax>, kBatch> rooms;
    std::array<iovec, kBatch> pieces;
    std::array<mmsghdr, kBatch> messages{};
  };

  FlowLink(std::string path, FileDescriptor listening);
  [[nodiscard]] bool may_relay(int fd) const noexcept;
  void disconnect() noexcept;

  std::string path_;
  FileDescriptor listening_, relay_;
  unsigned yoke_user_ = 0;
  Batch in_, out_;
  std::array<Frame, kBatch> frames_;
  std::size_t waiting_ = 0, sent_ = 0;  // frames in out_, and those of them that have left
};

}  // namespace yoke::io
