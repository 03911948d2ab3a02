// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

#include "dataplane/net/address.h"
#include "dataplane/net/order.h"

namespace yoke::health {

// An endpoint as the kernel takes it, in the family of its address. Threads: a value, any.
class SocketAddress {
 public:
  explicit SocketAddress(const net::Endpoint& endpoint) noexcept {
    const auto port = net::Be16::from_host(endpoint.port).raw();
    if (endpoint.address.is_v4()) {
      sockaddr_in v4{};
      v4.sin_family = AF_INET;
      v4.sin_port = port;
      std::memcpy(&v4.sin_addr, endpoint.address.v4_octets(), sizeof v4.sin_addr);
      std::memcpy(&storage_, &v4, size_ = sizeof v4);
    } else {
      sockaddr_in6 v6{};
      v6.sin6_family = AF_INET6;
      v6.sin6_port = port;
      std::memcpy(&v6.sin6_addr, endpoint.address.octets().data(), sizeof v6.sin6_addr);
      std::memcpy(&storage_, &v6, size_ = sizeof v6);
    }
  }

  [[nodiscard]] int family() const noexcept { return storage_.ss_family; }
  [[nodiscard]] const sockaddr* get() const noexcept {
    return reinterpret_cast<const sockaddr*>(&storage_);
  }
  [[nodiscard]] socklen_t size() const noexcept { return size_; }

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

}  // namespace yoke::health
