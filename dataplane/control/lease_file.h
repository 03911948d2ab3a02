// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "dataplane/api/lease_page.h"
#include "hal/linux/shared_page.h"

namespace yoke::control {

// The lease page as the data plane sees it: at one address for as long as the process lives, and
// without any lease while there is no file of this boot at the path, or it is cut short, or another
// thing altogether. It never makes the file: that is for yoke-pair, as is all that stands in it.
// Threads: follow() by one; the page is any's.
class LeaseFile {
 public:
  // Where it cannot be had at all, it shows a page without a lease for ever: what stands is served
  // as ever, and what is held is not. trouble() says why.
  explicit LeaseFile(std::string path);

  [[nodiscard]] const api::LeasePage& page() const noexcept;
  // To be called now and then: looks whether the file is there, and still the one that is shown.
  bool follow();
  // Why no file is shown (api::leases); empty: one is.
  [[nodiscard]] std::string_view trouble() const noexcept { return trouble_; }

 private:
  [[nodiscard]] bool accepts(const api::LeasePage& page);

  std::string path_, boot_;
  std::unique_ptr<hal::SharedPageView> view_;  // null: no memory
  std::unique_ptr<const api::LeasePage> none_;
  std::string_view trouble_, refusal_;
};

}  // namespace yoke::control
