// SPDX-License-Identifier: Apache-2.0
#include "mgmt/notify/script_carrier.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>
#include <vector>

#include "mgmt/notify/errors.h"

namespace yoke::notify {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kTimeLimit = 30s;
constexpr std::size_t kReasonBytesMax = 100;
// Room to write what it is told to somewhere, and to hand it to whatever sends it on.
constexpr hal::ProgramLimits kLimits{.time = kTimeLimit,
                                     .processor = kTimeLimit,
                                     .memory_bytes = std::uint64_t{1} << 30,
                                     .file_bytes = std::uint64_t{64} << 20,
                                     .processes = 64,
                                     .files = 256,
                                     .output_bytes = std::size_t{1} << 20};
constexpr std::string_view kSearchPath =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// A text may hold anything; a variable ends at a zero.
std::string variable(std::string_view name, std::string_view value) {
  return fmt::format("{}={}", name, value.substr(0, value.find('\0')));
}

std::vector<std::string> environment_of(const News& news) {
  std::vector<std::string> variables{std::string(kSearchPath), variable("YOKE_UNIT", news.unit)};
  if (news.events.empty()) return variables;
  const events::Entry& latest = *news.events.back();
  variables.push_back(variable("YOKE_EVENT", latest.event));
  variables.push_back(variable("YOKE_LEVEL", events::word(latest.level)));
  variables.push_back(variable("YOKE_TEXT", latest.text));
  return variables;
}

// The first line of what it said, of its errors rather, as far as a terminal takes it.
std::string reason_of(const hal::ProgramEnd& end) {
  const std::string_view said = end.error.empty() ? end.output : end.error;
  std::string reason(said.substr(0, said.find('\n')).substr(0, kReasonBytesMax));
  for (char& c : reason) c = c >= ' ' && c <= '~' ? c : '?';
  return reason.empty() ? reason : ": " + reason;
}

std::string failure_of(const std::string& path, const hal::ProgramEnd& end) {
  using How = hal::ProgramEnd::How;
  switch (end.how) {
    case How::kExited:
      return fmt::format("{} ended with status {}{}", path, end.number, reason_of(end));
    case How::kSignalled:
      return fmt::format("{} was ended by signal {}", path, end.number);
    case How::kOutOfTime:
      return fmt::format("{} did not end within {} s", path, kTimeLimit.count());
    case How::kTooMuchOutput:
      return fmt::format("{} said more than {} KiB", path, kLimits.output_bytes / 1024);
    case How::kNotStarted:
      break;
  }
  return fmt::format("{} cannot be run: {}", path, hal::why_not_started(end));
}

}  // namespace

void ScriptCarrier::carry(const News& news, Done done) {
  done_ = std::move(done);
  const hal::ProgramPlan plan{.path = path_,
                              .environment = environment_of(news),
                              .input = document(news) + "\n",
                              .limits = kLimits};
  program_ = std::make_unique<hal::Program>(event_, plan,
                                            [this](const hal::ProgramEnd& end) { ended(end); });
}

void ScriptCarrier::ended(const hal::ProgramEnd& end) {
  program_.reset();
  const bool is_told = end.how == hal::ProgramEnd::How::kExited && end.number == 0;
  const Done done = std::exchange(done_, {});
  if (is_told) return done({});  // may destroy us
  done(fail(Errc::kFailed, kNotTold, failure_of(path_, end)));
}

}  // namespace yoke::notify
