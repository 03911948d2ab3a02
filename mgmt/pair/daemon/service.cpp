// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/service.h"

#include <fmt/format.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "hal/base/log.h"
#include "mgmt/pair/daemon/control_session.h"
#include "mgmt/pair/daemon/errors.h"
#include "mgmt/pair/daemon/status.h"

namespace yoke::pair {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;

constexpr std::size_t kLineMost = std::size_t{1} << 20;
constexpr std::size_t kConnectionsMost = 32;
constexpr milliseconds kLook{250};

template <typename Bytes>
bool draw(Bytes& bytes) {
  return ::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size());
}

// Octets as on the wire; 0: it has none. Asked by this thread, as the kernel may take its time.
std::uint32_t ipv4_of(const std::string& interface) {
  const FileDescriptor fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq about{};
  interface.copy(about.ifr_name, IFNAMSIZ - 1);
  about.ifr_addr.sa_family = AF_INET;
  if (::ioctl(fd.get(), SIOCGIFADDR, &about) != 0) return 0;
  sockaddr_in address{};
  std::memcpy(&address, &about.ifr_addr, sizeof address);
  return address.sin_addr.s_addr;
}

}  // namespace

Service::Paths Service::Paths::below(const std::filesystem::path& root) {
  const auto lib = root / "var/lib/yoke", run = root / "run/yoke";
  return {.settings = lib / "pair.json",
          .key = lib / "pair.key",
          .state = lib / "pair.state",
          .lease = run / "lease",
          .socket = run / "pair.sock",
          .data_plane = run / "dataplane.sock"};
}

Service::Service(sd_event* loop, Paths paths)
    : event_(loop),
      paths_(std::move(paths)),
      reports_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      reported_(loop, reports_.get(), EPOLLIN, [this](std::uint32_t) { on_reports(); }),
      watchdog_(loop, [this] { on_watchdog(); }),
      look_(loop, [this] { look_around(); }) {
  std::uint64_t usec = 0;
  if (sd_watchdog_enabled(0, &usec) > 0) {
    pulse_ = std::chrono::duration_cast<milliseconds>(std::chrono::microseconds(usec / 3));
    on_watchdog();
  }
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
  for (const GroupSettings& group : settings_->groups) {
    const auto line = leases_->claim(group.name);
    if (!line) {
      return fail(Errc::kRefused, kNoLeasePage, "there is no line left on the lease page");
    }
    parts.lines.push_back(*line);
    parts.engine.recalled.push_back(recalled.memory[group.vrid]);
  }
  parts.engine.settings = *settings_;
  parts.engine.session.unit = key.unit;
  parts.engine.session.key = key.key;
  if (!draw(parts.engine.session.boot) || !draw(parts.engine.session.seed)) {
    return fail(Errc::kFailed, kNoLeasePage, "the kernel gives no random numbers");
  }
  parts.leases = leases_.get();
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
  loop_ = std::make_unique<Loop>(std::move(*parts));
  look_around();
  const std::string missing = loop_->start();
  if (!missing.empty()) log::warning("not-real-time", "a takeover may be late: " + missing);
  if (settings_->data_plane) {
    data_plane_ = std::make_unique<DataPlaneWatch>(event_, paths_.data_plane.string(),
                                                   [this](bool on) { loop_->set_data_plane(on); });
  }
  log::notice("started",
              fmt::format("unit {}, profile {}, {} groups, dedicated link {}, data {}",
                          *unit_ == Unit::kA ? 'a' : 'b', settings_->profile,
                          settings_->groups.size(), settings_->dedicated, settings_->data));
  return {};
}

Json Service::status() const {
  Json answer{{"configured", loop_ != nullptr}};
  if (loop_ == nullptr) return answer;
  answer.update(describe(loop_->snapshot(), *settings_));
  answer["unit"] = *unit_ == Unit::kA ? "a" : "b";
  answer["lost_reports"] = loop_->lost_reports();
  return answer;
}

Result<Json> Service::configure(const Json& document) {
  auto settings = decode_settings(document);
  if (!settings) return tl::unexpected(settings.error());
  if (auto stored = store_settings(paths_.settings, *settings); !stored) {
    return tl::unexpected(stored.error());
  }
  if (loop_ != nullptr) return Json{{"stored", true}, {"in_force", *settings == *settings_}};
  const auto key = read_key(paths_.key);
  if (!key) return tl::unexpected(key.error());
  if (!*key) return Json{{"stored", true}, {"in_force", false}};
  if (auto going = set_going(std::move(*settings), **key); !going) {
    return tl::unexpected(going.error());
  }
  return Json{{"stored", true}, {"in_force", true}};
}

void Service::command(const std::optional<std::string>& group, const Command& command,
                      Answered answered) {
  if (loop_ == nullptr) {
    return answered(fail(Errc::kUnavailable, kNotPaired, "this unit has no settings or no key"));
  }
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < settings_->groups.size(); ++i) {
    if (!group || settings_->groups[i].name == *group) chosen.push_back(i);
  }
  if (chosen.empty()) {
    return answered(fail(Errc::kNotFound, kNoGroup, fmt::format("there is no group {}", *group)));
  }
  if (++last_ticket_ == 0) ++last_ticket_;
  std::size_t ordered = 0;
  for (const std::size_t index : chosen) {
    ordered += loop_->order({index, command, last_ticket_}) ? 1U : 0U;
  }
  if (ordered == 0) return answered(fail(Errc::kConflict, kBusy, "too many orders at once"));
  pending_[last_ticket_] = {ordered, 0, std::nullopt, std::move(answered)};
}

void Service::shut_down() {
  const auto end = [this](const Result<Json>&) { (void)sd_event_exit(event_, 0); };
  command(std::nullopt, {.what = Command::What::kShutdown}, end);
}

void Service::on_reports() {
  clear_wake(reports_.get());
  while (loop_ != nullptr) {
    const auto report = loop_->take_report();
    if (!report) return;
    on_report(*report);
  }
}

const std::string& Service::name_of(std::size_t group) const {
  return settings_->groups[group].name;
}

void Service::on_report(const Report& report) {
  const auto& group = name_of(report.group);
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

void Service::look_around() {
  // Without its page the unit would hold what no data plane sees. Started again, there is a new
  // one.
  if (!page_->is_shared()) {
    log::error("lease-page-lost", paths_.lease.native() + " is gone or was replaced [E-724]");
    return shut_down();
  }
  loop_->set_source(ipv4_of(settings_->data));
  look_.start(kLook);
}

// systemd hears of us only while the real-time thread comes round as well.
void Service::on_watchdog() {
  const std::uint64_t rounds = loop_ == nullptr ? rounds_ + 1 : loop_->rounds();
  if (rounds != std::exchange(rounds_, rounds)) (void)sd_notify(0, "WATCHDOG=1");
  watchdog_.start(pulse_);
}

}  // namespace yoke::pair
