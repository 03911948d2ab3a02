// SPDX-License-Identifier: Apache-2.0
#include "dataplane/control/lease_file.h"

#include <utility>

#include "dataplane/control/errors.h"

namespace yoke::control {

Result<LeaseFile> LeaseFile::open(std::string path) {
  auto view = hal::SharedPageView::make(sizeof(api::LeasePage));
  if (!view) return fail(Errc::kFailed, kRuntimeFolder, path + ": no memory to show it in");
  auto boot = hal::boot_id();
  if (boot.empty()) {
    return fail(Errc::kFailed, kRuntimeFolder, "/proc/sys/kernel/random/boot_id cannot be read");
  }
  LeaseFile file(std::move(path), std::move(boot), std::move(view));
  (void)file.follow();
  return file;
}

LeaseFile::LeaseFile(std::string path, std::string boot, std::unique_ptr<hal::SharedPageView> view)
    : path_(std::move(path)), boot_(std::move(boot)), view_(std::move(view)) {}

bool LeaseFile::follow() {
  return view_->follow(path_, [this](const void* memory) {
    return static_cast<const api::LeasePage*>(memory)->is_of(boot_);
  });
}

}  // namespace yoke::control
