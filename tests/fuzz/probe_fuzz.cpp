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
  Check check;
  check.key = kind.word;
  check.settings = Settings(std::move(values));
  const auto protocol = kind.protocol(*net::Endpoint::parse("192.0.2.1:1"), check);
  std::string unread;
  Move move = protocol->connected();
  while (!bytes.empty() && move.next != Move::Next::kPassed && move.next != Move::Next::kFailed) {
    if (move.next == Move::Next::kStartTls) {
      move = protocol->secured();
      continue;
    }
    const std::size_t wanted = take();
    const std::size_t size = std::min(wanted, bytes.size());
    unread += bytes.substr(0, size);
    bytes.remove_prefix(size);
    move = protocol->received(unread);
  }
  (void)protocol->closed(unread);
}

}  // namespace
}  // namespace yoke::health

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace yoke;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  health::converse(text);
  for (const std::uint16_t type : {1, 5, 6, 12, 15, 16, 28, 33})
    (void)health::dns::parse(text, type);
  (void)health::grpc_serving_status(text);
  (void)health::mysql::parse_greeting(text);
  health::Scram scram("", "p", "");
  (void)scram.final_message(text);
  (void)model::parse_bytes(text);
  return 0;
}
