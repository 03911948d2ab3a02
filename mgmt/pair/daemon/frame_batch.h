// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "mgmt/pair/wire/tlv.h"

namespace yoke::pair {

// Up to kFrames datagrams that are read from a socket, or written to one, in one system call each.
// Nothing waits and, once constructed, nothing allocates. Threads: owned by one.
class FrameBatch {
 public:
  static constexpr std::size_t kFrames = 32;

  // `octets`: the longest frame.
  explicit FrameBatch(std::size_t octets);
  FrameBatch(const FrameBatch&) = delete;
  FrameBatch& operator=(const FrameBatch&) = delete;
  ~FrameBatch() = default;

  // ---- what comes
  struct Came {
    std::span<const Bytes> frames;  // there until the next receive(); longer ones are left out
    bool has_ended = false;         // what is connected: by the other end
    bool has_failed = false;        // an error, of which the socket may know more
  };
  [[nodiscard]] Came receive(int fd) noexcept;

  // ---- what goes
  [[nodiscard]] std::size_t waiting() const noexcept { return count_ - sent_; }
  [[nodiscard]] bool has_room() const noexcept { return count_ < kFrames; }
  // Where the next frame is to be written; there must be room.
  [[nodiscard]] std::span<std::uint8_t> room() noexcept;
  // Its octets: it waits now.
  void put(std::size_t octets) noexcept;

  struct Left {
    std::size_t sent = 0, lost = 0;  // lost: the kernel had no room for it further on
    bool is_blocked = false;         // what waits may leave later
    bool has_failed = false;         // nothing waits any more, what did is lost
  };
  [[nodiscard]] Left send(int fd) noexcept;
  // Nothing waits any more; how many did.
  std::size_t drop() noexcept;

 private:
  std::size_t octets_;
  std::vector<std::uint8_t> rooms_;
  std::vector<iovec> pieces_;
  std::vector<mmsghdr> messages_;
  std::vector<Bytes> frames_;
  std::size_t count_ = 0, sent_ = 0;  // put, and of those gone
};

}  // namespace yoke::pair
