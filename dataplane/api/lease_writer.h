// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "dataplane/api/lease_page.h"

// What yoke-pair does to the lease page. Nothing here waits, allocates or enters the kernel.
//
// A line is claimed as soon as the group is known, long before there is a lease to grant: the data
// plane looks for lines now and then, and a takeover is no moment to wait for that. Claimed lines
// stay where they are through restarts of either process. Threads: owned by one, of the one process
// that has the page (hal/linux/shared_page.h).
namespace yoke::api {

class LeaseWriter {
 public:
  // Takes the page as it is where it is of this boot, and makes it anew, without a lease, where it
  // is not. A lease that an earlier process granted goes on until it expires: to end it is for the
  // election to decide.
  LeaseWriter(LeasePage& page, std::string_view boot);

  // The group's line, or none where all are taken.
  [[nodiscard]] std::optional<std::uint8_t> claim(std::string_view group) noexcept;
  // The line is nobody's any more.
  void release(std::uint8_t line) noexcept;

  // The unit may serve the line's group until `expiry`, which is at most kLeaseMost ahead.
  void grant(std::uint8_t line, std::uint64_t epoch, LeaseTime expiry) noexcept;
  // Not from now on: a worker that has looked at it already sends what it has in its hands, a burst
  // at most.
  void revoke(std::uint8_t line) noexcept;

 private:
  LeasePage& page_;
};

}  // namespace yoke::api
