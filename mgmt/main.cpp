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
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hal/board.h"
#include "hal/linux/event.h"
#include "hal/linux/turns.h"
#include "mgmt/address_reports.h"
#include "mgmt/alarms/store_watch.h"
#include "mgmt/alarms/supervisor.h"
#include "mgmt/backup/backups.h"
#include "mgmt/checking.h"
#include "mgmt/commit/committer.h"
#include "mgmt/commit/data_plane_link.h"
#include "mgmt/commit/expiry.h"
#include "mgmt/commit/schedule.h"
#include "mgmt/commit/socket_data_plane.h"
#include "mgmt/events/event.h"
#include "mgmt/options.h"
#include "mgmt/outlets/outlets.h"
#include "mgmt/pair/client/pair_client.h"
#include "mgmt/pair/client/pairing_client.h"
#include "mgmt/peer/companion.h"
#include "mgmt/rpc/carried.h"
#include "mgmt/rpc/errors.h"
#include "mgmt/rpc/role.h"
#include "mgmt/rpc/server.h"
#include "mgmt/rpc/unit.h"
#include "mgmt/store/config_store.h"
#include "mgmt/store/event_log.h"
#include "mgmt/system/hardware_watch.h"
#include "mgmt/system/keeper.h"
#include "mgmt/system/kernel.h"
#include "mgmt/system/port_keeper.h"
#include "mgmt/tracking/tracker.h"

// yoke-mgmt: opens the store, takes the data plane in charge, checks servers and serves the socket
// until it is told to end. Packets flow with or without it.
namespace yoke {
namespace {

using events::Kind;
using std::chrono::milliseconds;

// How soon a disk that was mended is noticed where nobody commits.
constexpr std::chrono::seconds kStoreInterval{30};
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

// Certificates are verified against the unit's own, where it has some; scripts do not see what is
// the unit's.
Checking::Settings checking_settings(const Options& options) {
  const auto etc = options.root / "etc/yoke";
  const auto own = etc / "trusted.pem";
  std::error_code ignored;
  return {.trusted = std::filesystem::exists(own, ignored) ? own.string() : std::string(),
          .scripts = {
              .programs = etc / "checks",
              .hidden_folders = {etc, options.root / "run/yoke", options.root / "var/lib/yoke"}}};
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
        checking_(loop, committer_, checking_settings(options), recorder()),
        unit_{std::move(name),
              committer_,
              checking_.told(),
              MonoClock::now(),
              backups_,
              (options.root / "run/yoke/restore").string(),
              0,
              [this]() -> const alarms::Alarms& { return supervisor_->alarms(); },
              [this](std::size_t count, const events::Choice& choice) {
                return event_log_.newest(count, choice);
              },
              recorder()},
        follow_(loop, [this] { follow(); }),
        store_look_(loop, [this] { look_at_store(); }),
        store_watch_(loop, {.path = (options.root / "var/lib/yoke/config.db").string(),
                            .later = in_turn(turns),
                            .aside = [&turns](const auto& work) { turns.aside(work); }}),
        expiry_(loop, committer_, commit::read_clocks, recorder(), in_turn(turns)),
        system_(loop, {.files = options.root / "run/yoke/system"}),
        ports_(loop,
               {.map = options.root / "var/lib/yoke/ports.conf",
                .report = options.root / "run/yoke/ports.conf"},
               in_turn(turns), [&turns](const auto& work) { turns.aside(work); }),
        schedule_(
            loop, committer_,
            [this](const auto& plan, const auto& changes) { return permit(plan, changes); },
            commit::read_clocks, recorder(), in_turn(turns)),
        pair_(
            loop, options.root / "run/yoke/pair.sock", recorder(),
            [this] { supervisor_->look_soon(); },
            [this, &turns, &store](const auto& key) {
              if (key == store.hash_key()) return;
              turns.post([this, &store, key] { hash_by(store, key); });
            }),
        tracker_(loop, {.servers = checking_.prober(),
                        .tally = [this](const auto& pool) { return tally(pool); },
                        .tell = [this](auto tracked) { pair_.track(std::move(tracked)); },
                        .changed = [this] { supervisor_->look_soon(); }}),
        hardware_(loop, {.report = options.root / "run/yoke-hardware/report.json",
                         .changed =
                             [this] {
                               follow_hardware();
                               supervisor_->look_soon();
                             }}),
        companion_(loop, {.store = store,
                          .committer = committer_,
                          .pair = pair_,
                          .record = recorder(),
                          .changed = [this] { supervisor_->look_soon(); },
                          .later = in_turn(turns),
                          .aside = [&turns](const auto& work) { turns.aside(work); },
                          .make_carried =
                              [this](std::uint64_t base, const auto& request) {
                                return rpc::answer_carried(unit_, base, request);
                              }}),
        pairing_(
            loop, options.root / "run/yoke/pair.sock", [this] { return unit_.name(); }, recorder()),
        link_(
            loop, data_plane_, committer_,
            [this](bool in_step) {
              checking_.on_link(in_step);
              tracker_.on_link(in_step);
            },
            recorder(), in_turn(turns)) {
    committer_.use_rules([](const model::Config& after, const model::Config& before) {
      return system::zone_violations(system::kZones, after, before);
    });
    committer_.wait_aside([&turns](const auto& work) { turns.aside(work); });
    unit_.later = in_turn(turns);
    unit_.addresses = [this] {
      return address_reports(committer_.running().config, system::read_kernel());
    };
    unit_.routes = [this] {
      return route_reports(committer_.running().config, system::read_kernel());
    };
    unit_.has_zone = [](std::string_view zone) { return system::has_zone(system::kZones, zone); };
    unit_.hardware = [this] { return hardware_.rows(); };
    unit_.ports = [this] { return port_reports(ports_.states()); };
    unit_.before_answer = [this] { event_log_.write_soon(); };
    outlets_ = std::make_unique<outlets::Outlets>(loop, unit_, options.root, recorder());
    unit_.notifications = {
        .test =
            [this](const auto& which, const auto& user) {
              return outlets_->try_notification(committer_.running().config, which, user);
            },
        .tested = [this](std::uint64_t number) { return outlets_->tried(number); }};
    unit_.pair = pair_questions();
    supervisor_ = std::make_unique<alarms::Supervisor>(
        loop,
        alarms::Supervisor::Sources{
            .committer = committer_,
            .reason = [this](const auto& server) { return checking_.reason(server); },
            .others = [this] { return conditions(); },
            .folder = (options.root / "var/lib/yoke").string()},
        recorder());
    committer_.on_change([this] {
      follow_.start(milliseconds(0));
      expiry_.follow();
      schedule_.follow();
      follow_backups();
    });
    std::error_code ignored;
    was_set_up_ = std::filesystem::exists(options.root / "run/yoke/system/time-zone", ignored);
    is_whole_ = true;
  }

  [[nodiscard]] Status start(const std::string& socket) {
    auto server = rpc::serve(loop_, socket, unit_);
    if (!server) return tl::unexpected(server.error());
    server_ = std::move(*server);
    // A store that was begun anew over a damaged one has nothing to say of the machine yet: it is
    // not to take away the address by which somebody comes to mend it.
    if (committer_.running().revision != 0 || !was_set_up_) {
      system_.follow(committer_.running().config);
    }
    if (committer_.running().revision != 0) ports_.follow(committer_.running().config);
    remember();  // before anything happens, so that whoever is to be told of it is
    outlets_->follow(committer_.running().config);
    pair_.follow(committer_.running().config);
    tracker_.follow(committer_.running().config);
    hardware_.look();
    companion_.follow(committer_.running().config);
    expiry_.follow();
    schedule_.follow();
    follow_backups();
    link_.start();
    supervisor_->start();
    store_look_.start(kStoreInterval);
    store_watch_.start();
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

  // Of a unit that stands alone nothing is asked.
  [[nodiscard]] rpc::Pair pair_questions() {
    using rpc::Pair;
    return {
        .status = [this] { return pair_.is_one_of_two() ? pair_.status() : Pair::alone(); },
        .history = [this] { return pair_.is_one_of_two() ? pair_.history() : Pair::alone(); },
        .command =
            [this](auto method, const auto& group, bool force) {
              return pair_.is_one_of_two() ? pair_.command(method, group, force) : Pair::alone();
            },
        .pairing = [this](auto method,
                          auto params) { return pairing_.ask(method, std::move(params)); },
        .role = [this] { return pair_.role(); },
        .carries = [this] { return companion_.carries(); },
        .carry = [this](const auto& request) { return companion_.carry(request); },
        .branch = [this](const auto& name, bool drop) { return companion_.see_branch(name, drop); },
        .configurations = [this] { return companion_.rows(); },
        .tracked = [this]() -> Pair::Answer {
          if (!pair_.is_one_of_two()) return Pair::alone();
          return tracker_.rows(MonoClock::now());
        }};
  }

  // What the process before has told of may be over by now.
  void remember() {
    constexpr std::size_t kRemembered = 1000;
    auto latest = event_log_.newest(kRemembered);
    if (!latest) return;
    std::ranges::reverse(*latest);
    outlets_->remember(*latest);
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

  [[nodiscard]] tracking::PoolTally tally(const std::string& pool) const {
    tracking::PoolTally tally;
    for (const auto& [server, status] : committer_.servers().pool(pool)) {
      const bool is_up = status.published() == api::ServerState::kUp;
      tally.up += is_up ? 1U : 0U;
      const bool is_open = status.enabled && status.verdict == commit::Verdict::kUnknown;
      tally.unknown += !is_up && is_open ? 1U : 0U;
    }
    return tally;
  }

  void follow() {
    const model::Config& running = committer_.running().config;
    checking_.follow();
    outlets_->follow(running);
    system_.follow(running);
    if (committer_.running().revision != 0) ports_.follow(running);
    pair_.follow(running);
    tracker_.follow(running);
    companion_.follow(running);
  }

  // What of the hardware the board file gives a weight counts as what is tracked.
  void follow_hardware() {
    std::vector<tracking::Given> given;
    for (system::HardwareCost& cost : hardware_.costs()) {
      given.push_back({"hardware:" + cost.name, cost.is_ok, cost.weight, std::move(cost.text)});
    }
    tracker_.take(std::move(given));
  }

  void follow_backups() {
    backups_.rename_unit(unit_.name());
    backups_.follow(backup::schedule_of(committer_.running().config));
  }

  // What cannot be stored is tried again at the pair client's next look, what the data plane does
  // not take by the link to it.
  void hash_by(store::ConfigStore& store, const pair::PairClient::HashKey& key) {
    if (key == store.hash_key() || !store.set_hash_key(key)) return;
    (void)committer_.reconcile(MonoClock::now());
  }

  [[nodiscard]] std::vector<alarms::Condition> conditions() const {
    auto found = outlets_->conditions();
    std::ranges::move(system_.conditions(), std::back_inserter(found));
    std::ranges::move(ports_.conditions(), std::back_inserter(found));
    std::ranges::move(checking_.conditions(), std::back_inserter(found));
    std::ranges::move(pair_.conditions(), std::back_inserter(found));
    std::ranges::move(tracker_.conditions(MonoClock::now()), std::back_inserter(found));
    std::ranges::move(hardware_.conditions(), std::back_inserter(found));
    std::ranges::move(companion_.conditions(), std::back_inserter(found));
    std::ranges::move(store_watch_.conditions(), std::back_inserter(found));
    if (const auto unknown = committer_.unknown()) {
      found.push_back({Kind::kStoreNew, "", unknown->text, {{"ERROR", unknown->id}}});
    }
    if (const auto behind = committer_.store_behind()) {
      found.push_back({Kind::kUndoneNotStored, "", behind->text, {{"ERROR", behind->id}}});
    }
    if (!event_log_.failure().empty()) {
      found.push_back({Kind::kEventLogFailed, "", event_log_.failure(), {}});
    }
    if (const auto& failure = backups_.failure()) {
      found.push_back({Kind::kBackupFailed, "", failure->text, {{"ERROR", failure->id}}});
    }
    return found;
  }

  void look_at_store() {
    const bool took_none = committer_.unwritable().has_value();
    committer_.look_at_store();
    if (took_none && !committer_.unwritable()) store_watch_.look_soon();
    store_look_.start(kStoreInterval);
    supervisor_->look_soon();
  }

  bool is_whole_ = false;    // until then parts tell what happens that others are not there to hear
  bool was_set_up_ = false;  // the machine, by a process before
  sd_event* loop_;
  store::EventLog event_log_;
  commit::SocketDataPlane data_plane_;
  commit::Committer committer_;
  backup::Backups backups_;
  Checking checking_;
  rpc::Unit unit_;
  hal::Timer follow_, store_look_;
  alarms::StoreWatch store_watch_;
  commit::Expiry expiry_;
  system::Keeper system_;
  system::PortKeeper ports_;
  commit::Schedule schedule_;
  pair::PairClient pair_;
  tracking::Tracker tracker_;
  system::HardwareWatch hardware_;
  peer::Companion companion_;
  pair::PairingClient pairing_;
  commit::DataPlaneLink link_;
  std::unique_ptr<outlets::Outlets> outlets_;
  std::unique_ptr<alarms::Supervisor> supervisor_;
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
