// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "hal/base/result.h"

struct mnl_socket;
struct nlmsghdr;

// rtnetlink(7) over libmnl. Threads: owned by one.
namespace yoke::control {

// A request under construction; its memory and its header.
class NetlinkRequest {
 public:
  // `type` as RTM_NEWROUTE, `flags` as NLM_F_CREATE; NLM_F_REQUEST is added.
  NetlinkRequest(std::uint16_t type, std::uint16_t flags);
  // The fixed part behind the header, zeroed. Once, before any attribute.
  template <typename T>
  [[nodiscard]] T& body() {
    return *static_cast<T*>(extra(sizeof(T)));
  }
  void put(std::uint16_t attribute, std::span<const std::uint8_t> value);
  void put_u32(std::uint16_t attribute, std::uint32_t value);
  [[nodiscard]] nlmsghdr* header() noexcept { return header_; }

 private:
  void* extra(std::size_t size);

  alignas(8) std::array<std::uint8_t, 1024> memory_{};
  nlmsghdr* header_;
};

class Netlink {
 public:
  using Visit = std::function<void(const nlmsghdr&)>;

  // `groups`: RTMGRP_* to be told of; none for a socket that only asks. E-341.
  [[nodiscard]] static Result<Netlink> open(std::uint32_t groups);

  // Sends a request and waits for the kernel's acknowledgement, which comes at once. The error is
  // errno; 0 is success.
  [[nodiscard]] int transact(NetlinkRequest& request);
  // Every message of a dump; begun anew, a few times, while the kernel says that it changed under
  // it. Where the error is not 0, what was visited is of no use; EINTR: it changes all the while.
  [[nodiscard]] int dump(std::uint16_t type, std::uint8_t family,
                         const std::function<void()>& begin, const Visit& visit);

  // Everything that was told since the last call, without waiting. False: some of it was lost, so
  // that what remains may be older than what a dump says from here on.
  [[nodiscard]] bool receive(const Visit& visit);
  [[nodiscard]] int fd() const;

 private:
  struct Close {
    void operator()(mnl_socket* socket) const noexcept;
  };
  explicit Netlink(mnl_socket* socket) : socket_(socket) {}
  // errno of an answer, 0 of a good one; nothing while there is more to come.
  struct Answer {
    std::optional<int> end;
    bool is_torn = false;  // what was dumped changed meanwhile
  };
  [[nodiscard]] int run(NetlinkRequest& request, const Visit& visit);
  // As run(), and visits once all of the answer is here; nothing of one that is torn.
  [[nodiscard]] int run_at_once(NetlinkRequest& request, const Visit& visit);
  // The next datagram of the kernel's, whole, or -1 and errno.
  [[nodiscard]] ssize_t take_one(std::span<std::uint8_t> to, int flags) const;
  void read_answer(std::span<const std::uint8_t> bytes, const Visit& visit, Answer& answer) const;

  std::unique_ptr<mnl_socket, Close> socket_;
  std::uint32_t sequence_ = 0;
};

}  // namespace yoke::control
