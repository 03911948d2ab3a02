// SPDX-License-Identifier: Apache-2.0
// What a server may say to a check, of any kind that is a conversation, in parts of any size; and
// the decoders by themselves.
#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "mgmt/health/dns_message.h"
#include "mgmt/health/grpc_exchange.h"
#include "mgmt/health/kinds.h"
#include "mgmt/health/mysql_packet.h"
#include "mgmt/health/scram.h"
#include "mgmt/model/byte_text.h"

namespace yoke::health {
namespace {

// The first byte chooses the kind, the second what is set; from there on each part has its length
// before it.
void converse(std::string_view bytes) {
  if (bytes.size() < 2) return;
  const auto take = [&bytes] {
    const auto value = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    return value;
  };
  const Kind& kind = kinds()[take() % kinds().size()];
  const unsigned choices = take();
  if (kind.protocol == nullptr) return;
  Settings::Values values{{"type", "MX"}, {"query", "example.net"}, {"rcode", "NOERROR"}};
  if ((choices & 1U) != 0) values.insert({{"user", "u"}, {"password", "p"}});
  if ((choices & 2U) != 0) values.insert({"role", "replica"});
  if ((choices & 4U) != 0) values.insert({"lag-max", "5s"});
  if ((choices & 8U) != 0) values.insert({"tls", "yes"});
  if ((choices & 16U) != 0) values.insert({"receive", "x"});
  if ((choices & 32U) != 0) values.insert({"transport", "tcp"});
  if ((choices & 64U) != 0) values.insert({"verify", "yes"});
  Check check;
  check.key = kind.word;
  check.settings = Settings(std::move(values));
  ScramKeys keys;
  const auto protocol = kind.protocol(*net::Endpoint::parse("192.0.2.1:1"), check, keys);
  const bool is_stream = transport_of(kind, check) == Transport::kTcp;
  std::string unread;
  Move move = protocol->connected();
  while (!bytes.empty() && move.next != Move::Next::kPassed && move.next != Move::Next::kFailed) {
    if (move.next == Move::Next::kStartTls) {
      if (!unread.empty()) return;  // spoke before TLS stood
      move = protocol->secured();
      continue;
    }
    const std::size_t wanted = take();
    const std::size_t size = std::min(wanted, bytes.size());
    if (!is_stream) unread.clear();
    unread += bytes.substr(0, size);
    bytes.remove_prefix(size);
    // As Conversation does: what is left over is for the next move.
    for (std::size_t before = unread.size() + 1; move.next == Move::Next::kReceive;) {
      if (unread.size() == before || (is_stream && unread.empty())) break;
      before = unread.size();
      move = protocol->received(unread);
      if (!is_stream) break;
    }
  }
  (void)protocol->closed(unread);
}

}  // namespace
}  // namespace yoke::health

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace yoke;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  health::converse(text);
  for (const char* type : {"A", "CNAME", "SOA", "PTR", "MX", "TXT", "AAAA", "SRV"}) {
    (void)health::dns::parse(text, health::dns::type_of(type));
  }
  (void)health::grpc_serving_status(text);
  (void)health::mysql::parse_greeting(text);
  health::ScramKeys keys;
  health::Scram scram("", "p", "", keys);
  (void)scram.final_message(text);
  (void)model::parse_bytes(text);
  return 0;
}
