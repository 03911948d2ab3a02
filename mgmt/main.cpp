// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <signal.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "hal/board.h"
#include "hal/linux/event.h"
#include "hal/linux/turns.h"
#include "mgmt/address_reports.h"
#include "mgmt/alarms/supervisor.h"
#include "mgmt/backup/backups.h"
#include "mgmt/commit/committer.h"
#include "mgmt/commit/data_plane_link.h"
#include "mgmt/commit/expiry.h"
#include "mgmt/commit/schedule.h"
#include "mgmt/commit/socket_data_plane.h"
#include "mgmt/events/event.h"
#include "mgmt/health/observer.h"
#include "mgmt/health/scheduler.h"
#include "mgmt/health/socket_prober.h"
#include "mgmt/health/targets.h"
#include "mgmt/health/trials.h"
#include "mgmt/model/diff.h"
#include "mgmt/options.h"
#include "mgmt/outlets/outlets.h"
#include "mgmt/reports.h"
#include "mgmt/rpc/errors.h"
#include "mgmt/rpc/role.h"
#include "mgmt/rpc/server.h"
#include "mgmt/rpc/unit.h"
#include "mgmt/store/config_store.h"
#include "mgmt/store/event_log.h"
#include "mgmt/system/keeper.h"
#include "mgmt/system/kernel.h"

// yoke-mgmt: opens the store, takes the data plane in charge, checks servers and serves the socket
// until it is told to end. Packets flow with or without it.
namespace yoke {
namespace {

using events::Kind;
using std::chrono::milliseconds;

// How soon a disk that was mended is noticed where nobody commits.
constexpr std::chrono::seconds kStoreInterval{30};
constexpr std::chrono::seconds kUntriedInterval{5};
// How often the data plane is told response times, of however many servers.
constexpr milliseconds kResponseInterval{1000};
constexpr int kFailed = 1;
constexpr std::string_view kNoLoop = "E-608";

// What the unit is called, and what is wrong with the board file that should say so.
struct Naming {
  std::string name;
  std::optional<Error> mistake = {};
};

// The board file is the data plane's business: one that is wrong is no reason not to manage.
Naming naming_of(const Options& options) {
  if (!options.unit.empty()) return {options.unit};
  std::optional<Error> mistake;
  const auto path = options.root / "etc/yoke/board.conf";
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored)) {
    const auto name = hal::read_unit_name(path);
    if (name && !name->empty()) return {*name};
    if (!name) mistake = name.error();
  }
  std::array<char, 256> host{};
  const bool named = ::gethostname(host.data(), host.size() - 1) == 0;
  return {named ? host.data() : "unit", mistake};
}

backup::Backups::Settings backup_settings(const Options& options, std::string unit) {
  const auto etc = options.root / "etc/yoke";
  const auto folder = options.root / "var/lib/yoke";
  return {.folder = folder / "backup",
          .unit = std::move(unit),
          .release = YOKE_VERSION,
          .credentials = {.key = etc / "backup.key",
                          .known_hosts = etc / "known_hosts",
                          .authorities = etc / "backup-ca.pem",
                          .netrc = etc / "netrc"},
          .database = folder / "config.db"};
}

// Nothing where they cannot be told now, or not by this release of the data plane.
std::optional<health::Observer::Counts> connection_counts(commit::DataPlane& data_plane,
                                                          const std::vector<std::string>& pools) {
  const auto told = data_plane.connections({.pools = pools});
  if (!told) return std::nullopt;
  health::Observer::Counts counts;
  for (const auto& [pool, servers] : told->pools) {
    for (const auto& [text, of] : servers) {
      const auto server = net::Endpoint::parse(text);
      if (server) counts[pool][*server] = {of.answered, of.refused, of.unanswered};
    }
  }
  return counts;
}

// What checks verify certificates against: the unit's own, where it has some, or the system's.
std::string trusted_certificates(const Options& options) {
  const auto own = options.root / "etc/yoke/trusted.pem";
  std::error_code ignored;
  return std::filesystem::exists(own, ignored) ? own.string() : std::string();
}

// Where the programs of checks lie, and what of the unit they do not see.
health::ScriptProber::Place scripts(const Options& options) {
  const auto etc = options.root / "etc/yoke";
  return {.programs = etc / "checks",
          .hidden_folders = {etc, options.root / "run/yoke", options.root / "var/lib/yoke"}};
}

// Everything that lives between start and end, and is worked on by one at a time
// (hal/linux/turns.h).
class Process {
 public:
  Process(sd_event* loop, hal::Turns& turns, store::ConfigStore& store, const Options& options,
          std::string name)
      : loop_(loop),
        event_log_(loop, (options.root / "var/lib/yoke/events.db").string()),
        data_plane_(options.root / "run/yoke/dataplane.sock"),
        committer_(store, data_plane_, commit::read_clocks, recorder()),
        backups_(loop, store, backup_settings(options, name), recorder()),
        unit_{std::move(name),
              committer_,
              checks_told(),
              MonoClock::now(),
              backups_,
              (options.root / "run/yoke/restore").string(),
              0,
              [this]() -> const alarms::Alarms& { return supervisor_->alarms(); },
              [this](std::size_t count) { return event_log_.newest(count); },
              recorder()},
        prober_(loop, trusted_certificates(options), scripts(options)),
        checks_(loop, prober_, [this](const auto& change) { on_change(change); }),
        observer_(loop, checks_,
                  [this](const auto& pools) { return connection_counts(data_plane_, pools); }),
        trials_(prober_),
        follow_(loop, [this] { follow(); }),
        publish_(loop, [this] { publish(); }),
        publish_responses_(loop, [this] { publish_responses(); }),
        store_look_(loop, [this] { look_at_store(); }),
        untried_look_(loop, [this] { look_at_untried(); }),
        expiry_(loop, committer_, commit::read_clocks, recorder(), in_turn(turns)),
        system_(loop, {.files = options.root / "run/yoke/system"}),
        schedule_(
            loop, committer_,
            [this](const auto& plan, const auto& changes) { return permit(plan, changes); },
            commit::read_clocks, recorder(), in_turn(turns)),
        link_(
            loop, data_plane_, committer_, [this](bool in_step) { on_link(in_step); }, recorder(),
            in_turn(turns)) {
    checks_.on_response([this](const auto& pool, const auto& server, auto time) {
      committer_.report_response({pool, server}, time);
      if (!publish_responses_.running()) publish_responses_.start(kResponseInterval);
    });
    checks_.pause();  // checks go by way of the data plane's ports
    committer_.wait_aside([&turns](const auto& work) { turns.aside(work); });
    unit_.later = in_turn(turns);
    unit_.addresses = [this] {
      return address_reports(committer_.running().config, system::read_kernel());
    };
    unit_.routes = [this] {
      return route_reports(committer_.running().config, system::read_kernel());
    };
    unit_.before_answer = [this] { event_log_.write_soon(); };
    outlets_ = std::make_unique<outlets::Outlets>(
        loop, unit_,
        outlets::Outlets::Folders{.state = options.root / "var/lib/yoke",
                                  .programs = options.root / "etc/yoke/notify"},
        recorder());
    unit_.notifications = {
        .test =
            [this](const auto& which, const auto& user) {
              return outlets_->try_notification(committer_.running().config, which, user);
            },
        .tested = [this](std::uint64_t number) { return outlets_->tried(number); }};
    supervisor_ = std::make_unique<alarms::Supervisor>(
        loop,
        alarms::Supervisor::Sources{.committer = committer_,
                                    .reason = [this](const auto& server) { return reason(server); },
                                    .others = [this] { return conditions(); },
                                    .folder = (options.root / "var/lib/yoke").string()},
        recorder());
    committer_.on_change([this] {
      follow_.start(milliseconds(0));
      expiry_.follow();
      schedule_.follow();
      backups_.follow(backup::schedule_of(committer_.running().config));
    });
    is_whole_ = true;
  }

  [[nodiscard]] Status start(const std::string& socket) {
    auto server = rpc::serve(loop_, socket, unit_);
    if (!server) return tl::unexpected(server.error());
    server_ = std::move(*server);
    system_.follow(committer_.running().config);
    remember();  // before anything happens, so that whoever is to be told of it is
    outlets_->follow(committer_.running().config);
    expiry_.follow();
    schedule_.follow();
    backups_.follow(backup::schedule_of(committer_.running().config));
    link_.start();
    supervisor_->start();
    look_at_untried();
    if (committer_.unwritable()) store_look_.start(kStoreInterval);
    return {};
  }

  [[nodiscard]] const rpc::Unit& unit() const noexcept { return unit_; }

  // Tells everybody who keeps or forwards what happens.
  void record(const events::Event& event) {
    const events::Entry entry = events::entry_of(event);
    events::write_to_journal(event);
    event_log_.append(entry);
    if (!is_whole_) return;
    outlets_->take(entry);
    supervisor_->look_soon();
  }

 private:
  // One change at a time, beside the loop: it waits for the disk.
  [[nodiscard]] static Later in_turn(hal::Turns& turns) {
    return [&turns](auto job) { turns.post(std::move(job)); };
  }

  [[nodiscard]] events::Record recorder() {
    return [this](const events::Event& event) { record(event); };
  }

  // What the process before has told of may be over by now.
  void remember() {
    constexpr std::size_t kRemembered = 1000;
    auto latest = event_log_.newest(kRemembered);
    if (!latest) return;
    std::ranges::reverse(*latest);
    outlets_->remember(*latest);
  }

  // A server in use stays in use until its checks have failed as often as they must.
  [[nodiscard]] std::vector<health::Target> known(std::vector<health::Target> targets) const {
    for (health::Target& target : targets) {
      const auto* known = committer_.servers().find({target.pool, target.server});
      const bool in_use = known != nullptr && known->published() == api::ServerState::kUp;
      if (in_use) target.known = health::Verdict::kUp;
    }
    return targets;
  }

  // Whoever has scheduled a commit may make it if he still might, and while nobody edits alone.
  [[nodiscard]] Status permit(const store::Scheduled& plan,
                              const std::vector<model::Change>& changes) const {
    if (unit_.lock.holder) {
      return fail(Errc::kConflict, rpc::kLocked, unit_.lock.holder->user + " edits alone");
    }
    const hal::Peer author{.pid = 0, .uid = plan.uid, .user = plan.user};
    return rpc::may_make(rpc::role_of(author, committer_.running().config), changes);
  }

  void on_link(bool in_step) {
    if (!in_step) {
      checks_.pause();
      observer_.pause();
      return;
    }
    std::set<std::string> pools;  // those that were followed too: one may have gone meanwhile
    for (const std::string& name : followed_.keys("pool")) pools.insert(name);
    followed_ = committer_.running().config;
    for (const std::string& name : followed_.keys("pool")) pools.insert(name);
    checks_.reconcile(known(health::targets_of(followed_)));
    checks_.resume();
    observe(pools);
    observer_.resume();
  }

  void observe(const std::set<std::string>& pools) {
    observer_.reconcile(health::passive_targets_of(followed_, pools), pools);
  }

  void on_change(const health::Scheduler::Change& change) {
    const bool is_up = change.verdict == health::Verdict::kUp;
    const std::string server = change.server.to_string();
    committer_.report({change.pool, change.server}, verdict_of(change.verdict), change.when);
    const commit::ServerId id{change.pool, change.server};
    if (is_up) reasons_.erase(id);
    if (!is_up) reasons_[id] = change.reason;
    record({is_up ? Kind::kServerUp : Kind::kServerDown,
            fmt::format("server {} of pool {} is {}: {}", server, change.pool,
                        is_up ? "up" : "down", change.reason),
            {{"POOL", change.pool}, {"SERVER", server}}});
    publish_.start(milliseconds(0));  // with all others of this turn of the loop
  }

  [[nodiscard]] std::string reason(const commit::ServerId& server) const {
    const auto known = reasons_.find(server);
    return known == reasons_.end() ? std::string() : known->second;
  }

  // What to check, and nothing kept of what is not checked any more.
  void follow() {
    const model::Config& running = committer_.running().config;
    const auto pools = model::keys_that_differ(followed_, running, "pool");
    followed_ = running;
    forget_reasons(pools);
    checks_.reconcile(known(health::targets_of(running, pools)), pools);
    observe(pools);
    outlets_->follow(running);
    system_.follow(running);
  }

  void forget_reasons(const std::set<std::string>& pools) {
    for (const std::string& pool : pools) {
      auto at = reasons_.lower_bound({pool, {}});
      while (at != reasons_.end() && at->first.pool == pool) {
        const bool stays = committer_.servers().find(at->first) != nullptr;
        at = stays ? std::next(at) : reasons_.erase(at);
      }
    }
  }

  [[nodiscard]] std::vector<alarms::Condition> conditions() const {
    auto found = outlets_->conditions();
    std::ranges::move(system_.conditions(), std::back_inserter(found));
    for (const auto& row : untried_) {
      found.push_back(
          {Kind::kCheckNotTried,
           row.pool + ' ' + row.check,
           fmt::format("check {} of pool {} tells nothing of {} server{}: {}", row.check, row.pool,
                       row.servers, row.servers == 1 ? "" : "s", row.last),
           {{"POOL", row.pool}, {"CHECK", row.check}}});
    }
    if (!event_log_.failure().empty()) {
      found.push_back({Kind::kEventLogFailed, "", event_log_.failure(), {}});
    }
    if (const auto& failure = backups_.failure()) {
      found.push_back({Kind::kBackupFailed, "", failure->text, {{"ERROR", failure->id}}});
    }
    return found;
  }

  // Rarely: there may be sixteen thousand.
  void look_at_untried() {
    if (!checks_.paused()) untried_ = checks_.untried(MonoClock::now());
    untried_look_.start(kUntriedInterval);
  }

  void look_at_store() {
    committer_.look_at_store();
    if (committer_.unwritable()) store_look_.start(kStoreInterval);
    supervisor_->look_soon();
  }

  // What cannot be told now is told when the link is in step again.
  void publish() { (void)committer_.publish(); }

  // A commit under way has them wait.
  void publish_responses() {
    publish();
    if (committer_.is_changing()) publish_responses_.start(kResponseInterval);
  }

  [[nodiscard]] rpc::Checks checks_told() {
    return {
        .reports =
            [this](const std::string& pool) { return check_reports(checks_, observer_, pool); },
        .history =
            [this](const commit::ServerId& id) { return probe_reports(checks_, observer_, id); },
        .test = [this](const auto& config, const auto& pool,
                       const auto& server) { return test(config, pool, server); },
        .tested = [this](std::uint64_t number) { return tested(number); }};
  }

  [[nodiscard]] Result<std::uint64_t> test(const model::Config& config, const std::string& pool,
                                           const std::optional<net::Endpoint>& server) {
    auto targets = health::targets_of(config, {pool}, health::Servers::kAll);
    std::erase_if(targets,
                  [&](const health::Target& target) { return server && target.server != *server; });
    return trials_.start(targets);
  }

  [[nodiscard]] std::optional<std::vector<rpc::ProbeReport>> tested(std::uint64_t number) {
    const auto* const trial = trials_.find(number);
    if (trial == nullptr) return std::nullopt;
    std::vector<rpc::ProbeReport> reports;
    for (const auto& [pool, server, check, result] : trial->tried) {
      reports.push_back(probe_report({pool, server}, check, result ? &*result : nullptr));
    }
    if (trial->is_done()) trials_.forget(number);
    return reports;
  }

  bool is_whole_ = false;  // until then parts tell what happens that others are not there to hear
  sd_event* loop_;
  store::EventLog event_log_;
  commit::SocketDataPlane data_plane_;
  commit::Committer committer_;
  backup::Backups backups_;
  rpc::Unit unit_;
  health::SocketProber prober_;
  health::Scheduler checks_;
  health::Observer observer_;
  health::Trials trials_;
  hal::Timer follow_, publish_, publish_responses_, store_look_, untried_look_;
  std::vector<health::Scheduler::Untried> untried_;
  commit::Expiry expiry_;
  system::Keeper system_;
  commit::Schedule schedule_;
  commit::DataPlaneLink link_;
  std::unique_ptr<outlets::Outlets> outlets_;
  std::unique_ptr<alarms::Supervisor> supervisor_;
  model::Config followed_;                           // what is checked
  std::map<commit::ServerId, std::string> reasons_;  // why a server went down, until it is up
  std::unique_ptr<hal::LineServer> server_;
};

Result<hal::Event> make_loop() {
  sd_event* made = nullptr;
  int error = sd_event_new(&made);
  hal::Event loop(made);
  for (const int signal : {SIGTERM, SIGINT}) {
    if (error >= 0) error = sd_event_add_signal(made, nullptr, signal, nullptr, nullptr);
  }
  if (error >= 0) error = sd_event_set_watchdog(made, 1);
  if (error >= 0) return loop;
  return fail(Errc::kFailed, kNoLoop, fmt::format("no event loop: {}", std::strerror(-error)));
}

// Until a signal asks for the end.
Status serve(const Options& options) {
  const auto folder = options.root / "var/lib/yoke";
  const auto run = options.root / "run/yoke";
  std::error_code told_when_used;
  std::filesystem::create_directories(folder, told_when_used);
  std::filesystem::create_directories(run, told_when_used);
  // First of all: whoever has the store is the one who may have the socket.
  const auto store =
      store::ConfigStore::open((folder / "config.db").string(), (run / "config-copy").string());
  if (!store) return tl::unexpected(store.error());
  const auto loop = make_loop();
  if (!loop) return tl::unexpected(loop.error());
  const Naming naming = naming_of(options);
  hal::Turns turns(loop->get());
  Process process(loop->get(), turns, **store, options, naming.name);
  if (auto started = process.start((run / "mgmt.sock").string()); !started) return started;
  if (naming.mistake) process.record({Kind::kBoardFile, naming.mistake->text});
  const auto revision = std::to_string((*store)->running().revision);
  process.record({Kind::kStarted,
                  fmt::format("unit {}, revision {}", process.unit().name(), revision),
                  {{"UNIT", process.unit().name()}, {"REVISION", revision}}});
  (void)sd_notify(0, "READY=1");
  const int ended = turns.run();
  turns.stop();
  (void)sd_notify(0, "STOPPING=1");
  process.record({Kind::kStopped, "asked to end"});
  if (ended < 0) return fail(Errc::kFailed, kNoLoop, std::strerror(-ended));
  return {};
}

int run(int argc, char** argv) {
  int status = 0;
  const auto options = read_options(argc, argv, status);
  if (!options) return status;
  if (const auto served = serve(*options); !served) {
    events::write_to_journal(
        {Kind::kStartRefused, served.error().text, {{"ERROR", served.error().id}}});
    return kFailed;
  }
  return 0;
}

}  // namespace
}  // namespace yoke

int main(int argc, char** argv) {
  // Blocked before any thread starts, so that the loop alone takes them.
  sigset_t blocked;
  (void)sigemptyset(&blocked);
  for (const int signal : {SIGTERM, SIGINT}) (void)sigaddset(&blocked, signal);
  (void)pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  (void)::signal(SIGPIPE, SIG_IGN);
  return yoke::run(argc, argv);
}
