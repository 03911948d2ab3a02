// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "dataplane/api/lease_page.h"
#include "hal/base/result.h"
#include "hal/linux/shared_page.h"

namespace yoke::control {

// The lease page as the data plane sees it: at one address for as long as the process lives, and
// without any lease while there is no file of this boot at the path, or it is cut short, or another
// thing altogether. It never makes the file: that is for yoke-pair, as is all that stands in it.
// Threads: follow() by one; the page is any's.
class LeaseFile {
 public:
  // E-340: no memory, or a kernel that does not tell one boot from the next.
  [[nodiscard]] static Result<LeaseFile> open(std::string path);

  [[nodiscard]] const api::LeasePage& page() const noexcept {
    return *static_cast<const api::LeasePage*>(view_->memory());
  }
  // To be called now and then: looks whether the file is there, and still the one that is shown.
  bool follow();

 private:
  LeaseFile(std::string path, std::string boot, std::unique_ptr<hal::SharedPageView> view);

  std::string path_, boot_;
  std::unique_ptr<hal::SharedPageView> view_;
};

}  // namespace yoke::control
