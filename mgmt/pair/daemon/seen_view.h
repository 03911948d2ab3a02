// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "dataplane/api/seen_page.h"
#include "hal/linux/shared_page.h"

namespace yoke::pair {

// Whether this unit's data plane has let go of a lease that was taken back, as far as it says so
// (dataplane/api/seen_page.h): never, while there is none that does.
// Threads: follow() by one, have_all_seen() by any.
class SeenView {
 public:
  explicit SeenView(std::string path);

  // To be called now and then: the data plane may have come, or another.
  void follow();
  // Whether there is one that says so. As below.
  [[nodiscard]] bool speaks() const noexcept;
  // No system call, no wait.
  [[nodiscard]] bool have_all_seen(std::uint64_t revocations, api::LeaseTime now) const noexcept;

 private:
  std::string path_, boot_;
  std::unique_ptr<hal::SharedPageView> view_;  // null: no memory
};

}  // namespace yoke::pair
