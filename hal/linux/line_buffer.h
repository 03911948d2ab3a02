// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace yoke::hal {

// Bytes as they arrive, taken out as lines. Each byte is looked at once, however it arrives.
// Threads: owned by one.
class LineBuffer {
 public:
  // Longest line, without its newline.
  explicit LineBuffer(std::size_t line_bytes_max) : max_(line_bytes_max) {}

  void append(std::string_view bytes) { bytes_.append(bytes); }
  // The next complete line without its newline, or nothing yet. Never one that is too long.
  [[nodiscard]] std::optional<std::string> take();
  // The line that begins the buffer is longer than allowed: the connection cannot go on.
  [[nodiscard]] bool too_long() const noexcept { return scanned_ > max_; }
  // Bytes held that are not a complete line yet, or lines not taken yet.
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size() - start_; }

 private:
  std::size_t max_;
  std::string bytes_;
  std::size_t start_ = 0;    // of the line that is next
  std::size_t scanned_ = 0;  // bytes of it known to hold no newline
};

}  // namespace yoke::hal
