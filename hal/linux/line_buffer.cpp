// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/line_buffer.h"

namespace yoke::hal {

std::optional<std::string> LineBuffer::take() {
  if (too_long()) return std::nullopt;
  const std::size_t end = bytes_.find('\n', start_ + scanned_);
  if (end == std::string::npos) {
    scanned_ = bytes_.size() - start_;
    bytes_.erase(0, start_);
    start_ = 0;
    return std::nullopt;
  }
  if (end - start_ > max_) {
    scanned_ = end - start_;
    return std::nullopt;
  }
  std::string line = bytes_.substr(start_, end - start_);
  start_ = end + 1;
  scanned_ = 0;
  return line;
}

}  // namespace yoke::hal
