// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "dataplane/api/pulse_page.h"
#include "hal/linux/shared_page.h"

namespace yoke::control {

// The pulse page as the data plane writes it: the file at the path, made anew without a worker, or,
// where that cannot be had, memory that nobody else sees. Threads: as the page says.
class PulseFile {
 public:
  explicit PulseFile(const std::string& path);

  [[nodiscard]] api::PulsePage& page() const noexcept;
  // Why nobody sees it; empty: they do.
  [[nodiscard]] const std::string& trouble() const noexcept { return trouble_; }

 private:
  std::unique_ptr<hal::SharedPage> file_;
  std::unique_ptr<api::PulsePage> own_;
  std::string trouble_;
};

}  // namespace yoke::control
