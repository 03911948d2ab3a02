// SPDX-License-Identifier: Apache-2.0
#include "mgmt/commit/data_plane_link.h"

#include <chrono>
#include <utility>

namespace yoke::commit {
namespace {

using events::Kind;
using namespace std::chrono_literals;

constexpr auto kInterval = 100ms;
constexpr auto kAfterFailure = 1s;

}  // namespace

DataPlaneLink::DataPlaneLink(sd_event* event, SocketDataPlane& data_plane, Committer& committer,
                             std::function<void(bool in_step)> changed, events::Record record,
                             Later later)
    : data_plane_(data_plane),
      committer_(committer),
      changed_(std::move(changed)),
      record_(std::move(record)),
      later_(std::move(later)),
      next_(event, [this] { look(); }) {}

void DataPlaneLink::look() {
  const bool alive = data_plane_.check();
  if (!alive) tell(false);
  if (is_bringing_ || committer_.is_changing()) {
    // A commit brings the data plane in step as well, or says that it could not.
  } else if (alive && committer_.reconciled()) {
    tell(true);
  } else if (MonoClock::now() >= not_before_) {
    begin();
  }
  next_.start(kInterval);
}

void DataPlaneLink::begin() {
  is_bringing_ = true;
  later_([this] {
    const auto done = bring_in_step();
    is_bringing_ = false;
    if (done) {
      last_error_.clear();
      tell(true);
      return;
    }
    tell_why(done.error());
    if (done.error().kind != Errc::kUnavailable) not_before_ = MonoClock::now() + kAfterFailure;
    if (!data_plane_.reachable()) tell(false);
  });
}

// There may have been a commit since it was asked for.
Status DataPlaneLink::bring_in_step() {
  if (committer_.reconciled()) return {};
  if (!data_plane_.reachable()) {
    if (auto connected = data_plane_.connect(); !connected) return connected;
  }
  return committer_.reconcile(MonoClock::now());
}

void DataPlaneLink::tell(bool in_step) {
  if (in_step == in_step_) return;
  in_step_ = in_step;
  if (in_step) {
    record_({Kind::kDataPlaneConnected,
             "the data plane runs what is committed",
             {{"REVISION", std::to_string(committer_.running().revision)}}});
  } else {
    record_({Kind::kDataPlaneLost, "the data plane does not answer any more"});
  }
  if (changed_) changed_(in_step);
}

void DataPlaneLink::tell_why(const Error& error) {
  if (error.text == std::exchange(last_error_, error.text)) return;
  record_({Kind::kDataPlaneNotInStep, error.text, {{"ERROR", error.id}}});
}

}  // namespace yoke::commit
