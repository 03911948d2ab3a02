// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/frame_batch.h"

#include <cerrno>
#include <utility>

namespace yoke::pair {

FrameBatch::FrameBatch(std::size_t octets)
    : octets_(octets), rooms_(octets * kFrames), pieces_(kFrames), messages_(kFrames) {
  frames_.reserve(kFrames);
  for (std::size_t i = 0; i < kFrames; ++i) {
    pieces_[i] = {rooms_.data() + i * octets_, octets_};
    messages_[i].msg_hdr.msg_iov = &pieces_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
  }
}

FrameBatch::Came FrameBatch::receive(int fd) noexcept {
  frames_.clear();
  Came came;
  const int count = ::recvmmsg(fd, messages_.data(), kFrames, MSG_DONTWAIT | MSG_TRUNC, nullptr);
  if (count < 0) {
    came.has_failed = errno != EAGAIN && errno != EINTR;
    return came;
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    const std::size_t octets = messages_[i].msg_len;
    // A packet of no octets is what a closed connection reads as.
    if (octets == 0) {
      came.has_ended = true;
      break;
    }
    if (octets <= octets_) frames_.emplace_back(rooms_.data() + i * octets_, octets);
  }
  came.frames = frames_;
  return came;
}

std::span<std::uint8_t> FrameBatch::room() noexcept {
  return {rooms_.data() + count_ * octets_, octets_};
}

void FrameBatch::put(std::size_t octets) noexcept { pieces_[count_++].iov_len = octets; }

std::size_t FrameBatch::drop() noexcept {
  const std::size_t left = waiting();
  count_ = sent_ = 0;
  return left;
}

FrameBatch::Left FrameBatch::send(int fd) noexcept {
  Left left;
  while (sent_ < count_) {
    const int n = ::sendmmsg(fd, &messages_[sent_], static_cast<unsigned>(count_ - sent_),
                             MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) {
      sent_ += static_cast<std::size_t>(n);
      left.sent += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN) {
      left.is_blocked = true;
      return left;
    } else if (errno == ENOBUFS) {  // the interface's queue is full: this one is gone
      ++sent_;
      ++left.lost;
    } else if (errno != EINTR) {
      left.has_failed = true;
      left.lost += drop();
      return left;
    }
  }
  (void)drop();
  return left;
}

}  // namespace yoke::pair
