// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/service.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "hal/base/log.h"
#include "hal/linux/kernel_watchdog.h"
#include "mgmt/pair/daemon/control_session.h"
#include "mgmt/pair/daemon/errors.h"
#include "mgmt/pair/daemon/status.h"
#include "mgmt/pair/wire/agreement.h"

namespace yoke::pair {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;

constexpr std::size_t kLineMost = std::size_t{1} << 20;
constexpr std::size_t kConnectionsMost = 32;
constexpr milliseconds kEndAfter{1000};

template <typename Bytes>
bool draw(Bytes& bytes) {
  return ::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size());
}

// A process starts with what is on its disk: both keys, while one takes the other's place.
void use_both(Session::Start& start, const PairKeys& keys) {
  start.key = keys.current;
  if (!keys.next) return;
  start.newer = keys.next->key;
  start.has_peer_newer = keys.next->is_proven;
}

std::string configuration_key_of(const Key& key) {
  KeyBytes derived{};
  hkdf(key.bytes, {}, "yoke configuration key 1", derived);
  std::string digits = fmt::format("{:02x}", fmt::join(derived, ""));
  wipe(derived);
  return digits;
}

// 0: systemd does not watch us.
milliseconds systemds_pulse() {
  std::uint64_t usec = 0;
  if (sd_watchdog_enabled(0, &usec) <= 0) return milliseconds(0);
  return std::chrono::duration_cast<milliseconds>(std::chrono::microseconds(usec / 3));
}

}  // namespace

Service::Paths Service::Paths::below(const std::filesystem::path& root) {
  const auto lib = root / "var/lib/yoke", run = root / "run/yoke";
  return {.settings = lib / "pair.json",
          .key = lib / "pair.key",
          .state = lib / "pair.state",
          .lease = run / "lease",
          .lease_seen = run / "lease-seen",
          .pulse = run / "pulse",
          .socket = run / "pair.sock",
          .data_plane = run / "dataplane.sock",
          .flows = run / "flows.sock"};
}

Service::Service(sd_event* loop, Paths paths)
    : event_(loop),
      paths_(std::move(paths)),
      reports_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      pulses_(hal::SharedPageView::make(sizeof(api::PulsePage))),
      pairing_(loop, {}, [this](const UnitKey& key) { return keep_key(key); }),
      rotation_(paths_.key, rotation_ways()),
      feeder_(
          [](const std::string& path) {
            return hal::KernelWatchdog::open(path, WatchdogKeeper::kTimeout);
          },
          systemds_pulse(), [] { (void)sd_notify(0, "WATCHDOG=1"); }),
      reported_(loop, reports_.get(), EPOLLIN, [this](std::uint32_t) { on_reports(); }),
      seen_(loop, [this] { on_seen(); }),
      look_(loop, [this] { look_around(); }),
      end_(loop, [this] { end(); }),
      stop_(loop, [this] { finish_stopping(); }) {
  on_seen();
}

Result<std::unique_ptr<Service>> Service::start(sd_event* loop, Paths paths) {
  std::unique_ptr<Service> service(new Service(loop, std::move(paths)));
  auto settings = read_settings(service->paths_.settings);
  if (!settings) return tl::unexpected(settings.error());
  const auto key = read_key(service->paths_.key);
  if (!key) return tl::unexpected(key.error());
  if (*settings && *key) {
    if (auto going = service->set_going(std::move(**settings), **key); !going) {
      return tl::unexpected(going.error());
    }
  } else {
    log::notice("pair-idle", *settings ? "there is no key: the unit is not paired"
                                       : "there are no settings: the unit stands alone");
  }
  if (auto listening = service->listen(); !listening) return tl::unexpected(listening.error());
  service->pairing_.set_key(*key ? std::optional((*key)->unit) : std::nullopt);
  return service;
}

Status Service::listen() {
  auto server = hal::LineServer::listen(
      event_,
      {paths_.socket.string(), kLineMost, kConnectionsMost,
       [this](const hal::Peer& peer) { return std::make_unique<ControlSession>(*this, peer); },
       ControlSession::error_line});
  if (!server) return tl::unexpected(server.error());
  server_ = std::move(*server);
  return {};
}

Result<Loop::Parts> Service::make_parts(const UnitKey& key) {
  Loop::Parts parts;
  const std::string boot = hal::boot_id();
  if (boot.empty()) {
    return fail(Errc::kFailed, kNoLeasePage, "/proc/sys/kernel/random/boot_id cannot be read");
  }
  auto page = hal::SharedPage::open(paths_.lease.string(), sizeof(api::LeasePage));
  if (!page) {
    return fail(Errc::kFailed, kNoLeasePage,
                fmt::format("the lease page {} cannot be had: {}", paths_.lease.native(),
                            std::strerror(page.error())));
  }
  auto& memory = *static_cast<api::LeasePage*>((*page)->memory());
  // A page of this boot: it is the process that has started anew, not the machine.
  parts.engine.restarted = memory.is_of(boot);
  page_ = std::move(*page);
  leases_ = std::make_unique<api::LeaseWriter>(memory, boot);
  auto recalled = recall(paths_.state);
  if (!recalled.damage.empty()) log::error("pair-state-damaged", recalled.damage);
  std::vector<std::string> names;
  for (const GroupSettings& group : settings_->groups) {
    names.push_back(group.name);
    parts.engine.recalled.push_back(recalled.memory[group.vrid]);
  }
  leases_->keep(names);
  parts.engine.settings = *settings_;
  parts.engine.session.unit = key.unit;
  use_both(parts.engine.session, key.keys);
  if (!draw(parts.engine.session.boot) || !draw(parts.engine.session.seed)) {
    return fail(Errc::kFailed, kNoLeasePage, "the kernel gives no random numbers");
  }
  parts.leases = leases_.get();
  if (pulses_ != nullptr) parts.pulses = static_cast<const api::PulsePage*>(pulses_->memory());
  leases_seen_ = std::make_unique<SeenView>(paths_.lease_seen.string());
  parts.seen = leases_seen_.get();
  parts.state_path = paths_.state;
  parts.memory = std::move(recalled.memory);
  parts.reports_wake = reports_.get();
  return parts;
}

Status Service::set_going(Settings settings, const UnitKey& key) {
  settings_ = std::move(settings);
  auto parts = make_parts(key);
  if (!parts) {
    settings_.reset();
    return tl::unexpected(parts.error());
  }
  unit_ = key.unit;
  hangs_ = 0;
  remember_names();
  loop_ = std::make_unique<Loop>(std::move(*parts));
  (void)pass_on_tracked();
  look_around();
  use_key(key);
  rotation_.set_key(key);
  const std::string missing = loop_->start();
  if (!missing.empty()) log::warning("not-real-time", "a takeover may be late: " + missing);
  watch_machine();
  flow_watch_ = std::make_unique<FlowWatch>(event_, paths_.data_plane.string(),
                                            [this](const auto& standing) { on_flows(standing); });
  log::notice("started",
              fmt::format("unit {}, profile {}, {} groups, dedicated link {}, data {}",
                          *unit_ == Unit::kA ? 'a' : 'b', settings_->profile,
                          settings_->groups.size(), settings_->dedicated, settings_->data));
  return {};
}

// The relay before ends first: of two the data plane would take the later.
void Service::use_key(const UnitKey& key) {
  hash_key_ = key.hash;
  relay_.reset();
  FlowRelay::Parts parts;
  parts.session.stream = Stream::kFlows;
  parts.session.unit = key.unit;
  use_both(parts.session, key.keys);
  parts.interface = settings_->dedicated;
  parts.data_plane = paths_.flows;
  if (!draw(parts.session.boot) || !draw(parts.session.seed)) {
    log::error("flows-not-carried", "the kernel gives no random numbers");
    return;
  }
  relay_ = std::make_unique<FlowRelay>(std::move(parts));
}

Result<Json> Service::hash_key() const {
  if (!hash_key_) {
    return fail(Errc::kUnavailable, kNotPaired, "this unit has no settings or no key");
  }
  return Json{{"hash_key", fmt::format("{:02x}", fmt::join(*hash_key_, ""))}};
}

Json Service::status() const {
  Json answer{{"configured", loop_ != nullptr}};
  if (loop_ == nullptr) return answer;
  answer.update(describe(loop_->snapshot(), *settings_));
  for (Json& group : answer["groups"]) {
    const std::string name = group["name"];
    group["down"] = tracked_.down(name);
    group.update(history_.counts(name));
  }
  if (flows_) answer["flow_sync"] = describe(*flows_);
  if (relay_ != nullptr) answer["flow_relay"] = describe(relay_->snapshot(), settings_->dedicated);
  answer.update(rotation_.status());
  answer["unit"] = *unit_ == Unit::kA ? "a" : "b";
  answer["alarms"] = is_bothered_ ? Json::array({"frames-refused"}) : Json::array();
  answer["lost_reports"] = loop_->lost_reports();
  answer["watchdog"] = {{"device", feeder_.path()}, {"fed", feeder_.is_fed()}};
  return answer;
}

Result<Json> Service::configuration_key() const {
  auto held = read_key(paths_.key);
  if (!held) return tl::unexpected(held.error());
  if (!*held) return fail(Errc::kUnavailable, kNotPaired, "this unit has no key");
  PairKeys& keys = (*held)->keys;
  Json answer{{"unit", (*held)->unit == Unit::kA ? "a" : "b"},
              {"id", keys.current.id},
              {"key", configuration_key_of(keys.current)}};
  wipe(keys.current.bytes);
  if (keys.next) {
    answer["next"] = {{"id", keys.next->key.id},
                      {"key", configuration_key_of(keys.next->key)},
                      {"proven", keys.next->is_proven}};
    wipe(keys.next->key.bytes);
  }
  return answer;
}

// The data plane is looked at whether or not it counts: by the time it does, it is known.
void Service::watch_machine() {
  feeder_.use(settings_->watchdog, [this] { return loop_->rounds(); });
  if (data_plane_ != nullptr) return;
  data_plane_ = std::make_unique<DataPlaneWatch>(event_, paths_.data_plane.string(),
                                                 [this](bool on) { loop_->set_data_plane(on); });
}

void Service::remember_names() {
  for (const auto& group : settings_->groups) names_[group.vrid] = group.name;
}

void Service::configure(const Json& document, Answered answered) {
  const auto told = [](bool in_force) { return Json{{"stored", true}, {"in_force", in_force}}; };
  auto settings = decode_settings(document);
  if (!settings) return answered(tl::unexpected(settings.error()));
  if (pending_change_) {
    return answered(fail(Errc::kConflict, kBusy, "other settings are being taken up"));
  }
  if (auto stored = store_settings(paths_.settings, *settings); !stored) {
    return answered(tl::unexpected(stored.error()));
  }
  if (loop_ != nullptr && *settings == *settings_) return answered(told(true));
  if (loop_ != nullptr) {
    const auto begun = begin_change(*settings);
    if (!begun) return answered(tl::unexpected(begun.error()));
    for (const auto& group : settings->groups) names_[group.vrid] = group.name;
    pending_change_ = {std::move(*settings), std::move(answered)};
    return;
  }
  const auto key = read_key(paths_.key);
  if (!key) return answered(tl::unexpected(key.error()));
  if (!*key) return answered(told(false));
  if (auto going = set_going(std::move(*settings), **key); !going) {
    return answered(tl::unexpected(going.error()));
  }
  answered(told(true));
}

// A group that was taken away and comes back finds on the disk what it had reserved.
Result<bool> Service::begin_change(const Settings& settings) {
  auto recalled = recall(paths_.state);
  if (!recalled.damage.empty()) log::error("pair-state-damaged", recalled.damage);
  std::vector<GroupMemory> memory;
  for (const auto& group : settings.groups) memory.push_back(recalled.memory[group.vrid]);
  auto change =
      std::make_unique<Loop::Change>(Engine::Plan(settings, *unit_, std::move(memory)), *settings_);
  if (!loop_->change(change)) {
    return fail(Errc::kConflict, kBusy, "other settings are being taken up");
  }
  return true;
}

void Service::on_adopted() {
  (void)loop_->take_replaced();
  if (!pending_change_) return;
  PendingChange done = std::move(*pending_change_);
  pending_change_.reset();
  const bool moves_flows = done.settings.dedicated != settings_->dedicated;
  settings_ = std::move(done.settings);
  if (moves_flows) {
    const auto key = read_key(paths_.key);
    if (key && *key) use_key(**key);
  }
  remember_names();
  watch_machine();
  (void)pass_on_tracked();
  look_around();
  log::notice("settings-changed",
              fmt::format("profile {}, {} groups, dedicated link {}, data {}", settings_->profile,
                          settings_->groups.size(), settings_->dedicated, settings_->data));
  done.answered(Json{{"stored", true}, {"in_force", true}});
}

bool Service::pass_on_tracked() {
  bool all = true;
  for (const auto& group : settings_->groups) {
    all = loop_->track({group.vrid, tracked_.of(group.name)}) && all;
  }
  return all;
}

Result<Json> Service::track(const Json& params) {
  auto tracked = decode_tracked(params);
  if (!tracked) return tl::unexpected(tracked.error());
  tracked_ = std::move(*tracked);
  if (loop_ == nullptr) return Json{{"groups", 0}};  // for when there are some
  if (!pass_on_tracked()) return fail(Errc::kConflict, kBusy, "too much at once");
  return Json{{"groups", settings_->groups.size()}};
}

void Service::command(const std::optional<std::string>& group, const Command& command,
                      Answered answered) {
  if (loop_ == nullptr) {
    return answered(fail(Errc::kUnavailable, kNotPaired, "this unit has no settings or no key"));
  }
  std::vector<Group> chosen;
  for (const auto& each : settings_->groups) {
    if (!group || each.name == *group) chosen.push_back(each.vrid);
  }
  if (chosen.empty() && !group) return answered(Json{{"groups", 0}});
  if (chosen.empty()) {
    return answered(fail(Errc::kNotFound, kNoGroup, fmt::format("there is no group {}", *group)));
  }
  if (++last_ticket_ == 0) ++last_ticket_;
  std::size_t ordered = 0;
  for (const Group number : chosen) {
    ordered += loop_->order({number, command, last_ticket_}) ? 1U : 0U;
  }
  if (ordered == 0) return answered(fail(Errc::kConflict, kBusy, "too many orders at once"));
  pending_[last_ticket_] = {ordered, 0, std::nullopt, std::move(answered)};
}

void Service::shut_down() {
  // The answer may be lost among others; what it would tell of takes a turn of the loop.
  end_.start(kEndAfter);
  command(std::nullopt, {.what = Command::What::kShutdown}, [this](const auto&) { end(); });
}

void Service::end() {
  feeder_.end();
  (void)sd_event_exit(event_, 0);
}

void Service::on_reports() {
  clear_wake(reports_.get());
  hear_rotation();
  while (loop_ != nullptr) {
    const auto report = loop_->take_report();
    if (!report) return;
    on_report(*report);
  }
}

// Where no relay of the peer's has ever shown itself there is nobody to tell: a release before.
void Service::flush_flows(std::uint32_t ticket) {
  const bool nobody = relay_ == nullptr || !relay_->snapshot().has_peer;
  if (nobody || flow_watch_ == nullptr) return loop_->flushed(ticket);
  flow_watch_->flush([this, ticket] { loop_->flushed(ticket); });
}

// Nor is a unit held back then.
void Service::on_flows(const std::optional<FlowStanding>& standing) {
  flows_ = standing;
  const bool nobody = relay_ == nullptr || !relay_->snapshot().has_peer;
  loop_->set_flows_whole(nobody || !standing || standing->is_whole);
}

void Service::on_report(const Report& report) {
  if (report.kind == Report::Kind::kFlush) return flush_flows(report.ticket);
  if (report.kind == Report::Kind::kAdopted) return on_adopted();
  const std::string& group = names_[report.group];
  if (report.kind == Report::Kind::kTransition) {
    history_.add(report, group, History::Wall::clock::now());
    log::notice("role-changed",
                fmt::format("group \"{}\": {} -> {}: {}", group, name(report.from), name(report.to),
                            meaning(report.reason).text),
                {{"GROUP", group},
                 {"ROLE", std::string(name(report.to))},
                 {"REASON", std::string(meaning(report.reason).code)},
                 {"EPOCH", std::to_string(report.epoch)}});
  } else if (report.kind == Report::Kind::kAlarm) {
    history_.add(report, group, History::Wall::clock::now());
    const auto alarm = kAlarmNames[static_cast<std::size_t>(report.alarm)];
    log::write(report.on ? log::Level::kWarning : log::Level::kNotice, "pair-alarm",
               fmt::format("group \"{}\": {} {}", group, alarm, report.on ? "begins" : "is over"),
               {{"GROUP", group}, {"ALARM", std::string(alarm)}});
  } else if (report.kind == Report::Kind::kOverflow) {
    log::error("pair-actions-lost", "the election asked for more than there is room for");
  } else {
    on_answer(report);
  }
}

void Service::on_answer(const Report& report) {
  const auto at = pending_.find(report.ticket);
  if (at == pending_.end()) return;
  Pending& pending = at->second;
  if (report.kind == Report::Kind::kRefused) {
    pending.refused = report.reason;
  } else {
    ++pending.obeyed;
  }
  if (--pending.left > 0) return;
  const Pending done = std::move(pending);
  pending_.erase(at);
  if (done.obeyed > 0) return done.answered(Json{{"groups", done.obeyed}});
  done.answered(fail(Errc::kRefused, kRefusedNow,
                     std::string(meaning(done.refused.value_or(Reason::kNone)).text)));
}

}  // namespace yoke::pair
