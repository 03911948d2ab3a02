// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace yoke::store {

// SHA-256 of bytes as they come. Threads: owned by one.
class Sha256 {
 public:
  Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  ~Sha256();

  void add(std::string_view bytes);
  // 64 hexadecimal digits; nothing may be added afterwards.
  [[nodiscard]] std::string text();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace yoke::store
