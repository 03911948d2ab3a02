// SPDX-License-Identifier: Apache-2.0
#include "dataplane/control/pulse_file.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace yoke::control {

PulseFile::PulseFile(const std::string& path) {
  auto opened = hal::SharedPage::open(path, sizeof(api::PulsePage));
  if (!opened) {
    trouble_ = path + ": " + std::strerror(opened.error());
    own_ = std::make_unique<api::PulsePage>();
    return;
  }
  file_ = std::move(*opened);
  api::PulseHeader& header = page().header;
  header.workers.store(0, std::memory_order_release);
  header.magic = {};
  for (api::PulseLine& line : page().lines) line.rounds.store(0, std::memory_order_relaxed);
  const std::string boot = hal::boot_id();
  std::copy_n(boot.data(), std::min(boot.size(), header.boot.size()), header.boot.begin());
  header.version = api::PulseHeader::kVersion;
  header.oldest = api::PulseHeader::kVersion;
  std::atomic_thread_fence(std::memory_order_release);
  header.magic = api::PulseHeader::kMagic;  // last: until then it is no page
}

api::PulsePage& PulseFile::page() const noexcept {
  return file_ == nullptr ? *own_ : *static_cast<api::PulsePage*>(file_->memory());
}

}  // namespace yoke::control
