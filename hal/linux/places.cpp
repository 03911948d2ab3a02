// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/places.h"

#include <time.h>

#include <algorithm>
#include <array>
#include <utility>

namespace yoke::hal {
namespace {

using std::chrono::system_clock;

// Of so many processes it is told what they have.
constexpr std::size_t kNamed = 4;

struct Process {
  const Places::Holding* first = nullptr;  // its oldest
  std::size_t count = 0;
};

std::vector<Process> processes_of(const std::vector<const Places::Holding*>& holdings) {
  std::map<std::pair<uid_t, pid_t>, Process> by_pid;
  for (const auto* holding : holdings) {
    Process& process = by_pid[{holding->uid, holding->pid}];
    ++process.count;
    if (process.first == nullptr || holding->since < process.first->since) process.first = holding;
  }
  std::vector<Process> processes;
  processes.reserve(by_pid.size());
  for (const auto& [key, process] : by_pid) processes.push_back(process);
  std::stable_sort(processes.begin(), processes.end(),
                   [](const auto& a, const auto& b) { return a.count > b.count; });
  return processes;
}

std::string text_of(system_clock::time_point at) {
  const std::time_t seconds = system_clock::to_time_t(at);
  tm parts{};
  (void)::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts)};
}

std::string text_of(const std::vector<const Places::Holding*>& holdings) {
  const auto processes = processes_of(holdings);
  std::string text;
  for (std::size_t i = 0; i < std::min(processes.size(), kNamed); ++i) {
    const auto& [first, count] = processes[i];
    text += (i == 0 ? "" : ", ") + first->user + "'s pid " + std::to_string(first->pid) + " has " +
            std::to_string(count) + " since " + text_of(first->since);
  }
  if (processes.size() <= kNamed) return text;
  return text + ", and " + std::to_string(processes.size() - kNamed) + " processes more";
}

}  // namespace

std::size_t Places::held_by(uid_t uid) const {
  const auto held = held_.find(uid);
  return held == held_.end() ? 0 : held->second;
}

bool Places::take(uid_t uid, bool is_admin) {
  if (all_ >= most_) return false;
  const bool exempt = is_exempt(uid);
  const std::size_t kept = is_admin ? (share() + 1) / 2 : share();
  if (!exempt && (held_by(uid) >= share() || of_others_ >= most_ - kept)) return false;
  ++held_[uid];
  ++all_;
  if (!exempt) ++of_others_;
  return true;
}

void Places::leave(uid_t uid) {
  const auto held = held_.find(uid);
  if (held == held_.end()) return;
  if (--held->second == 0) held_.erase(held);
  --all_;
  if (!is_exempt(uid)) --of_others_;
}

std::string Places::why_none(uid_t uid, const std::vector<Holding>& all) const {
  const bool by_share = !is_exempt(uid) && held_by(uid) >= share();
  std::vector<const Holding*> named;
  for (const Holding& holding : all) {
    if (!by_share || holding.uid == uid) named.push_back(&holding);
  }
  const std::string held = named.empty() ? "" : ": " + text_of(named);
  if (!by_share || named.empty()) return "too many connections; close some" + held;
  return "user " + named.front()->user + " has " + std::to_string(named.size()) +
         " connections, as many as one may have; close some" + held;
}

}  // namespace yoke::hal
