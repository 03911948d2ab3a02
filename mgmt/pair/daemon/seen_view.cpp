// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/seen_view.h"

#include <utility>

namespace yoke::pair {

SeenView::SeenView(std::string path)
    : path_(std::move(path)),
      boot_(hal::boot_id()),
      view_(hal::SharedPageView::make(sizeof(api::SeenPage))) {
  follow();
}

void SeenView::follow() {
  if (view_ == nullptr || boot_.empty()) return;
  (void)view_->follow(path_, [this](const void* memory) {
    return static_cast<const api::SeenPage*>(memory)->is_of(boot_);
  });
}

bool SeenView::speaks() const noexcept {
  return view_ != nullptr && static_cast<const api::SeenPage*>(view_->memory())->is_of(boot_);
}

bool SeenView::have_all_seen(std::uint64_t revocations, api::LeaseTime now) const noexcept {
  return view_ != nullptr &&
         static_cast<const api::SeenPage*>(view_->memory())->have_all_seen(revocations, now);
}

}  // namespace yoke::pair
