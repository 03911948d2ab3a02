// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <functional>
#include <memory>

#include "hal/base/result.h"
#include "mgmt/notify/message.h"
#include "mgmt/notify/target.h"

namespace yoke::notify {

// A way to hand news over to one target. Threads: the loop's.
class Carrier {
 public:
  using Done = std::function<void(Status)>;

  Carrier() = default;
  Carrier(const Carrier&) = delete;
  Carrier& operator=(const Carrier&) = delete;
  // Ends what is under way at once, of which nothing is told any more.
  virtual ~Carrier() = default;

  // One at a time. `done` is called from the loop, never from within, and within a quarter of an
  // hour, which a mail server may take: E-640, or E-641 where the same news would be refused again,
  // with the reason. It may destroy the carrier.
  virtual void carry(const News& news, Done done) = 0;
};

using MakeCarrier = std::function<std::unique_ptr<Carrier>(const Target& target)>;

[[nodiscard]] std::unique_ptr<Carrier> make_carrier(sd_event* event, const Target& target);

}  // namespace yoke::notify
