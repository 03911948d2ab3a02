// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "mgmt/health/check.h"
#include "mgmt/health/http_exchange.h"

namespace yoke::health {

struct StatusRange {
  std::uint16_t first = 200;
  std::uint16_t last = 200;  // inclusive
  friend bool operator==(const StatusRange&, const StatusRange&) = default;
};
// "200-299,401".
[[nodiscard]] std::vector<StatusRange> status_ranges(std::string_view text);
// "503, expected 200-299, 401".
[[nodiscard]] std::string status_text(long status, const std::vector<StatusRange>& expected);

// The kinds http and https: the status decides, and text in the body where some is expected. Pure;
// threads: owned by one.
class WebExchange final : public HttpExchange {
 public:
  explicit WebExchange(const Check& check);

  [[nodiscard]] HttpRequest request() const override;
  [[nodiscard]] Move judge(const HttpAnswer& answer) const override;

 private:
  const Settings settings_;
  const bool tls_;
  const std::vector<StatusRange> expect_;
};

}  // namespace yoke::health
