// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "mgmt/pair/daemon/loop.h"

// Keys that become others, between the control thread and the real-time one.
namespace yoke::pair {

void Loop::use_keys(const PairKeys& keys) {
  {
    const std::lock_guard lock(keying_);
    keys_ = keys;
    other_keys_ = true;
  }
  wake(wake_.get());
}

bool Loop::say_rotation(const RotationNote& note) noexcept {
  const bool taken = to_say_.put(note);
  wake(wake_.get());
  return taken;
}

// ---- the thread --------------------------------------------------------------------------------

// Who changes them holds the lock for a copy; where that is now, the next turn does.
void Loop::follow_keys() {
  if (other_keys_) {
    const std::unique_lock lock(keying_, std::try_to_lock);
    if (!lock) return;
    std::optional<Key> newer;
    if (keys_.next) newer = keys_.next->key;
    (void)engine_.use_keys(keys_.current, newer);
    other_keys_ = false;
  }
  while (const auto note = to_say_.take()) {
    engine_.say_rotation({note->octets.data(), note->size});
  }
}

// One that finds no room is said again.
void Loop::rotation_heard(Bytes body) {
  RotationNote note;
  if (body.size() > note.octets.size()) return;
  std::copy(body.begin(), body.end(), note.octets.begin());
  note.size = body.size();
  (void)heard_.put(note);
  wake(parts_.reports_wake);
}

}  // namespace yoke::pair
