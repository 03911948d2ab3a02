// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/pairing_port.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "dataplane/net/address.h"
#include "mgmt/pair/daemon/errors.h"

namespace yoke::pair {
namespace {

constexpr int kWaiting = 4;
constexpr int kKind = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

bool take_port(int fd, const sockaddr* address, socklen_t size) {
  constexpr int kOn = 1;
  (void)::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &kOn, sizeof kOn);
  return ::bind(fd, address, size) == 0 && ::listen(fd, kWaiting) == 0;
}

FileDescriptor listen_on_both(std::uint16_t port) {
  FileDescriptor fd(::socket(AF_INET6, kKind, 0));
  constexpr int kOff = 0;
  (void)::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &kOff, sizeof kOff);
  sockaddr_in6 any{};
  any.sin6_family = AF_INET6;
  any.sin6_port = htons(port);
  if (fd && take_port(fd.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any)) return fd;
  return FileDescriptor();
}

FileDescriptor listen_on_ipv4(std::uint16_t port) {
  FileDescriptor fd(::socket(AF_INET, kKind, 0));
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_port = htons(port);
  if (fd && take_port(fd.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any)) return fd;
  return FileDescriptor();
}

// "fe80::1%eth1"; an IPv4 address as itself.
std::string text_of(const sockaddr_storage& address, socklen_t size) {
  std::array<char, NI_MAXHOST> text{};
  if (::getnameinfo(reinterpret_cast<const sockaddr*>(&address), size, text.data(), text.size(),
                    nullptr, 0, NI_NUMERICHOST) != 0) {
    return "?";
  }
  const std::string whole(text.data());
  constexpr std::string_view kMapped = "::ffff:";
  const bool is_mapped = whole.starts_with(kMapped) && whole.find('.') != std::string::npos;
  return is_mapped ? whole.substr(kMapped.size()) : whole;
}

}  // namespace

Result<FileDescriptor> listen_for_pairing(std::uint16_t port) {
  FileDescriptor fd = listen_on_both(port);
  if (!fd) fd = listen_on_ipv4(port);
  if (fd) return fd;
  return fail(Errc::kFailed, kCannotListen,
              fmt::format("TCP port {} cannot be had: {}", port, std::strerror(errno)));
}

Result<FileDescriptor> connect_for_pairing(const std::string& address, std::uint16_t port) {
  addrinfo wanted{};
  wanted.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  // Which takes more spellings than anybody means: "192.0.2" is one of them.
  const bool is_one = net::IpAddress::parse(address.substr(0, address.find('%'))).has_value();
  const int error =
      !is_one ? EAI_NONAME
              : ::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &wanted, &found);
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, ::freeaddrinfo);
  if (error != 0 || found == nullptr) {
    return fail(Errc::kInvalid, kBadAddress,
                "that is no address in numbers; expected 192.0.2.1, 2001:db8::1 or fe80::1%eth1, "
                "with an interface that is there");
  }
  FileDescriptor fd(::socket(found->ai_family, kKind, 0));
  if (fd && (::connect(fd.get(), found->ai_addr, found->ai_addrlen) == 0 || errno == EINPROGRESS)) {
    return fd;
  }
  return fail(Errc::kUnavailable, kTryFailed,
              fmt::format("there is no way to {}: {}", address, std::strerror(errno)));
}

Caller next_caller(int listening) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  FileDescriptor fd(::accept4(listening, reinterpret_cast<sockaddr*>(&address), &size,
                              SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!fd) return {};
  return {std::move(fd), text_of(address, size)};
}

}  // namespace yoke::pair
