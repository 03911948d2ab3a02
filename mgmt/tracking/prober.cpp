// SPDX-License-Identifier: Apache-2.0
#include "mgmt/tracking/prober.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "hal/linux/event.h"
#include "mgmt/health/probe_text.h"
#include "mgmt/tracking/machine.h"

namespace yoke::tracking {
namespace {

using health::Outcome;
using health::ProbeResult;

ProbeResult result(bool passed, std::string text) {
  return {.outcome = passed ? Outcome::kPassed : Outcome::kFailed, .text = std::move(text)};
}

// Looks in the next turn of the loop.
class LocalProbe final : public health::Probe {
 public:
  LocalProbe(sd_event* loop, std::function<void()> look) : timer_(loop, std::move(look)) {
    timer_.start(std::chrono::milliseconds(0));
  }

 private:
  hal::Timer timer_;
};

ProbeResult look_at_link(const std::string& interface) {
  const auto link = has_link(interface);
  if (!link) return result(false, fmt::format("there is no interface {}", interface));
  return result(*link, fmt::format("{} has {} link", interface, *link ? "a" : "no"));
}

ProbeResult look_at_process(const std::string& process) {
  const auto running = is_running(process);
  if (!running) return health::not_tried("processes cannot be listed", {});
  return result(*running, fmt::format("{} {}", process, *running ? "runs" : "does not run"));
}

}  // namespace

std::unique_ptr<health::Probe> Prober::start(const net::Endpoint& server,
                                             const health::Check& check, health::ProbeDone done) {
  const std::string_view kind = check.kind();
  if (kind == "icmp" || kind == "script") return others_.start(server, check, std::move(done));
  return std::make_unique<LocalProbe>(loop_,
                                      [this, check, done = std::move(done)] { done(look(check)); });
}

ProbeResult Prober::look(const health::Check& check) const {
  if (check.kind() == "link") return look_at_link(std::string(check.settings.text("interface")));
  if (check.kind() == "process") {
    return look_at_process(std::string(check.settings.text("process")));
  }
  return count(check);
}

// Servers that no check has said anything of yet decide nothing while they might.
ProbeResult Prober::count(const health::Check& check) const {
  const std::string pool(check.settings.text("pool"));
  const std::size_t wanted = check.settings.number("at-least");
  const PoolTally tally = tally_(pool);
  const bool is_open = tally.up < wanted && tally.up + tally.unknown >= wanted;
  if (is_open) return health::not_tried("servers are still unknown", {});
  return result(tally.up >= wanted,
                fmt::format("{} of {} servers of pool {} are up", tally.up, wanted, pool));
}

}  // namespace yoke::tracking
