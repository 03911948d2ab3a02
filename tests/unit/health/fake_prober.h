// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hal/linux/event.h"
#include "mgmt/health/probe.h"

namespace yoke::health {

// Answers as it is told, in the next turn of the loop, and sees that no two probes of a check
// overlap.
class FakeProber final : public Prober {
 public:
  explicit FakeProber(sd_event* loop) : loop_(loop) {}

  [[nodiscard]] std::unique_ptr<Probe> start(const net::Endpoint& server, const Check& check,
                                             ProbeDone done) override {
    const auto key = std::pair(server, check.key);
    EXPECT_EQ(under_way_[key], 0) << "two at once for " << server.to_string();
    ++started_[server.to_string()];
    begun_.push_back(MonoClock::now());
    Outcome outcome = Outcome::kPassed;
    for (const std::string& name : {server.to_string(), check.key}) {
      if (outcomes_.contains(name)) outcome = outcomes_[name];
    }
    return std::make_unique<FakeProbe>(
        loop_, under_way_[key], holds_,
        [outcome, done, took = took_, end = ends_[server.to_string()]] {
          done({outcome, outcome == Outcome::kPassed ? "fine" : "not fine", took, {}, end});
        });
  }

  // Of a server's checks, or of all checks with this key.
  void answer(const std::string& name, Outcome outcome) { outcomes_[name] = outcome; }
  // When the certificate ends that probes of a server see; nothing: they see none.
  void certify(const std::string& server, std::optional<std::chrono::sys_seconds> end) {
    ends_[server] = end;
  }
  void take(std::chrono::microseconds time) { took_ = time; }  // as it says itself
  void hold(bool holds) { holds_ = holds; }                    // answers nothing
  [[nodiscard]] int started(const std::string& server) { return started_[server]; }
  [[nodiscard]] const std::vector<MonoTime>& begun() const { return begun_; }
  [[nodiscard]] int under_way() const {
    int sum = 0;
    for (const auto& [key, count] : under_way_) sum += count;
    return sum;
  }

 private:
  class FakeProbe final : public Probe {
   public:
    FakeProbe(sd_event* loop, int& under_way, bool holds, std::function<void()> done)
        : under_way_(under_way), timer_(loop, std::move(done)) {
      ++under_way_;
      if (!holds) timer_.start(std::chrono::milliseconds(0));
    }
    ~FakeProbe() override { --under_way_; }

   private:
    int& under_way_;
    hal::Timer timer_;
  };

  sd_event* loop_;
  bool holds_ = false;
  std::chrono::microseconds took_{0};
  std::map<std::pair<net::Endpoint, std::string>, int> under_way_;
  std::map<std::string, Outcome> outcomes_;
  std::map<std::string, int> started_;
  std::map<std::string, std::optional<std::chrono::sys_seconds>> ends_;
  std::vector<MonoTime> begun_;  // of all
};

}  // namespace yoke::health
