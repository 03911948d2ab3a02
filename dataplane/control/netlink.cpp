// SPDX-License-Identifier: Apache-2.0
#include "dataplane/control/netlink.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "dataplane/control/errors.h"

namespace yoke::control {
namespace {

constexpr std::size_t kBufferBytes = 65536;  // a dump fills at most 32 KiB at a time
constexpr int kReceiveBytes = 8 << 20;       // of notifications not read yet
constexpr unsigned kDumpTries = 8;           // each begun because the table changed meanwhile
constexpr timeval kAnswerTime{.tv_sec = 2, .tv_usec = 0};  // the kernel answers within the call

int call_visit(const nlmsghdr* header, void* visit) {
  (*static_cast<const Netlink::Visit*>(visit))(*header);
  return MNL_CB_OK;
}

}  // namespace

NetlinkRequest::NetlinkRequest(std::uint16_t type, std::uint16_t flags)
    : header_(mnl_nlmsg_put_header(memory_.data())) {
  header_->nlmsg_type = type;
  header_->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
}

void* NetlinkRequest::extra(std::size_t size) { return mnl_nlmsg_put_extra_header(header_, size); }

void NetlinkRequest::put(std::uint16_t attribute, std::span<const std::uint8_t> value) {
  (void)mnl_attr_put_check(header_, memory_.size(), attribute, value.size(), value.data());
}

void NetlinkRequest::put_u32(std::uint16_t attribute, std::uint32_t value) {
  (void)mnl_attr_put_u32_check(header_, memory_.size(), attribute, value);
}

void Netlink::Close::operator()(mnl_socket* socket) const noexcept {
  (void)mnl_socket_close(socket);
}

Result<Netlink> Netlink::open(std::uint32_t groups) {
  Netlink made(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC));
  if (!made.socket_ || mnl_socket_bind(made.socket_.get(), groups, MNL_SOCKET_AUTOPID) != 0) {
    return fail(Errc::kFailed, kNetlink,
                std::string("routes and neighbours cannot be read: ") + std::strerror(errno));
  }
  const int fd = made.fd();
  (void)::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kAnswerTime, sizeof kAnswerTime);
  if (groups != 0 &&
      ::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBytes, sizeof kReceiveBytes) != 0) {
    (void)::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kReceiveBytes, sizeof kReceiveBytes);
  }
  return made;
}

int Netlink::fd() const { return mnl_socket_get_fd(socket_.get()); }

int Netlink::run(NetlinkRequest& request, const Visit& visit) {
  nlmsghdr* const header = request.header();
  header->nlmsg_seq = ++sequence_;
  if (mnl_socket_sendto(socket_.get(), header, header->nlmsg_len) < 0) return errno;
  std::array<char, kBufferBytes> buffer;
  const unsigned port = mnl_socket_get_portid(socket_.get());
  while (true) {
    const ssize_t n = mnl_socket_recvfrom(socket_.get(), buffer.data(), buffer.size());
    if (n < 0) return errno;
    const int more = mnl_cb_run(buffer.data(), static_cast<std::size_t>(n), sequence_, port,
                                call_visit, const_cast<Visit*>(&visit));
    // The rest of a dump that was given up is for a number that is past.
    if (more < 0 && errno == EPROTO) continue;
    if (more < 0) return errno;
    if (more == MNL_CB_STOP) return 0;
  }
}

int Netlink::transact(NetlinkRequest& request) {
  request.header()->nlmsg_flags |= NLM_F_ACK;
  return run(request, [](const nlmsghdr&) {});
}

int Netlink::dump(std::uint16_t type, std::uint8_t family, const std::function<void()>& begin,
                  const Visit& visit) {
  int error = EINTR;
  for (unsigned i = 0; i < kDumpTries && error == EINTR; ++i) {
    NetlinkRequest request(type, NLM_F_DUMP);
    request.body<rtgenmsg>().rtgen_family = family;
    begin();
    error = run(request, visit);
  }
  return error;
}

bool Netlink::receive(const Visit& visit) {
  std::array<char, kBufferBytes> buffer;
  while (true) {
    const ssize_t n = ::recv(fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    (void)mnl_cb_run(buffer.data(), static_cast<std::size_t>(n), 0, 0, call_visit,
                     const_cast<Visit*>(&visit));
  }
}

}  // namespace yoke::control
