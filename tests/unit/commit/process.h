// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "hal/linux/event.h"
#include "mgmt/commit/committer.h"
#include "tests/unit/commit/fake_data_plane.h"
#include "tests/unit/commit/web_config.h"

namespace yoke::commit {

// A process that commits, can be killed and started again, and goes by clocks that the test turns.
// It has committed web_config() as revision 1. What it does besides is a test's own.
class Process : public testing::Test {
 protected:
  explicit Process(Clocks now) : now_(std::move(now)) {}

  virtual void begin_duty() = 0;  // of the committer that is there now
  virtual void end_duty() = 0;
  virtual void follow() = 0;  // the clocks were turned

  void SetUp() override {
    sd_event* made = nullptr;
    ASSERT_GE(sd_event_new(&made), 0);
    loop_.reset(made);
    start();
    ASSERT_TRUE(committer_->commit(web_config(), {"ann", "pid 7", "cli"}, {}));
  }
  void TearDown() override { kill(); }

  void start() {
    store_ = store::must_open(folder_.file());
    committer_ = std::make_unique<Committer>(*store_, data_plane_, [this] { return now_; });
    begin_duty();
    (void)committer_->reconcile(MonoClock::now());
    follow();
  }
  void kill() {
    end_duty();
    committer_.reset();
    store_.reset();
  }
  void restart() {
    kill();
    start();
  }
  void pass(std::chrono::milliseconds time) {
    now_.since_boot += time;
    now_.wall += time;
    follow();
  }
  [[nodiscard]] store::CommitInfo last() const { return committer_->history(1)->front().info; }

  Clocks now_;
  store::TempFolder folder_;
  std::unique_ptr<store::ConfigStore> store_;
  FakeDataPlane data_plane_;
  hal::Event loop_;
  std::unique_ptr<Committer> committer_;
};

}  // namespace yoke::commit
