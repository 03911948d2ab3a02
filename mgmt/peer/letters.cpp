// SPDX-License-Identifier: Apache-2.0
#include "mgmt/peer/letters.h"

#include <net/if.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "mgmt/replication/codec.h"

namespace yoke::peer {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRound{100};    // hellos, while they are wanted
constexpr milliseconds kSilent{1000};  // then everybody on the link is asked
constexpr int kAtOnce = 64;            // datagrams of one turn
constexpr std::uint8_t kChannel = 0;
constexpr std::size_t kFrameMost = pair::kFrameOverhead + pair::kBodyMost;
constexpr int kRoom = 1 << 20;  // octets, of those that wait to be read

template <typename Bytes>
bool draw(Bytes& bytes) {
  return ::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size());
}

sockaddr_in6 all_nodes(unsigned index, std::uint16_t port) {
  sockaddr_in6 to{};
  to.sin6_family = AF_INET6;
  to.sin6_port = htons(port);
  to.sin6_scope_id = index;
  to.sin6_addr.s6_addr[0] = 0xff;  // ff02::1
  to.sin6_addr.s6_addr[1] = 0x02;
  to.sin6_addr.s6_addr[15] = 0x01;
  return to;
}

bool set(int fd, int level, int option, int value) {
  return ::setsockopt(fd, level, option, &value, sizeof value) == 0;
}

}  // namespace

Letters::Letters(sd_event* loop, std::function<void(const replication::Letter&)> hear,
                 std::uint16_t port)
    : loop_(loop),
      hear_(std::move(hear)),
      port_(port),
      out_(kFrameMost),
      in_(kFrameMost + 1),
      round_(loop, [this] { round(); }) {}

bool Letters::goes_on_with(const std::optional<Way>& way) {
  if (!way || !way_) return !way && !way_;
  return session_ != nullptr && way->interface == way_->interface && way->unit == way_->unit &&
         session_->keys().follow(way->key, way->newer);
}

void Letters::use(const std::optional<Way>& way) {
  if (goes_on_with(way)) {
    way_ = way;
    return;
  }
  readable_.reset();
  socket_ = FileDescriptor();
  session_.reset();
  peer_.reset();
  way_ = way;
  round_.stop();
  if (!way_) return;
  pair::Session::Start start;
  start.stream = pair::Stream::kConfiguration;
  start.unit = way_->unit;
  start.key = way_->key;
  start.newer = way_->newer;
  start.has_peer_newer = way_->has_peer_newer;
  if (!draw(start.boot) || !draw(start.seed)) return;
  session_ = std::make_unique<pair::Session>(start);
  round();
}

// Bound to the interface: nobody else's datagrams come here.
void Letters::open() {
  readable_.reset();
  socket_ = FileDescriptor();
  peer_.reset();
  index_ = ::if_nametoindex(way_->interface.c_str());
  if (index_ == 0) return;
  FileDescriptor made(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto& name = way_->interface;
  sockaddr_in6 any{};
  any.sin6_family = AF_INET6;
  any.sin6_port = htons(port_);
  const bool ready = made.get() >= 0 && set(made.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1) &&
                     ::setsockopt(made.get(), SOL_SOCKET, SO_BINDTODEVICE, name.c_str(),
                                  static_cast<socklen_t>(name.size() + 1)) == 0 &&
                     set(made.get(), IPPROTO_IPV6, IPV6_MULTICAST_IF, static_cast<int>(index_)) &&
                     set(made.get(), IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0) &&
                     set(made.get(), IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 1) &&
                     ::bind(made.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0;
  if (!ready) return;
  (void)set(made.get(), SOL_SOCKET, SO_RCVBUF, kRoom);
  socket_ = std::move(made);
  readable_ = std::make_unique<hal::IoSource>(loop_, socket_.get(), EPOLLIN,
                                              [this](std::uint32_t) { read(); });
}

void Letters::round() {
  round_.start(kRound);
  const bool lost = socket_.get() < 0 || ::if_nametoindex(way_->interface.c_str()) != index_;
  if (lost) open();
  if (socket_.get() < 0) return;
  const MonoTime now = MonoClock::now();
  const bool silent = now - heard_at_ > kSilent;
  if (silent) peer_.reset();
  if (!session_->wants_hello() && !silent) return;
  session_->compose_hello(now);
  put(session_->seal_hello(kChannel, out_));
}

void Letters::send(const replication::Letter& letter) {
  if (session_ == nullptr || socket_.get() < 0 || !session_->peer()) return;
  const std::string bytes = replication::encode(letter);
  put(session_->seal(kChannel, {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()},
                     out_));
}

void Letters::put(std::size_t size) {
  const sockaddr_in6 to = peer_.value_or(all_nodes(index_, port_));
  const bool gone =
      size != 0 &&
      ::sendto(socket_.get(), out_.data(), size, MSG_DONTWAIT | MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&to), sizeof to) == static_cast<ssize_t>(size);
  ++(gone ? sent_ : not_sent_);
}

// What comes faster than it is read is dropped by the kernel: the loop has other work as well.
void Letters::read() {
  for (int i = 0; i < kAtOnce; ++i) {
    sockaddr_in6 from{};
    socklen_t length = sizeof from;
    if (session_ == nullptr) return;  // what was heard has ended it
    const ssize_t size = ::recvfrom(socket_.get(), in_.data(), in_.size(), MSG_DONTWAIT,
                                    reinterpret_cast<sockaddr*>(&from), &length);
    if (size < 0) return;
    ++received_;
    take({in_.data(), static_cast<std::size_t>(size)}, from);
  }
}

void Letters::take(pair::Bytes frame, const sockaddr_in6& from) {
  const MonoTime now = MonoClock::now();
  const auto opened = session_->open(kChannel, frame, now);
  if (!opened) return;  // counted there
  heard_at_ = now;
  peer_ = from;
  if (opened->kind != pair::FrameKind::kMessage) return;
  const auto letter = replication::decode_letter(
      {reinterpret_cast<const char*>(opened->body.data()), opened->body.size()});
  if (letter) {
    hear_(*letter);
  } else {
    ++no_letters_;
  }
}

bool Letters::is_bothered() {
  const std::uint64_t foul = session_ == nullptr ? 0 : pair::foul(session_->refusals());
  return foul_.look(foul, MonoClock::now());
}

nlohmann::json Letters::counts() const {
  const std::uint64_t refused =
      no_letters_ + (session_ != nullptr ? session_->refusals().all() : 0);
  return {{"received", received_}, {"sent", sent_}, {"not_sent", not_sent_}, {"refused", refused}};
}

}  // namespace yoke::peer
