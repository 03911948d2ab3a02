// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mgmt/health/check.h"
#include "mgmt/health/http_exchange.h"

namespace yoke::health {

// grpc.health.v1.Health/Check, by HTTP/2. Pure; threads: owned by one.
class GrpcExchange final : public HttpExchange {
 public:
  explicit GrpcExchange(const Check& check) : settings_(check.settings) {}

  [[nodiscard]] HttpRequest request() const override;
  [[nodiscard]] Move judge(const HttpAnswer& answer) const override;

 private:
  const Settings settings_;
};

// Of a HealthCheckResponse as it travels: its status, 0 where it has none; nothing of what is not
// one.
[[nodiscard]] std::optional<unsigned> grpc_serving_status(std::string_view body);

}  // namespace yoke::health
