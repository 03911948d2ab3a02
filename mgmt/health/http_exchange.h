// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mgmt/health/protocol.h"

namespace yoke::health {

// What one HTTP request asks.
struct HttpRequest {
  bool tls = false;
  bool http2 = false;  // from the first byte, or as TLS agrees
  bool head = false;
  std::string path;
  std::string host;                  // Host header; empty: the server's address
  std::vector<std::string> headers;  // "Name: value"
  std::optional<std::string> post;   // a body to send
};

// What came back, as far as a check reads it.
struct HttpAnswer {
  long status = 0;
  std::string body;                  // its first 64 KiB
  std::vector<std::string> headers;  // and trailers: lines, without their ends
};

// One HTTP request and how its answer is judged; how both travel is HttpProbe's. Pure; threads:
// owned by one.
class HttpExchange {
 public:
  HttpExchange() = default;
  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;
  virtual ~HttpExchange() = default;

  [[nodiscard]] virtual HttpRequest request() const = 0;
  // A verdict.
  [[nodiscard]] virtual Move judge(const HttpAnswer& answer) const = 0;
};

}  // namespace yoke::health
