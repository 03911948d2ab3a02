// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hal/base/clock.h"
#include "hal/base/result.h"
#include "mgmt/commit/committer.h"
#include "mgmt/commit/errors.h"

// What of Committer its own files share. Threads: as it.
namespace yoke::commit {

// The one change that there is at a time.
class Committer::Change {
 public:
  explicit Change(Committer& committer)
      : committer_(committer), is_first_(!committer.is_changing()) {
    committer_.is_changing_ = true;
  }
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;
  ~Change() {
    if (!is_first_) return;
    committer_.is_changing_ = false;
    committer_.meanwhile_.clear();
  }
  [[nodiscard]] Status may_begin() const {
    if (is_first_) return {};
    return fail(Errc::kConflict, kUnderWay, "another commit is being made: try again");
  }

 private:
  Committer& committer_;
  bool is_first_;
};

// As long as the disk has something to write.
class Committer::OnDisk {
 public:
  explicit OnDisk(Committer& committer) : committer_(committer) {
    committer_.on_disk_since_ = MonoClock::now();
  }
  OnDisk(const OnDisk&) = delete;
  OnDisk& operator=(const OnDisk&) = delete;
  ~OnDisk() { committer_.on_disk_since_.reset(); }

 private:
  Committer& committer_;
};

}  // namespace yoke::commit
