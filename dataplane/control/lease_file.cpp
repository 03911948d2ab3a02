// SPDX-License-Identifier: Apache-2.0
#include "dataplane/control/lease_file.h"

#include <utility>

#include "dataplane/api/messages.h"

namespace yoke::control {

LeaseFile::LeaseFile(std::string path)
    : path_(std::move(path)),
      boot_(hal::boot_id()),
      view_(hal::SharedPageView::make(sizeof(api::LeasePage))) {
  if (view_ == nullptr) none_ = std::make_unique<const api::LeasePage>();
  (void)follow();
}

const api::LeasePage& LeaseFile::page() const noexcept {
  return view_ == nullptr ? *none_ : *static_cast<const api::LeasePage*>(view_->memory());
}

bool LeaseFile::follow() {
  if (view_ == nullptr) {
    trouble_ = api::leases::kNoMemory;
    return false;
  }
  (void)view_->follow(path_, [this](const void* memory) {
    return accepts(*static_cast<const api::LeasePage*>(memory));
  });
  switch (view_->sight()) {
    case hal::SharedPageView::Sight::kShown:
      trouble_ = {};
      return true;
    case hal::SharedPageView::Sight::kMissing:
      trouble_ = api::leases::kNoPage;
      return false;
    case hal::SharedPageView::Sight::kNoFile:
      trouble_ = api::leases::kNoFile;
      return false;
    case hal::SharedPageView::Sight::kRefused:
      trouble_ = refusal_;
      return false;
  }
  return false;
}

// A kernel that does not tell one boot from the next, or does to nobody, makes every page one of
// another.
bool LeaseFile::accepts(const api::LeasePage& page) {
  if (!boot_.empty() && page.is_of(boot_)) return true;
  const api::LeaseHeader& header = page.header;
  if (header.magic != api::LeaseHeader::kMagic || header.version == 0 ||
      header.version < header.oldest) {
    refusal_ = api::leases::kNoFile;
  } else if (header.oldest > api::LeaseHeader::kVersion) {
    refusal_ = api::leases::kOtherVersion;
  } else {
    refusal_ = api::leases::kOtherBoot;
  }
  return false;
}

}  // namespace yoke::control
