// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/script_probe.h"

#include <fmt/format.h>

#include <utility>

#include "mgmt/health/probe_text.h"
#include "mgmt/health/script_text.h"

namespace yoke::health {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::string_view kSearchPath =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

microseconds since(MonoTime time) {
  return std::chrono::duration_cast<microseconds>(MonoClock::now() - time);
}

std::string end_text(const hal::ProgramEnd& end) {
  using How = hal::ProgramEnd::How;
  switch (end.how) {
    case How::kExited:
      return fmt::format("ended with status {}", end.number);
    case How::kSignalled:
      return fmt::format("ended by signal {}", end.number);
    case How::kOutOfTime:
      return "killed: it was out of time";
    case How::kTooMuchOutput:
      return "killed: it said more than is read";
    case How::kNotStarted:
      break;
  }
  return "not started: " + hal::why_not_started(end);
}

// The last words of one of its outputs.
std::string last_line(std::string_view text) {
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  const auto newline = text.rfind('\n');
  return std::string(newline == std::string_view::npos ? text : text.substr(newline + 1));
}

Transcript transcript_of(const hal::ProgramEnd& end, microseconds waited, microseconds duration) {
  Transcript transcript;
  if (waited > milliseconds(100)) {
    transcript.add(
        {}, fmt::format("begun {} late: other scripts had their turn", duration_text(waited)));
  }
  const std::string output = last_line(end.output);
  const std::string error = last_line(end.error);
  if (!output.empty()) transcript.add(duration, "said last: " + output);
  if (!error.empty()) transcript.add(duration, "its errors: " + error);
  transcript.add(duration, end_text(end));
  return transcript;
}

}  // namespace

ScriptProbe::ScriptProbe(ScriptProber& prober, const net::Endpoint& server, const Check& check,
                         ProbeDone done)
    : prober_(prober),
      server_(server),
      check_(check),
      done_(std::move(done)),
      place_(prober.waiting_.insert(prober.waiting_.end(), this)),
      asked_(MonoClock::now()) {}

ScriptProbe::~ScriptProbe() { leave(); }

MonoClock::duration ScriptProbe::waited() const {
  return (state_ == State::kWaiting ? MonoClock::now() : began_) - asked_;
}

// Whatever it holds is another's.
void ScriptProbe::leave() {
  program_.reset();
  const State state = std::exchange(state_, State::kEnded);
  if (state == State::kEnded) return;
  if (state == State::kWaiting) prober_.waiting_.erase(place_);
  if (state == State::kRunning) --prober_.running_;
  prober_.go_on();
}

void ScriptProbe::begin() {
  prober_.waiting_.erase(place_);
  state_ = State::kRunning;
  ++prober_.running_;
  began_ = MonoClock::now();
  const auto objection = objection_to(prober_.place_.programs, check_.settings.text("program"));
  if (objection) {
    ProbeResult result = not_tried(*objection, since(began_));
    // What is wrong, and what to do about it: both may be long.
    const auto colon = objection->find(": ");
    result.transcript.add(result.duration, "not run: " + objection->substr(0, colon));
    if (colon != std::string::npos) {
      result.transcript.add(result.duration, objection->substr(colon + 2));
    }
    return finish(std::move(result));
  }
  program_ = std::make_unique<hal::Program>(prober_.loop_, plan(),
                                            [this](const hal::ProgramEnd& end) { take(end); });
}

hal::ProgramPlan ScriptProbe::plan() const {
  const auto text = [](std::string_view name, std::string_view value) {
    return fmt::format("{}={}", name, value);
  };
  const std::string address = server_.address.to_string();
  const std::string port = std::to_string(server_.port);
  hal::ProgramPlan made;
  made.path = fmt::format("{}/{}", prober_.place_.programs, check_.settings.text("program"));
  // What is no server's has none of either.
  if (server_ != net::Endpoint()) made.arguments = {address, port};
  if (const auto argument = check_.settings.text("argument"); !argument.empty()) {
    made.arguments.emplace_back(argument);
  }
  made.environment = {std::string(kSearchPath),
                      "LANG=C.UTF-8",
                      text("YOKE_SERVER_ADDRESS", address),
                      text("YOKE_SERVER_PORT", port),
                      text("YOKE_POOL", check_.pool),
                      text("YOKE_CHECK", check_.key),
                      text("YOKE_TIMEOUT_MS", std::to_string(check_.timeout.count()))};
  made.limits.time = check_.timeout;
  made.account = prober_.account_;
  made.walls = true;
  made.hidden_folders = prober_.place_.hidden_folders;
  return made;
}

ProbeResult ScriptProbe::result_of(const hal::ProgramEnd& end, microseconds duration) const {
  if (end.how != hal::ProgramEnd::How::kOutOfTime) return script_result(end, duration);
  return timed_out(check_.timeout, "script", duration, prober_.lag_.since(began_));
}

void ScriptProbe::take(const hal::ProgramEnd& end) {
  const microseconds duration = since(began_);
  ProbeResult result = result_of(end, duration);
  result.transcript =
      transcript_of(end, std::chrono::duration_cast<microseconds>(waited()), duration);
  finish(std::move(result));
}

void ScriptProbe::finish(ProbeResult result) {
  leave();
  const ProbeDone done = std::move(done_);
  done(std::move(result));  // may destroy us
}

}  // namespace yoke::health
