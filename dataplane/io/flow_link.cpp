// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/flow_link.h"

#include <pwd.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "dataplane/io/errors.h"

namespace yoke::io {
namespace {

constexpr int kSocketBytes = 4 << 20;  // what a relay that does not run for some ms holds up

unsigned uid_of(const char* user) {
  std::array<char, 16384> buffer;
  passwd entry{};
  passwd* found = nullptr;
  (void)::getpwnam_r(user, &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? 0 : entry.pw_uid;
}

tl::unexpected<Error> cannot_listen(const std::string& path, const char* why) {
  return fail(Errc::kFailed, error::kFlowSocket, path + ": cannot listen: " + why);
}

void widen(int fd) noexcept {
  for (const auto& [forced, asked] :
       {std::pair{SO_SNDBUFFORCE, SO_SNDBUF}, std::pair{SO_RCVBUFFORCE, SO_RCVBUF}}) {
    if (::setsockopt(fd, SOL_SOCKET, forced, &kSocketBytes, sizeof kSocketBytes) == 0) continue;
    (void)::setsockopt(fd, SOL_SOCKET, asked, &kSocketBytes, sizeof kSocketBytes);
  }
}

}  // namespace

FlowLink::Batch::Batch() noexcept {
  for (std::size_t i = 0; i < kBatch; ++i) {
    pieces[i] = {rooms[i].data(), rooms[i].size()};
    messages[i].msg_hdr.msg_iov = &pieces[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
}

FlowLink::FlowLink(std::string path, FileDescriptor listening)
    : path_(std::move(path)), listening_(std::move(listening)), yoke_user_(uid_of("yoke")) {}

FlowLink::~FlowLink() { (void)::unlink(path_.c_str()); }

Result<std::unique_ptr<FlowLink>> FlowLink::listen(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return cannot_listen(path, "the path is too long");
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  FileDescriptor fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return cannot_listen(path, std::strerror(errno));
  (void)::unlink(path.c_str());
  // The group is the process's own, yoke; who of it may connect is asked of each.
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::chmod(path.c_str(), 0660) != 0 || ::listen(fd.get(), 4) != 0) {
    return cannot_listen(path, std::strerror(errno));
  }
  return std::unique_ptr<FlowLink>(new FlowLink(path, std::move(fd)));
}

bool FlowLink::may_relay(int fd) const noexcept {
  ucred who{};
  socklen_t size = sizeof who;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return false;
  return who.uid == 0 || who.uid == ::geteuid() || (yoke_user_ != 0 && who.uid == yoke_user_);
}

void FlowLink::accept() noexcept {
  FileDescriptor relay(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!relay || !may_relay(relay.get())) return;
  disconnect();
  widen(relay.get());
  relay_ = std::move(relay);
}

void FlowLink::disconnect() noexcept {
  relay_.reset();
  waiting_ = sent_ = 0;
}

std::span<const FlowLink::Frame> FlowLink::receive() noexcept {
  if (!relay_) return {};
  const int count =
      ::recvmmsg(relay_.get(), in_.messages.data(), kBatch, MSG_DONTWAIT | MSG_TRUNC, nullptr);
  if (count < 0) {
    if (errno != EAGAIN && errno != EINTR) disconnect();
    return {};
  }
  std::size_t frames = 0;
  for (int i = 0; i < count; ++i) {
    const mmsghdr& message = in_.messages[static_cast<std::size_t>(i)];
    // A packet of no octets is the end: it is what a closed connection reads as.
    if (message.msg_len == 0) {
      disconnect();
      break;
    }
    if (message.msg_len > sync::kFrameBytesMax) continue;
    frames_[frames++] = {in_.rooms[static_cast<std::size_t>(i)].data(), message.msg_len};
  }
  return {frames_.data(), frames};
}

void FlowLink::put(Frame frame) noexcept {
  const std::size_t octets = std::min(frame.size(), sync::kFrameBytesMax);
  std::memcpy(out_.rooms[waiting_].data(), frame.data(), octets);
  out_.pieces[waiting_++].iov_len = octets;
}

bool FlowLink::flush() noexcept {
  while (sent_ < waiting_ && relay_) {
    const int count = ::sendmmsg(relay_.get(), &out_.messages[sent_],
                                 static_cast<unsigned>(waiting_ - sent_), MSG_NOSIGNAL);
    if (count > 0) {
      sent_ += static_cast<std::size_t>(count);
    } else if (errno == EAGAIN) {
      return false;
    } else if (errno != EINTR) {
      disconnect();
    }
  }
  waiting_ = sent_ = 0;
  return true;
}

}  // namespace yoke::io
