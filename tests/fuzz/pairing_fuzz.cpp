// SPDX-License-Identifier: Apache-2.0
// What the other end of a pairing may say, in any order: each step is an octet that chooses (to
// receive, begin, confirm, reject, or to receive what an honest end says then), and for what is
// received a length of two octets and the message.
#include <cstdlib>

#include "mgmt/pair/wire/pairing.h"

namespace yoke::pair {
namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

Pairing::Random random_of(std::uint8_t seed) {
  Pairing::Random random;
  random.private_key.fill(seed);
  random.number.fill(seed);
  return random;
}

void run(Bytes input) {
  Pairing here(random_of(1), "lb-a"), honest(random_of(2), "lb-b");
  Pairing::Message said;  // by the honest end, not delivered yet
  const auto take = [&input] {
    const std::uint8_t octet = input.empty() ? 0 : input[0];
    if (!input.empty()) input = input.subspan(1);
    return octet;
  };
  for (int steps = 0; !input.empty() && steps < 50; ++steps) {
    Pairing::Message sent;
    switch (take() % 6) {
      case 0:
        sent = here.begin();
        break;
      case 1:
        sent = here.confirm();
        break;
      case 2:
        sent = here.reject();
        break;
      case 3:
        sent = here.receive(said);
        break;
      case 4:
        said = honest.begin();
        break;
      default: {
        const std::size_t wanted = take() * std::size_t{256} + take();
        const Bytes message = input.first(std::min(wanted, input.size()));
        input = input.subspan(message.size());
        (void)Pairing::message_size(message);
        sent = here.receive(message);
        break;
      }
    }
    must(sent.size() <= Pairing::kMessageMost);
    must((here.secrets() != nullptr) == (here.state() == PairingState::kPaired));
    must((here.failure() != PairingFailure::kNone) == (here.state() == PairingState::kFailed));
    if (!sent.empty()) said = honest.receive(sent);
  }
  // Nobody confirmed at the other end, so nobody can have proven anything.
  must(here.state() != PairingState::kPaired);
}

}  // namespace
}  // namespace yoke::pair

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  yoke::pair::run({data, size});
  return 0;
}
