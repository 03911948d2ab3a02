// SPDX-License-Identifier: Apache-2.0
#include "mgmt/snmp/source.h"

#include <algorithm>
#include <utility>

#include "mgmt/snmp/answers.h"

namespace yoke::snmp {
namespace {

using nlohmann::json;

bool means_away(const Error& error) { return error.id >= "E-601" && error.id <= "E-605"; }

bool is_polled(GroupId id) { return id == GroupId::kUnit || id == GroupId::kAlarm; }

std::optional<std::uint64_t> revision_in(const json& status) {
  if (!status.is_array() || status.empty() || !status.front().is_object()) return std::nullopt;
  const auto found = status.front().find("revision");
  if (found == status.front().end() || !found->is_number_unsigned()) return std::nullopt;
  return found->get<std::uint64_t>();
}

// Of what `config` answers; fields at their default are not in it.
bool is_enabled_in(const json& answer) {
  static const json::json_pointer kEnabled("/document/snmp/enabled");
  return answer.contains(kEnabled) && answer[kEnabled] == true;
}

// Its checks may not all have told yet what they find.
bool is_young(const json& status) {
  constexpr int kSettlingSeconds = 60;
  if (!status.is_array() || status.empty() || !status[0].is_object()) return true;
  const auto uptime = status[0].find("uptime_s");
  return uptime == status[0].end() || !uptime->is_number() || *uptime < kSettlingSeconds;
}

}  // namespace

Source::Source(Ask ask, Pace pace) : ask_(std::move(ask)), pace_(pace) {
  for (const Group& group : groups()) {
    const bool is_unit = group.id == GroupId::kUnit;
    slot(group.id).nothing =
        std::make_shared<const Table>(group, is_unit ? away_rows() : json::array());
  }
  thread_ = std::thread([this] { run(); });
}

Source::~Source() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  work_.notify_all();
  thread_.join();
}

bool Source::enabled() const {
  const std::lock_guard lock(mutex_);
  return enabled_;
}

std::vector<AlarmBook::Change> Source::take_changes(std::size_t most) {
  const std::lock_guard lock(mutex_);
  return alarms_.take_changes(most);
}

std::shared_ptr<const Table> Source::table(GroupId id) {
  Lock lock(mutex_);
  Slot& wanted = slot(id);
  const auto is_younger_than = [&](std::chrono::milliseconds age) {
    return wanted.table && MonoClock::now() - wanted.at < age;
  };
  if (is_younger_than(pace_.fresh)) return wanted.table;
  if (!is_polled(id)) {
    wanted.wanted = true;
    work_.notify_one();
  }
  if (!is_younger_than(pace_.stale)) {
    done_.wait_for(lock, pace_.patience, [&] { return is_younger_than(pace_.stale) || away_; });
  }
  if (is_younger_than(pace_.stale)) return wanted.table;
  return away_ || id == GroupId::kUnit ? wanted.nothing : nullptr;
}

void Source::run() {
  Lock lock(mutex_);
  while (!ending_) {
    const auto wanted = std::ranges::find(slots_, true, &Slot::wanted);
    if (MonoClock::now() >= next_poll_) {
      poll(lock);
      next_poll_ = MonoClock::now() + pace_.poll;
    } else if (wanted != slots_.end() && !away_) {
      wanted->wanted = false;
      fetch(lock, static_cast<GroupId>(wanted - slots_.begin()));
    } else {
      work_.wait_until(lock, next_poll_);
    }
  }
}

void Source::poll(Lock& lock) {
  const MonoTime at = MonoClock::now();
  json status = show(lock, "status");
  if (away_) {
    revision_.reset();  // another may run when it is back
    return;
  }
  settling_ = is_young(status);
  look_at_configuration(lock, status);
  keep(lock, GroupId::kUnit, unit_rows(std::move(status)), at);
  if (enabled_ && !away_) fetch(lock, GroupId::kAlarm);
}

void Source::look_at_configuration(Lock& lock, const json& status) {
  const auto revision = revision_in(status);
  if (!revision || revision == revision_) return;
  const auto answer = call(lock, "config", json::object());
  if (!answer) return;
  enabled_ = is_enabled_in(*answer);
  revision_ = revision;
}

void Source::fetch(Lock& lock, GroupId id) {
  const MonoTime at = MonoClock::now();
  json rows = rows_of(lock, id);
  if (!away_) keep(lock, id, std::move(rows), at);
}

json Source::rows_of(Lock& lock, GroupId id) {
  switch (id) {
    case GroupId::kUnit:
      return unit_rows(show(lock, "status"));
    case GroupId::kVip: {
      json vips = show(lock, "vip");
      return vip_rows(std::move(vips), away_ ? json() : show(lock, "traffic"));
    }
    case GroupId::kServer:
      return show(lock, "server");
    case GroupId::kPort:
      return show(lock, "interface");
    case GroupId::kDrop:
      return drop_rows(show(lock, "worker"));
    case GroupId::kAlarm: {
      const json rows = show(lock, "alarm");
      if (!away_) alarms_.follow(rows, settling_);
      return alarms_.rows();
    }
  }
  return json::array();
}

// Null where there are none now.
json Source::show(Lock& lock, const char* object) {
  auto answer = call(lock, "show", {{"object", object}});
  if (!answer || !answer->is_object()) return {};
  const auto rows = answer->find("rows");
  return rows == answer->end() ? json() : std::move(*rows);
}

std::optional<json> Source::call(Lock& lock, const std::string& method, const json& params) {
  lock.unlock();
  auto answer = ask_(method, params);
  lock.lock();
  away_ = !answer && means_away(answer.error());
  if (away_) done_.notify_all();
  if (!answer) return std::nullopt;
  return std::move(*answer);
}

// Its table is made, and the one before let go, while nobody has to wait for it.
void Source::keep(Lock& lock, GroupId id, json rows, MonoTime at) {
  lock.unlock();
  auto table = std::make_shared<const Table>(group_of(id), std::move(rows));
  lock.lock();
  slot(id).table.swap(table);
  slot(id).at = at;
  done_.notify_all();
  lock.unlock();
  table.reset();
  lock.lock();
}

}  // namespace yoke::snmp
