// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <memory>

#include "hal/linux/event.h"
#include "hal/linux/program.h"
#include "mgmt/notify/carrier.h"

namespace yoke::notify {

// By mail or a webhook, by a curl(1) of its own for each: libcurl in this process would block it
// wherever a mail server takes its time, and would end a mail that is given up as if it were whole.
// Threads: the loop's.
class CurlCarrier final : public Carrier {
 public:
  CurlCarrier(sd_event* event, Target target);

  void carry(const News& news, Done done) override;

 private:
  void end(Status how);

  sd_event* event_;
  Target target_;
  Done done_;
  Status unreadable_;
  std::unique_ptr<hal::Program> curl_;
  hal::Timer not_begun_;
};

}  // namespace yoke::notify
