// SPDX-License-Identifier: Apache-2.0
#include "mgmt/commit/expiry.h"

#include <algorithm>
#include <utility>

#include "mgmt/commit/errors.h"

namespace yoke::commit {
namespace {

using events::Kind;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds kAfterFailure = 1s;
constexpr milliseconds kLookAtLeast = 1min;

}  // namespace

Expiry::Expiry(sd_event* event, Committer& committer, std::function<Clocks()> clocks,
               events::Record record, Later later)
    : committer_(committer),
      clocks_(std::move(clocks)),
      record_(std::move(record)),
      later_(std::move(later)),
      next_(event, [this] { later_([this] { follow(); }); }) {}

void Expiry::follow() {
  next_.stop();
  const Clocks now = clocks_();
  if (auto done = committer_.expire(now); !done) {
    tell_why(done.error());
    next_.start(kAfterFailure);
    return;
  }
  last_error_.clear();
  if (const auto left = committer_.until_expiry(now)) {
    next_.start(std::clamp(*left, 1ms, kLookAtLeast));
  }
}

void Expiry::tell_why(const Error& error) {
  if (error.text == std::exchange(last_error_, error.text)) return;
  const bool runs = error.id == kNotStoredYet;
  record_({Kind::kCommitNotUndone,
           runs ? error.text
                : "time to confirm a commit is up, and it cannot be undone yet: " + error.text});
}

}  // namespace yoke::commit
