// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "mgmt/backup/carrier.h"
#include "mgmt/backup/clock.h"

// What a unit's backups see of the world: time, which passes when a test says so, and machines
// that take files. Everything that is called back is, from turn().
namespace yoke::backup {

class FakeClock final : public Clock {
 public:
  [[nodiscard]] MonoTime now() const override { return MonoTime(std::chrono::hours(1)) + past_; }
  [[nodiscard]] std::chrono::system_clock::time_point date() const override {
    return start_ + past_;
  }
  void call_after(std::chrono::milliseconds time, std::function<void()> call) override {
    due_ = now() + time;
    call_ = std::move(call);
  }
  void call_nothing() override { call_ = {}; }

  [[nodiscard]] bool waits() const { return static_cast<bool>(call_); }
  [[nodiscard]] MonoTime due() const { return due_; }
  void pass_until(MonoTime time) { past_ += std::max(time, now()) - now(); }
  void call() { std::exchange(call_, {})(); }

 private:
  std::chrono::system_clock::time_point start_{std::chrono::seconds(1'800'000'000)};
  MonoClock::duration past_{0};
  MonoTime due_;
  std::function<void()> call_;
};

class FakeCarrier final : public Carrier {
 public:
  void send(const std::string& file, const model::Place& place, const std::string& name,
            Done done) override {
    asked.push_back("send " + name);
    begin(
        [this, file, name, url = place.url()]() -> Status {
          if (away.contains(url) || name == never || !std::filesystem::exists(file))
            return refused();
          files[url].insert(name);
          if (lose_answer) return refused();
          return {};
        },
        std::move(done));
  }
  void remove(const model::Place& place, const std::string& name, Done done) override {
    asked.push_back("remove " + name);
    begin(
        [this, name, url = place.url()]() -> Status {
          if (away.contains(url)) return refused();
          files[url].erase(name);
          return {};
        },
        std::move(done));
  }

  [[nodiscard]] bool busy() const { return !under_way_.empty(); }
  void end_one() {
    const auto [work, done] = std::move(under_way_.front());
    under_way_.pop_front();
    done(work());
  }

  std::set<std::string> away;  // URLs that nothing gets to
  std::string never;           // what is refused
  bool lose_answer = false;
  bool stuck = false;                                  // nothing ends
  std::map<std::string, std::set<std::string>> files;  // by URL
  std::vector<std::string> asked;

 private:
  static tl::unexpected<Error> refused() { return fail(Errc::kFailed, "E-516", "it is away"); }
  void begin(std::function<Status()> work, Done done) {
    under_way_.emplace_back(std::move(work), std::move(done));
  }

  std::deque<std::pair<std::function<Status()>, Done>> under_way_;
};

}  // namespace yoke::backup
