// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "mgmt/health/check.h"
#include "mgmt/health/conversation.h"
#include "mgmt/health/http_exchange.h"
#include "mgmt/health/protocol.h"
#include "mgmt/health/scram.h"

// The kinds of checks: the schema names them, this table says how each is made. A new kind is its
// fields in the schema, a row here and a protocol. Threads: constant data, any.
namespace yoke::health {

// When a kind that is a conversation speaks TLS.
enum class TlsUse : std::uint8_t {
  kNever,
  kFirst,       // from the first byte on
  kFirstIfSet,  // the same, where the check says `tls yes`
  kWithin,      // where the protocol asks for it
};

struct Kind {
  std::string_view word;
  // A kind is a conversation, an HTTP exchange or a script: of a script neither is there.
  std::unique_ptr<Protocol> (*protocol)(const net::Endpoint& server, const Check& check,
                                        ScramKeys& keys) = nullptr;
  std::unique_ptr<HttpExchange> (*exchange)(const Check& check) = nullptr;
  Transport transport = Transport::kTcp;
  TlsUse tls = TlsUse::kNever;
};

[[nodiscard]] std::span<const Kind> kinds() noexcept;
[[nodiscard]] constexpr bool is_script(const Kind& kind) noexcept {
  return kind.protocol == nullptr && kind.exchange == nullptr;
}
// The kind of the check; never null of one that the schema let through.
[[nodiscard]] const Kind* kind_of(const Check& check) noexcept;

[[nodiscard]] Transport transport_of(const Kind& kind, const Check& check);
[[nodiscard]] bool speaks_tls_first(const Kind& kind, const Check& check);

}  // namespace yoke::health
