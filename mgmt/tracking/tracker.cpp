// SPDX-License-Identifier: Apache-2.0
#include "mgmt/tracking/tracker.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace yoke::tracking {
namespace {

using events::Kind;
using health::Verdict;
using Json = nlohmann::json;
using std::chrono::milliseconds;

constexpr std::chrono::seconds kMendEvery{5};

const char* word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kUp:
      return "up";
    case Verdict::kDown:
      return "down";
    case Verdict::kUnknown:
      break;
  }
  return "unknown";
}

std::string joined(const std::vector<std::string>& groups) {
  std::string text;
  for (const std::string& group : groups) text += (text.empty() ? "" : ",") + group;
  return text;
}

std::string cost_of(const Item& item) {
  const std::string where = item.groups.empty() ? "anything" : joined(item.groups);
  if (item.weight == 0) return fmt::format("this unit may not take {}", where);
  return fmt::format("this unit's health for {} falls by {}", where, item.weight);
}

}  // namespace

Tracker::Tracker(sd_event* loop, Sources sources)
    : loop_(loop),
      sources_(std::move(sources)),
      prober_(loop, sources_.servers, sources_.tally),
      settle_(loop,
              [this] {
                is_settled_ = true;
                tell();
              }),
      tell_(loop, [this] { tell(); }),
      mend_(loop, [this] { look_around(); }) {
  settle_.start(kSettle);
  mend_.start(kMendEvery);
}

bool Tracker::waits_for_link(const Item& item) const {
  return item.check.kind() == "icmp" && !in_step_;
}

void Tracker::watch(Tracked& tracked) {
  const Verdict known = tracked.watch ? tracked.watch->verdict() : Verdict::kUnknown;
  tracked.watch = std::make_unique<health::Watch>(
      loop_, prober_, tracked.item.server, tracked.item.check,
      health::Watch::Callbacks{.changed = [this] { tell_.start(milliseconds(0)); },
                               .measured = [] {}});
  // One answer that is lost after a start is no reason to give a group away.
  tracked.watch->count_first_failures();
  if (known != Verdict::kUnknown) tracked.watch->adopt(known);
  if (!waits_for_link(tracked.item)) tracked.watch->start(milliseconds(0));
}

// What stays as it was goes on; what is asked in another way keeps its state until it has answered.
void Tracker::follow(const model::Config& config) {
  std::map<std::string, Tracked> before = std::move(tracked_);
  tracked_.clear();
  for (Item& item : items_of(config)) {
    Tracked& tracked = tracked_[item.key];
    if (const auto at = before.find(item.key); at != before.end()) tracked = std::move(at->second);
    const bool goes_on =
        tracked.watch && tracked.item.check == item.check && tracked.item.server == item.server;
    tracked.item = std::move(item);
    if (!goes_on) watch(tracked);
  }
  if (!is_settled_) settle_.start(patience());
  tell_.start(milliseconds(0));
}

void Tracker::take(std::vector<Given> given) {
  const bool is_news = !std::ranges::equal(given, given_, [](const Given& one, const Given& other) {
    return one.key == other.key && one.is_up == other.is_up && one.weight == other.weight;
  });
  given_ = std::move(given);
  if (is_news) tell_.start(milliseconds(0));
}

void Tracker::on_link(bool in_step) {
  if (in_step == in_step_) return;
  in_step_ = in_step;
  for (auto& [key, tracked] : tracked_) {
    if (tracked.item.check.kind() != "icmp") continue;
    tracked.watch->stop();
    if (in_step_) tracked.watch->start(milliseconds(0));
  }
}

// Until even what fails each time is known, within reason.
milliseconds Tracker::patience() const {
  milliseconds longest = kSettle;
  for (const auto& [key, tracked] : tracked_) {
    const health::Check& check = tracked.item.check;
    longest = std::max(longest, check.interval * check.fall + check.timeout);
  }
  return std::min<milliseconds>(longest, kSettleMost);
}

bool Tracker::all_known() const {
  return std::ranges::all_of(
      tracked_, [](const auto& each) { return each.second.watch->verdict() != Verdict::kUnknown; });
}

void Tracker::tell() {
  is_settled_ = is_settled_ || (!tracked_.empty() && all_known());
  if (!is_settled_) return;
  Json items = Json::array();
  for (const auto& [key, tracked] : tracked_) {
    Json item = {{"name", key},
                 {"up", tracked.watch->verdict() != Verdict::kDown},
                 {"weight", tracked.item.weight}};
    if (!tracked.item.groups.empty()) item["groups"] = tracked.item.groups;
    items.push_back(std::move(item));
  }
  for (const Given& given : given_) {
    items.push_back({{"name", given.key}, {"up", given.is_up}, {"weight", given.weight}});
  }
  sources_.tell({{"items", std::move(items)}});
  sources_.changed();
}

void Tracker::look_around() {
  const MonoTime now = MonoClock::now();
  for (auto& [key, tracked] : tracked_) tracked.watch->mend(now);
  mend_.start(kMendEvery);
}

Json Tracker::rows(MonoTime now) const {
  Json rows = Json::array();
  for (const auto& [key, tracked] : tracked_) {
    const Verdict verdict = tracked.watch->verdict();
    const auto since =
        std::chrono::duration_cast<std::chrono::seconds>(now - tracked.watch->since()).count();
    rows.push_back({{"track", key},
                    {"state", word_of(verdict)},
                    {"since_s", verdict == Verdict::kUnknown ? Json() : Json(since)},
                    {"weight", tracked.item.weight},
                    {"groups", joined(tracked.item.groups)},
                    {"failures", tracked.watch->failures()},
                    {"last", tracked.watch->last_text()}});
  }
  for (const Given& given : given_) {
    rows.push_back({{"track", given.key},
                    {"state", word_of(given.is_up ? Verdict::kUp : Verdict::kDown)},
                    {"since_s", nullptr},
                    {"weight", given.weight},
                    {"groups", ""},
                    {"failures", nullptr},
                    {"last", given.text}});
  }
  return rows;
}

std::vector<alarms::Condition> Tracker::conditions(MonoTime now) const {
  std::vector<alarms::Condition> found;
  for (const auto& [key, tracked] : tracked_) {
    const auto& watch = *tracked.watch;
    if (watch.verdict() == Verdict::kDown) {
      found.push_back(
          {Kind::kTrackDown,
           key,
           fmt::format("{} is down: {}; {}", key, watch.last_text(), cost_of(tracked.item)),
           {{"TRACK", key}}});
    }
    if (!waits_for_link(tracked.item) && watch.is_untried(now)) {
      found.push_back({Kind::kTrackNotTried,
                       key,
                       fmt::format("{} cannot be looked at: {}", key, watch.last_text()),
                       {{"TRACK", key}}});
    }
  }
  return found;
}

}  // namespace yoke::tracking
