// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <memory>
#include <string>

#include "hal/linux/program.h"
#include "mgmt/notify/carrier.h"

namespace yoke::notify {

// By a program of the unit's own, without a shell and as the user that this process is: the
// document on its standard input, YOKE_UNIT, YOKE_EVENT, YOKE_LEVEL and YOKE_TEXT of the latest
// event in its environment, and nothing else of ours. It is to end with status 0 within 30 s; then
// it and all it started are killed. Threads: the loop's.
class ScriptCarrier final : public Carrier {
 public:
  ScriptCarrier(sd_event* event, std::string path) : event_(event), path_(std::move(path)) {}

  void carry(const News& news, Done done) override;

 private:
  void ended(const hal::ProgramEnd& end);

  sd_event* event_;
  std::string path_;
  Done done_;
  std::unique_ptr<hal::Program> program_;
};

}  // namespace yoke::notify
