// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/script_text.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>

#include "mgmt/health/probe_text.h"

namespace yoke::health {
namespace {

constexpr std::size_t kLineBytesMax = 100;
constexpr int kNotTried = 75;  // EX_TEMPFAIL of sysexits.h
// A shell's words for what it may not execute and what is not there.
constexpr int kNotExecutable = 126;
constexpr int kNoCommand = 127;

constexpr mode_t kOthersWrite = S_IWGRP | S_IWOTH;
constexpr mode_t kOthersRun = S_IROTH | S_IXOTH;

std::string with_line(const std::string& text, const std::string& line) {
  return line.empty() ? text : text + ": " + line;
}

ProbeResult exited(int status, const std::string& line, std::chrono::microseconds duration) {
  if (status == 0) {
    const std::string said = line.empty() ? "status 0" : line;
    return {Outcome::kPassed, fmt::format("script {} {}", said, duration_text(duration)), duration};
  }
  if (status == kNotTried && !line.empty()) return not_tried("script " + line, duration);
  std::string text = with_line(fmt::format("script status {}", status), line);
  if (status == kNotTried || status == kNotExecutable || status == kNoCommand) {
    return not_tried(text, duration);
  }
  return {Outcome::kFailed, std::move(text), duration};
}

ProbeResult signalled(int signal, std::chrono::microseconds duration) {
  // Nobody but this unit's kernel does that to it, where there is no memory left.
  if (signal == SIGKILL) return not_tried("script was killed: this unit lacks memory", duration);
  if (signal == SIGXCPU) {
    return {Outcome::kFailed, "script used all the processor time that it may", duration};
  }
  return {Outcome::kFailed, fmt::format("script was ended by signal {}", signal), duration};
}

}  // namespace

std::optional<std::string> objection_to(const std::string& folder, std::string_view name) {
  const std::string path = folder + '/' + std::string(name);
  struct stat status {};
  for (const std::string& each : {folder, path}) {
    // A link is nothing of its own: what it leads to may lie where others write.
    if (::lstat(each.c_str(), &status) != 0) {
      if (errno == ENOENT) return fmt::format("{} is missing: put it there", each);
      return fmt::format("{}: {}", each, std::generic_category().message(errno));
    }
    const bool is_of_kind = each == folder ? S_ISDIR(status.st_mode) : S_ISREG(status.st_mode);
    if (!is_of_kind) return fmt::format("{} is no {}", each, each == folder ? "folder" : "file");
    if (status.st_uid != 0) return fmt::format("{} is not root's: chown root {}", each, each);
    if ((status.st_mode & kOthersWrite) != 0) {
      return fmt::format("{} is for others to change: chmod go-w {}", each, each);
    }
  }
  if ((status.st_mode & kOthersRun) == kOthersRun) return std::nullopt;
  return fmt::format("{} is not for all to run: chmod 755 {}", path, path);
}

std::string first_line(const hal::ProgramEnd& end) {
  const std::string_view said = end.output.empty() ? end.error : end.output;
  std::string line(said.substr(0, said.find('\n')).substr(0, kLineBytesMax));
  for (char& c : line) c = c >= ' ' && c <= '~' ? c : '?';
  return line;
}

ProbeResult script_result(const hal::ProgramEnd& end, std::chrono::microseconds duration) {
  using How = hal::ProgramEnd::How;
  switch (end.how) {
    case How::kExited:
      return exited(end.number, first_line(end), duration);
    case How::kSignalled:
      return signalled(end.number, duration);
    case How::kTooMuchOutput:
      return {Outcome::kFailed, "script said more than is read", duration};
    case How::kOutOfTime:
    case How::kNotStarted:
      break;
  }
  return not_tried("script cannot be run: " + hal::why_not_started(end), duration);
}

}  // namespace yoke::health
