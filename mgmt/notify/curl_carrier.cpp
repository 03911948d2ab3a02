// SPDX-License-Identifier: Apache-2.0
#include "mgmt/notify/curl_carrier.h"

#include <chrono>
#include <utility>

#include "hal/linux/trust_file.h"
#include "mgmt/notify/curl.h"
#include "mgmt/notify/errors.h"

namespace yoke::notify {

CurlCarrier::CurlCarrier(sd_event* event, Target target)
    : event_(event), target_(std::move(target)), not_begun_(event, [this] { end(unreadable_); }) {}

void CurlCarrier::carry(const News& news, Done done) {
  done_ = std::move(done);
  // Said at once of what curl would wait for until its time is up, or read without end.
  unreadable_ = hal::expect_trust_file(target_.authorities, kNotTold);
  if (!unreadable_) {
    not_begun_.start(std::chrono::milliseconds(0));
    return;
  }
  curl_ = std::make_unique<hal::Program>(
      event_, curl_plan(news, target_),
      [this](const hal::ProgramEnd& ended) { end(arrived(target_.way, ended)); });
}

// A copy, for it may be ours, and `done` may destroy us.
void CurlCarrier::end(Status how) {
  curl_.reset();
  const Done done = std::exchange(done_, {});
  done(std::move(how));
}

}  // namespace yoke::notify
