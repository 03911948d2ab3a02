// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
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
  // election to decide. Of two lines for one group the first stays, which is the one that is read.
  LeaseWriter(LeasePage& page, std::string_view boot) noexcept;

  // The group's line, or none where all are taken.
  [[nodiscard]] std::optional<std::uint8_t> claim(std::string_view group) noexcept;
  // The line is nobody's any more.
  void release(std::uint8_t line) noexcept;
  // Releases the lines of all groups but these: those that are not configured any more, which an
  // earlier process has claimed.
  void keep(std::span<const std::string> groups) noexcept;

  // The unit may serve the line's group until `expiry`, which is at most kLeaseMost ahead. A new
  // epoch begins without a lease, for the moment that takes.
  void grant(std::uint8_t line, std::uint64_t epoch, LeaseTime expiry) noexcept;
  // Not from now on. When each worker has seen it the seen page tells (seen_page.h): the number
  // that it is to have come to is returned.
  std::uint64_t revoke(std::uint8_t line) noexcept;
  // As revoke(), for the other unit's sake: what workers have decided before may leave until
  // `drained`, and frames that come until `redirected` are sent on to it.
  std::uint64_t hand_over(std::uint8_t line, LeaseTime drained, LeaseTime redirected) noexcept;

  // Whether readers still find what was claimed: false, somebody else has written on the page. A
  // LeaseWriter made anew on it, and claims made anew, mend that; where the file is not whole
  // (hal::SharedPage::is_shared()), on a page that was opened anew.
  [[nodiscard]] bool is_sound() const noexcept;

 private:
  void release_seconds() noexcept;
  void make_anew() noexcept;
  std::uint64_t count_revocation() noexcept;

  LeasePage& page_;
  std::array<char, 36> boot_{};
  std::array<std::uint64_t, limits::kGroups> claimed_{};  // owners, by line; 0: not ours
};

}  // namespace yoke::api
