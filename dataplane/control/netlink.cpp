// SPDX-License-Identifier: Apache-2.0
#include "dataplane/control/netlink.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "dataplane/control/errors.h"

namespace yoke::control {
namespace {

constexpr std::size_t kBufferBytes = 65536;  // a dump fills at most 32 KiB at a time
constexpr int kReceiveBytes = 8 << 20;       // of notifications not read yet
constexpr unsigned kDumpTries = 8;           // each begun because the table changed meanwhile
constexpr timeval kAnswerTime{.tv_sec = 2, .tv_usec = 0};  // the kernel answers within the call

// Messages start at a multiple of four.
struct Buffer {
  alignas(nlmsghdr) std::array<std::uint8_t, kBufferBytes> octets;
};

void for_each_message(std::span<const std::uint8_t> bytes, const Netlink::Visit& visit) {
  const auto* at = reinterpret_cast<const nlmsghdr*>(bytes.data());
  auto left = static_cast<int>(bytes.size());
  while (mnl_nlmsg_ok(at, left)) {
    visit(*at);
    at = mnl_nlmsg_next(at, &left);
  }
}

// What an NLMSG_ERROR says, or an NLMSG_DONE of a dump that failed on its way; 0: it is well.
int error_of(const nlmsghdr& message) {
  int error = 0;
  if (mnl_nlmsg_get_payload_len(&message) < sizeof error) {
    return message.nlmsg_type == NLMSG_DONE ? 0 : EBADMSG;
  }
  std::memcpy(&error, mnl_nlmsg_get_payload(&message), sizeof error);
  return error < 0 ? -error : 0;
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

ssize_t Netlink::take_one(std::span<std::uint8_t> to, int flags) const {
  while (true) {
    sockaddr_nl sender{};
    socklen_t size = sizeof sender;
    const ssize_t n = ::recvfrom(fd(), to.data(), to.size(), flags | MSG_TRUNC,
                                 reinterpret_cast<sockaddr*>(&sender), &size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return n;
    if (sender.nl_pid != 0) continue;  // another process, not the kernel
    if (static_cast<std::size_t>(n) <= to.size()) return n;
    errno = ENOSPC;
    return -1;
  }
}

void Netlink::read_answer(std::span<const std::uint8_t> bytes, const Visit& visit,
                          Answer& answer) const {
  for_each_message(bytes, [&](const nlmsghdr& message) {
    // What is left of a question that was given up has a number that is past.
    if (message.nlmsg_seq != sequence_ || answer.end) return;
    answer.is_torn |= (message.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
    if (message.nlmsg_type == NLMSG_ERROR || message.nlmsg_type == NLMSG_DONE) {
      answer.end = error_of(message);
    } else if (message.nlmsg_type >= NLMSG_MIN_TYPE) {
      visit(message);
    }
  });
}

// To the end even of a dump that is torn: the kernel begins no other while one is under way.
int Netlink::run(NetlinkRequest& request, const Visit& visit) {
  nlmsghdr* const header = request.header();
  header->nlmsg_seq = ++sequence_;
  if (mnl_socket_sendto(socket_.get(), header, header->nlmsg_len) < 0) return errno;
  Buffer buffer;
  Answer answer;
  while (!answer.end) {
    const ssize_t n = take_one(buffer.octets, 0);
    if (n < 0) return errno;
    read_answer({buffer.octets.data(), static_cast<std::size_t>(n)}, visit, answer);
  }
  return *answer.end == 0 && answer.is_torn ? EINTR : *answer.end;
}

// Between two datagrams the table may change, and the dump is torn: so nothing is done there but to
// copy, however long a visit takes.
int Netlink::run_at_once(NetlinkRequest& request, const Visit& visit) {
  std::vector<std::uint8_t> kept;
  const int error = run(request, [&kept](const nlmsghdr& message) {
    const auto* const octets = reinterpret_cast<const std::uint8_t*>(&message);
    kept.insert(kept.end(), octets, octets + message.nlmsg_len);
    kept.resize(NLMSG_ALIGN(kept.size()));
  });
  if (error == 0) for_each_message(kept, visit);
  return error;
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
    error = i == 0 ? run(request, visit) : run_at_once(request, visit);
  }
  return error;
}

bool Netlink::receive(const Visit& visit) {
  Buffer buffer;
  bool is_whole = true;
  while (true) {
    const ssize_t n = take_one(buffer.octets, MSG_DONTWAIT);
    if (n >= 0) {
      for_each_message({buffer.octets.data(), static_cast<std::size_t>(n)}, visit);
      continue;
    }
    if (errno == EAGAIN) return is_whole;
    is_whole = false;
    if (errno != ENOBUFS && errno != ENOSPC) return is_whole;
  }
}

}  // namespace yoke::control
