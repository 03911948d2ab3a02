// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "hal/base/clock.h"
#include "mgmt/pair/wire/cipher.h"
#include "mgmt/pair/wire/hello.h"

// Proof that the other end lives now: it sends back what this end has just drawn. A recording of
// whatever age cannot. Threads: owned by one.
namespace yoke::pair {

class Freshness {
 public:
  // How long an answer to a challenge counts: the longest that somebody may hold one back. Far
  // above a round trip on a machine that is short of time.
  static constexpr std::chrono::milliseconds kLife{1000};

  // `seed`: random, used nowhere else.
  explicit Freshness(const KeyBytes& seed);

  // What to ask at `now`: drawn anew once the last has lived half its time.
  [[nodiscard]] const Challenge& challenge(MonoTime now) noexcept;
  // Whether the hello answers one that still counts. None that was drawn before counts again then.
  [[nodiscard]] bool proves(const Hello& hello, MonoTime now) noexcept;

  // The other end asks; the oldest of more than Hello::kEchoesMost is forgotten.
  void asked(const Challenge& challenge) noexcept;
  [[nodiscard]] bool owes_answer() const noexcept { return owed_ > 0; }
  // Takes what is owed into `hello`.
  void answer(Hello& hello) noexcept;

 private:
  struct Drawn {
    Challenge value{};
    MonoTime at;
    bool counts = false;
  };
  Derivation derivation_;
  std::uint32_t draws_ = 0;
  std::array<Drawn, 2> drawn_;  // the newest first
  std::array<Challenge, Hello::kEchoesMost> asked_{};
  std::size_t owed_ = 0;
};

}  // namespace yoke::pair
