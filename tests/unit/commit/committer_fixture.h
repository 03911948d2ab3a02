// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "mgmt/commit/committer.h"
#include "mgmt/commit/compile.h"
#include "tests/unit/commit/fake_data_plane.h"
#include "tests/unit/commit/web_config.h"

namespace yoke::commit {

inline const MonoTime kNow = MonoTime(std::chrono::hours(5));
inline const ServerId kFirst{"web", net::Endpoint::parse("192.0.2.11:80").value()};
inline const ServerId kSecond{"web", net::Endpoint::parse("192.0.2.12:80").value()};

class CommitterTest : public testing::Test {
 protected:
  CommitterTest() : store_(store::must_open(folder_.file())), committer_(*store_, data_plane_) {
    EXPECT_TRUE(committer_.reconcile(kNow));
    data_plane_.calls.clear();
  }

  auto commit(const model::Config& config) {
    return committer_.commit(config, {"ann", "pid 7", "cli"}, {.note = "a note"});
  }

  // At revision 1, web_config() and nothing else, both servers up.
  void begin_with_web() {
    ASSERT_TRUE(commit(web_config()));
    committer_.report(kFirst, Verdict::kUp, kNow);
    committer_.report(kSecond, Verdict::kUp, kNow);
    ASSERT_TRUE(committer_.publish());
    data_plane_.calls.clear();
    data_plane_.batches.clear();
  }

  // Store and data plane hold `config`, and say so to anybody who asks; a store opened anew too.
  void expect_everywhere(const model::Config& config, std::uint64_t revision) {
    EXPECT_EQ(committer_.running().config, config);
    EXPECT_EQ(committer_.running().revision, revision);
    ASSERT_TRUE(data_plane_.running);
    EXPECT_EQ(*data_plane_.running,
              compile(config, committer_.servers(), revision, store_->hash_key()));
  }

  store::TempFolder folder_;
  std::unique_ptr<store::ConfigStore> store_;
  FakeDataPlane data_plane_;
  Committer committer_;
};

}  // namespace yoke::commit
