// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/probe_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace yoke::health {
namespace {

std::string reason(int error) {
  switch (error) {
    case ECONNREFUSED:
      return "connection refused";
    case ECONNRESET:
    case EPIPE:  // after the server's end had come
      return "connection reset";
    case EHOSTUNREACH:
      return "host unreachable";
    case ENETUNREACH:
      return "network unreachable";
    case ETIMEDOUT:
      return "no answer";
    case EACCES:
      return "rejected: a firewall or a router forbids it";
    default:
      return std::generic_category().message(error);
  }
}

// How late a timeout may be noticed and still count, within a quarter of itself: more than a loop
// is late that is merely busy, for otherwise a dead server would stay in use as long as it is.
constexpr std::chrono::milliseconds kLateMin(100);
constexpr std::chrono::milliseconds kLateMax(250);

// What this unit lacks: descriptors, memory, ports, room in epoll, a family or leave to speak it.
// Not a way to the server: traffic would find none either. EACCES is one of these: a server's
// firewall has it said by ICMPv6 (administratively prohibited).
bool is_ours(int error) {
  constexpr std::array kOurs{EMFILE, ENFILE,        ENOMEM,       ENOBUFS, ENOSPC,
                             EAGAIN, EADDRNOTAVAIL, EAFNOSUPPORT, EPERM};
  return std::ranges::find(kOurs, error) != kOurs.end();
}

}  // namespace

std::string duration_text(std::chrono::microseconds duration) {
  const auto ms = std::chrono::round<std::chrono::milliseconds>(duration).count();
  return ms < 1 ? "<1ms" : fmt::format("{}ms", ms);
}

ProbeResult timed_out(std::chrono::milliseconds timeout, std::string_view stage,
                      std::chrono::microseconds duration, std::chrono::microseconds lag) {
  if (std::max(duration - timeout, lag) > std::clamp(timeout / 4, kLateMin, kLateMax)) {
    return not_tried("this unit was too busy to look", duration);
  }
  const auto ms = timeout.count();
  const std::string after =
      ms >= 1000 && ms % 1000 == 0 ? fmt::format("{}s", ms / 1000) : fmt::format("{}ms", ms);
  return {Outcome::kFailed, fmt::format("timeout after {} at {}", after, stage), duration};
}

bool is_overdue(MonoTime began, std::chrono::milliseconds timeout, MonoTime now) {
  constexpr std::chrono::seconds kLongest(10);
  return now - began > timeout + kLongest;
}

ProbeResult not_tried(std::string_view reason, std::chrono::microseconds duration) {
  return {Outcome::kNotTried, fmt::format("not tried: {}", reason), duration};
}

ProbeResult socket_failure(std::string_view kind, int error, std::chrono::microseconds duration,
                           std::string_view stage) {
  if (is_ours(error)) return not_tried(reason(error), duration);
  std::string text = fmt::format("{} {}", kind, reason(error));
  if (!stage.empty()) text += fmt::format(" at {}", stage);
  return {Outcome::kFailed, std::move(text), duration};
}

}  // namespace yoke::health
