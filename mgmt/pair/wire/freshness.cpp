// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/wire/freshness.h"

#include <algorithm>

namespace yoke::pair {

Freshness::Freshness(const KeyBytes& seed) { derivation_.set_key(seed); }

const Challenge& Freshness::challenge(MonoTime now) noexcept {
  if (!drawn_[0].counts || now - drawn_[0].at > kLife / 2) {
    drawn_[1] = drawn_[0];
    drawn_[0] = {derivation_.block(draws_++), now, true};
  }
  return drawn_[0].value;
}

bool Freshness::proves(const Hello& hello, MonoTime now) noexcept {
  const auto echoed = [&](const Drawn& drawn) {
    const auto end = hello.echoes.begin() + static_cast<std::ptrdiff_t>(hello.echo_count);
    return drawn.counts && now - drawn.at <= kLife &&
           std::find(hello.echoes.begin(), end, drawn.value) != end;
  };
  if (std::none_of(drawn_.begin(), drawn_.end(), echoed)) return false;
  for (Drawn& drawn : drawn_) drawn.counts = false;
  return true;
}

void Freshness::asked(const Challenge& challenge) noexcept {
  const auto end = asked_.begin() + static_cast<std::ptrdiff_t>(owed_);
  if (std::find(asked_.begin(), end, challenge) != end) return;
  if (owed_ == asked_.size()) {
    std::move(asked_.begin() + 1, asked_.end(), asked_.begin());
    --owed_;
  }
  asked_[owed_++] = challenge;
}

void Freshness::answer(Hello& hello) noexcept {
  hello.echoes = asked_;
  hello.echo_count = owed_;
  owed_ = 0;
}

}  // namespace yoke::pair
