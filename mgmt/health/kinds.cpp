// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/kinds.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <array>

#include "mgmt/health/dns_protocol.h"
#include "mgmt/health/exchange_protocol.h"
#include "mgmt/health/grpc_exchange.h"
#include "mgmt/health/icmp_protocol.h"
#include "mgmt/health/mysql_protocol.h"
#include "mgmt/health/postgresql_protocol.h"
#include "mgmt/health/redis_protocol.h"
#include "mgmt/health/smtp_protocol.h"
#include "mgmt/health/web_exchange.h"

namespace yoke::health {
namespace {

using Made = std::unique_ptr<Protocol>;

std::uint64_t random_number() {
  std::uint64_t number = 0;
  // So few bytes come whole, and at once, once the machine is up; a signal may come before.
  while (::getrandom(&number, sizeof number, 0) != ssize_t{sizeof number}) continue;
  return number;
}

// 32 hexadecimal digits.
std::string random_text() {
  return fmt::format("{:016x}{:016x}", random_number(), random_number());
}

using Server = net::Endpoint;

Made stream(const Server& /*server*/, const Check& check, ScramKeys& /*keys*/) {
  return std::make_unique<ExchangeProtocol>(ExchangeProtocol::Kind::kStream, check);
}
Made datagram(const Server& /*server*/, const Check& check, ScramKeys& /*keys*/) {
  return std::make_unique<ExchangeProtocol>(ExchangeProtocol::Kind::kDatagram, check);
}
Made icmp(const Server& server, const Check& /*check*/, ScramKeys& /*keys*/) {
  const auto family =
      server.address.is_v4() ? IcmpProtocol::Family::kV4 : IcmpProtocol::Family::kV6;
  return std::make_unique<IcmpProtocol>(family, random_text());
}
Made dns(const Server& /*server*/, const Check& check, ScramKeys& /*keys*/) {
  return std::make_unique<DnsProtocol>(check, static_cast<std::uint16_t>(random_number()));
}
Made smtp(const Server& /*server*/, const Check& check, ScramKeys& /*keys*/) {
  return std::make_unique<SmtpProtocol>(check);
}
Made redis(const Server& /*server*/, const Check& check, ScramKeys& /*keys*/) {
  return std::make_unique<RedisProtocol>(check);
}
Made mysql(const Server& /*server*/, const Check& check, ScramKeys& /*keys*/) {
  return std::make_unique<MysqlProtocol>(check);
}
Made postgresql(const Server& /*server*/, const Check& check, ScramKeys& keys) {
  return std::make_unique<PostgresqlProtocol>(check, random_text(), keys);
}
std::unique_ptr<HttpExchange> web(const Check& check) {
  return std::make_unique<WebExchange>(check);
}
std::unique_ptr<HttpExchange> grpc(const Check& check) {
  return std::make_unique<GrpcExchange>(check);
}

constexpr std::array kKinds{
    Kind{.word = "tcp", .protocol = stream},
    Kind{.word = "http", .exchange = web},
    Kind{.word = "https", .exchange = web},
    Kind{.word = "tls", .protocol = stream, .tls = TlsUse::kFirst},
    Kind{.word = "udp", .protocol = datagram, .transport = Transport::kUdp},
    Kind{.word = "icmp", .protocol = icmp, .transport = Transport::kPing},
    Kind{.word = "dns", .protocol = dns, .transport = Transport::kUdp},
    Kind{.word = "smtp", .protocol = smtp, .tls = TlsUse::kWithin},
    Kind{.word = "redis", .protocol = redis, .tls = TlsUse::kFirstIfSet},
    Kind{.word = "mysql", .protocol = mysql, .tls = TlsUse::kWithin},
    Kind{.word = "postgresql", .protocol = postgresql, .tls = TlsUse::kWithin},
    Kind{.word = "grpc", .exchange = grpc},
    Kind{.word = "script"},
};

}  // namespace

std::span<const Kind> kinds() noexcept { return kKinds; }

const Kind* kind_of(const Check& check) noexcept {
  const auto* const found = std::ranges::find(kKinds, check.kind(), &Kind::word);
  return found == kKinds.end() ? nullptr : found;
}

Transport transport_of(const Kind& kind, const Check& check) {
  return check.settings.text("transport") == "tcp" ? Transport::kTcp : kind.transport;
}

bool speaks_tls_first(const Kind& kind, const Check& check) {
  return kind.tls == TlsUse::kFirst ||
         (kind.tls == TlsUse::kFirstIfSet && check.settings.flag("tls"));
}

}  // namespace yoke::health
