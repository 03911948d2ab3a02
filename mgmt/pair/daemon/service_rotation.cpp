// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "mgmt/pair/daemon/pair_clock.h"
#include "mgmt/pair/daemon/service.h"

// How the pair's key comes to be another while everything goes on.
namespace yoke::pair {
namespace {

constexpr std::chrono::seconds kHears{2};  // far above any profile's `dead`

}  // namespace

RotationDesk::Ways Service::rotation_ways() {
  return {[this](const PairKeys& keys) { follow_keys(keys); },
          [this](Bytes body) { say_rotation(body); },
          [this](std::string_view what, std::string text) {
            pairing_.tell_rotation(what, std::move(text));
          }};
}

// The heartbeats' first: what is said to the peer after this, it finds true.
void Service::follow_keys(const PairKeys& keys) {
  if (loop_ != nullptr) loop_->use_keys(keys);
  if (relay_ != nullptr) relay_->use_keys(keys);
}

void Service::say_rotation(Bytes body) {
  Loop::RotationNote note;
  if (loop_ == nullptr || body.size() > note.octets.size()) return;
  std::copy(body.begin(), body.end(), note.octets.begin());
  note.size = body.size();
  (void)loop_->say_rotation(note);
}

// While the unit stops being one of two, or becomes one of two others, its file is not the
// rotation's any more.
void Service::hear_rotation() {
  while (loop_ != nullptr) {
    const auto note = loop_->take_rotation();
    if (!note) return;
    if (when_stopped_ == nullptr) rotation_.hear({note->octets.data(), note->size});
  }
}

// Without groups there are no heartbeats: then it is asked, and may not answer.
Status Service::rotate() {
  bool hears = false;
  if (loop_ != nullptr && when_stopped_ == nullptr) {
    const Snapshot now = loop_->snapshot();
    hears = now.has_peer && (now.count == 0 || pair_now() - now.heard_at < kHears);
  }
  return rotation_.begin(hears);
}

nlohmann::json Service::pairing_status() const {
  auto status = pairing_.status();
  status.update(rotation_.status());
  return status;
}

}  // namespace yoke::pair
