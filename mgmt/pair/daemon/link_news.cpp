// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/link_news.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace yoke::pair {
namespace {

constexpr int kReadAtOnce = 64;

}  // namespace

LinkNews::LinkNews() noexcept
    : fd_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE)) {
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK;
  if (fd_ && ::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fd_.reset();
  }
}

bool LinkNews::take() noexcept {
  bool any = false;
  std::array<char, 64> beginning{};  // what it says is asked of the kernel anew
  for (int i = 0; fd_ && i < kReadAtOnce; ++i) {
    const ssize_t n = ::recv(fd_.get(), beginning.data(), beginning.size(), MSG_DONTWAIT);
    if (n < 0 && errno != ENOBUFS) break;  // too much news is news, too
    any = true;
  }
  return any;
}

}  // namespace yoke::pair
