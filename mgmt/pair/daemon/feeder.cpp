// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/feeder.h"

#include <utility>

namespace yoke::pair {

Feeder::Feeder(WatchdogKeeper::Open open, std::chrono::milliseconds pulse,
               std::function<void()> tell)
    : keeper_(std::move(open)),
      pulse_(pulse),
      tell_(std::move(tell)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Feeder::~Feeder() = default;

void Feeder::use(const std::string& path, std::function<std::uint64_t()> rounds) {
  const std::scoped_lock lock(mutex_);
  keeper_.use(path);
  rounds_ = std::move(rounds);
}

void Feeder::end() {
  const std::scoped_lock lock(mutex_);
  keeper_.end();
  rounds_ = nullptr;
}

void Feeder::seen() {
  const std::scoped_lock lock(mutex_);
  seen_at_ = MonoClock::now();
}

std::string Feeder::path() const {
  const std::scoped_lock lock(mutex_);
  return keeper_.path();
}

bool Feeder::is_fed() const {
  const std::scoped_lock lock(mutex_);
  return keeper_.is_fed();
}

void Feeder::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    turn(MonoClock::now());
    (void)wake_.wait_for(lock, stop, kEvery, [] { return false; });
  }
}

void Feeder::turn(MonoTime now) {
  bool comes_round = true;
  if (rounds_ != nullptr) {
    const std::uint64_t rounds = rounds_();
    keeper_.look(rounds);
    comes_round = std::exchange(last_, rounds) != rounds;
  }
  const bool is_due = pulse_ > pulse_.zero() && now >= tell_at_;
  if (!is_due || !comes_round || now - seen_at_ > kBusy) return;
  tell_at_ = now + pulse_;
  tell_();
}

}  // namespace yoke::pair
