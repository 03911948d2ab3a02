// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/watchdog_keeper.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "hal/base/log.h"
#include "mgmt/pair/daemon/errors.h"

namespace yoke::pair {

void WatchdogKeeper::use(const std::string& path) {
  if (path == path_) return;
  end();
  path_ = path;
  complained_ = false;
}

void WatchdogKeeper::end() {
  if (watchdog_ != nullptr) watchdog_->stop();
  watchdog_.reset();
  path_.clear();
  is_fed_ = false;
}

void WatchdogKeeper::try_to_open() {
  auto opened = open_(path_);
  if (opened) {
    watchdog_ = std::move(*opened);
    complained_ = false;
    log::notice("watchdog", fmt::format("{} resets this machine {} s after this process hangs",
                                        path_, watchdog_->timeout().count()));
  } else if (!std::exchange(complained_, true)) {
    log::error("no-watchdog",
               fmt::format("{}: {} [{}]", path_, std::strerror(opened.error()), kNoWatchdog));
  }
}

void WatchdogKeeper::look(std::uint64_t rounds) {
  if (path_.empty()) return;
  if (watchdog_ == nullptr) try_to_open();
  const bool comes_round = std::exchange(rounds_, rounds) != rounds;
  if (watchdog_ == nullptr || !comes_round) {
    is_fed_ = false;
    return;
  }
  is_fed_ = watchdog_->keep_alive();
  if (!is_fed_) watchdog_.reset();  // to be opened anew
}

}  // namespace yoke::pair
