// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/grpc_exchange.h"

#include <fmt/format.h>

#include <array>

#include "mgmt/health/byte_reader.h"
#include "mgmt/model/words.h"

namespace yoke::health {
namespace {

constexpr unsigned kServing = 1;
constexpr std::array<std::string_view, 4> kServingStatuses{"UNKNOWN", "SERVING", "NOT_SERVING",
                                                           "SERVICE_UNKNOWN"};

// Base 128, low bits first; nothing that does not end within 64 bits.
std::optional<std::uint64_t> varint(ByteReader& reader) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const std::uint64_t byte = reader.u8();
    if (!reader.ok()) return std::nullopt;
    value |= (byte & 0x7fU) << shift;
    if ((byte & 0x80U) == 0) return value;
  }
  return std::nullopt;
}

// The value of the header or trailer `name`, the last one.
std::optional<std::string_view> value_of(const HttpAnswer& answer, std::string_view name) {
  std::optional<std::string_view> found;
  for (const std::string_view line : answer.headers) {
    if (!line.starts_with(name) || !line.substr(name.size()).starts_with(':')) continue;
    std::string_view value = line.substr(name.size() + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    found = value;
  }
  return found;
}

}  // namespace

HttpRequest GrpcExchange::request() const {
  HttpRequest request;
  request.tls = settings_.flag("tls");
  request.http2 = true;
  request.path = "/grpc.health.v1.Health/Check";
  request.host = settings_.text("host");
  request.headers = {"Content-Type: application/grpc", "TE: trailers"};
  const std::string_view service = settings_.text("service");
  std::string message;
  if (!service.empty()) {
    // Field 1, a string; at most 253 bytes, so that its length takes two bytes at most.
    message = "\x0a";
    const auto size = static_cast<unsigned>(service.size());
    if (size >= 0x80) message += static_cast<char>((size & 0x7fU) | 0x80U);
    message += static_cast<char>(size >= 0x80 ? size >> 7U : size);
    message += service;
  }
  request.post = std::string(1, '\0') + big_endian(message.size(), 4) + message;
  return request;
}

Move GrpcExchange::judge(const HttpAnswer& answer) const {
  constexpr long kOk = 200;
  if (answer.status != kOk) return failed(fmt::format("HTTP status {}", answer.status));
  const auto status = value_of(answer, "grpc-status");
  if (!status) return failed("answer is not gRPC");
  if (*status != "0") {
    return failed(fmt::format("status {}: {}", model::shown(*status),
                              model::shown(value_of(answer, "grpc-message").value_or(""))));
  }
  const auto serving = grpc_serving_status(answer.body);
  if (!serving) return failed("answer is not a health message");
  if (*serving == kServing) return passed("SERVING");
  return failed(*serving < kServingStatuses.size() ? std::string(kServingStatuses[*serving])
                                                   : fmt::format("serving status {}", *serving));
}

std::optional<unsigned> grpc_serving_status(std::string_view body) {
  ByteReader frame(body);
  const bool is_compressed = frame.u8() != 0;
  ByteReader message(frame.bytes(frame.be32()));
  if (!frame.ok() || is_compressed) return std::nullopt;
  std::uint64_t status = 0;
  while (!message.rest().empty()) {
    const auto tag = varint(message);
    if (!tag) return std::nullopt;
    const std::uint64_t type = *tag & 7U;
    if (type == 0) {
      const auto value = varint(message);
      if (!value) return std::nullopt;
      if (*tag >> 3U == 1) status = *value;
    } else if (type == 2) {
      const auto size = varint(message);
      (void)message.bytes(size.value_or(message.rest().size() + 1));
    } else {
      (void)message.bytes(type == 1 ? 8 : type == 5 ? 4 : message.rest().size() + 1);
    }
    if (!message.ok()) return std::nullopt;
  }
  return static_cast<unsigned>(status);
}

}  // namespace yoke::health
