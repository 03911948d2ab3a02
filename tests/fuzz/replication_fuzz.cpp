// SPDX-License-Identifier: Apache-2.0
// What a peer sends about its configuration: letters, and the bodies that come in parts. What is
// read is given to a unit in the middle of things, too.
#include <cstdlib>
#include <string_view>

#include "mgmt/replication/codec.h"
#include "mgmt/replication/rules.h"

namespace yoke::replication {
namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

void read(std::string_view bytes) {
  if (const auto letter = decode_letter(bytes)) must(decode_letter(encode(*letter)) == letter);
  if (const auto body = decode_proposal(bytes)) must(decode_proposal(encode(*body)) == body);
  if (const auto body = decode_supply(bytes)) {
    const auto again = decode_supply(encode(*body));
    must(again.has_value() && *again == *body);
  }
}

// The peer is 2 and known; what it says is in `bytes`, as a letter or as a body.
void hear(std::string_view bytes) {
  Setup setup;
  setup.rules = &kRules;
  State state;
  MonoTime now{std::chrono::hours(1)};
  const auto give = [&](const Event& event) {
    now += std::chrono::milliseconds(10);
    for (const auto& action : step(setup, state, event, now)) {
      const auto* sent = std::get_if<Send>(&action);
      must(sent == nullptr || encode(sent->letter).size() < 2 * kPartMost);
    }
  };
  give(Start{1, {}, {}});
  give(Heard{{2, 0, Hello{.seq = 1, .tip = {}}}});
  give(Heard{{2, 1, Hello{.seq = 2, .tip = {}, .echo = state.hello_seq}}});
  if (auto letter = decode_letter(bytes)) {
    letter->from = 2;
    letter->to = 1;
    give(Heard{std::move(*letter)});
  }
  for (const Stream stream : {Stream::kPrepare, Stream::kSupply, Stream::kCarried}) {
    give(Heard{{2, 1, Part{stream, 1, bytes.size(), 0, std::string(bytes)}}});
    if (state.busy) give(Persisted{true});
  }
}

}  // namespace
}  // namespace yoke::replication

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  yoke::replication::read(bytes);
  yoke::replication::hear(bytes);
  return 0;
}
