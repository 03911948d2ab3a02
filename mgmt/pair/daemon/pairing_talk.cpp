// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/pairing_talk.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace yoke::pair {

using std::chrono::milliseconds;

PairingTalk::PairingTalk(sd_event* event, FileDescriptor connected, const Limits& limits,
                         const Pairing::Random& random, std::string name,
                         std::function<void()> changed)
    : limits_(limits),
      pairing_(random, std::move(name)),
      changed_(std::move(changed)),
      fd_(std::move(connected)),
      late_(event, [this] { break_off(Broken::kTimedOut, "it took too long"); }) {
  io_.emplace(event, fd_.get(), EPOLLIN, [this](std::uint32_t events) { on_ready(events); });
  allow(limits_.exchange);
}

void PairingTalk::begin() {
  connecting_ = true;
  io_->watch(EPOLLOUT);
}

void PairingTalk::confirm() {
  const auto before = pairing_.state();
  send(pairing_.confirm());
  look_at_state(before);
}

void PairingTalk::reject() {
  const auto before = pairing_.state();
  send(pairing_.reject());
  look_at_state(before);
}

void PairingTalk::tell_kept() {
  send(pairing_.kept());
  if (pairing_.other_has_kept()) close();
}

void PairingTalk::close() {
  late_.stop();
  io_.reset();
  fd_ = FileDescriptor();
}

milliseconds PairingTalk::left() const noexcept {
  const auto left = std::chrono::duration_cast<milliseconds>(until_ - MonoClock::now());
  return has_ended() ? milliseconds(0) : std::max(left, milliseconds(0));
}

void PairingTalk::on_ready(std::uint32_t) {
  if (connecting_) {
    if (!finish_connecting()) return;
    send(pairing_.begin());
    if (!has_ended()) changed_();
    return;
  }
  read_some();
}

bool PairingTalk::finish_connecting() {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error != 0) {
    break_off(Broken::kConnection, std::strerror(error));
    return false;
  }
  connecting_ = false;
  io_->watch(EPOLLIN);
  return true;
}

void PairingTalk::read_some() {
  std::array<std::uint8_t, Pairing::kMessageMost> piece{};
  const std::size_t room = 2 * Pairing::kMessageMost - held_.size();
  const ssize_t n = ::recv(fd_.get(), piece.data(), std::min(piece.size(), room), 0);
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (n <= 0) {
    return break_off(Broken::kConnection, n == 0 ? "the other end hung up" : std::strerror(errno));
  }
  held_.insert(held_.end(), piece.begin(), piece.begin() + n);
  take_messages();
}

void PairingTalk::take_messages() {
  while (!has_ended()) {
    const auto size = Pairing::message_size(held_);
    if (!size || (*size <= Pairing::kMessageMost && held_.size() < *size)) return;
    const std::size_t length = std::min(*size, held_.size());
    const Pairing::Message message(held_.begin(),
                                   held_.begin() + static_cast<std::ptrdiff_t>(length));
    held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(length));
    const auto before = pairing_.state();
    send(pairing_.receive(message));
    look_at_state(before);
  }
}

// All that is ever said fits the kernel's room several times.
void PairingTalk::send(const Pairing::Message& message) {
  if (message.empty() || has_ended()) return;
  const ssize_t n = ::send(fd_.get(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n == static_cast<ssize_t>(message.size())) return;
  break_off(Broken::kConnection, n < 0 ? std::strerror(errno) : "the other end takes nothing");
}

void PairingTalk::break_off(Broken how, std::string why) {
  if (has_ended()) return;
  // Which also forgets the secrets; it may reach nobody.
  const auto farewell = pairing_.reject();
  (void)::send(fd_.get(), farewell.data(), farewell.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  broken_ = how;
  why_ = std::move(why);
  close();
  changed_();
}

void PairingTalk::look_at_state(PairingState before) {
  const auto now = pairing_.state();
  if (now == PairingState::kPaired && pairing_.other_has_kept()) close();
  if (now == before && !has_ended()) return;
  if (now == PairingState::kComparing) allow(limits_.compare);
  if (now == PairingState::kPaired && now != before) allow(limits_.keeping);
  if (now == PairingState::kFailed) close();
  changed_();
}

void PairingTalk::allow(milliseconds time) {
  if (has_ended()) return;
  until_ = MonoClock::now() + time;
  late_.start(time);
}

}  // namespace yoke::pair
