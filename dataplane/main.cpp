// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/api/seen_page.h"
#include "dataplane/control/errors.h"
#include "dataplane/control/lease_file.h"
#include "dataplane/control/pulse_file.h"
#include "dataplane/engine_setup.h"
#include "dataplane/io/nic.h"
#include "dataplane/ports.h"
#include "dataplane/service.h"
#include "hal/base/command_line.h"
#include "hal/base/log.h"
#include "hal/board.h"
#include "hal/linux/event.h"
#include "hal/linux/lock_file.h"
#include "hal/linux/shared_page.h"

// yoke-dataplane: reads the board file and the port map over it, starts ports and workers, then
// serves the socket until it is told to end. All it holds is made anew at the next start; the
// configuration comes from yoke-mgmt.
namespace yoke {
namespace {

namespace po = boost::program_options;

constexpr int kFailed = 1;

struct Options {
  std::filesystem::path root = "/";
  PortFiles files;
  std::string board_ports;  // why the board file's ports alone count; empty: they do not
  bool only_check = false;
  bool no_huge = false;
};

void complain(const Error& error) {
  (void)std::fprintf(stderr, "yoke-dataplane: %s [%s]\n", error.text.c_str(), error.id.c_str());
}

// Nothing: the process has said what was asked and ends with `status`.
std::optional<Options> read_options(int argc, char** argv, int& status) {
  const Daemon daemon{.name = "yoke-dataplane",
                      .what = "the packet side of a Yoke unit",
                      .root = "folder below which etc/yoke, var/lib/yoke and run/yoke are",
                      .version = YOKE_VERSION};
  po::options_description own;
  own.add_options()("board", po::value<std::string>(),
                    "board file; default: ROOT/etc/yoke/board.conf")(
      "check", "read the board file, say what is wrong with it, and end")(
      "board-ports", po::value<std::string>(),
      "start with the board file's ports alone, and tell this reason why")(
      "no-huge", "run without huge pages, whatever the board file says");
  const auto read = read_command_line(daemon, own, argc, argv, status);
  if (!read) return std::nullopt;
  const po::variables_map& given = *read;
  Options options;
  options.root = given["root"].as<std::string>();
  options.files = {.board = given.count("board") != 0
                                ? std::filesystem::path(given["board"].as<std::string>())
                                : options.root / "etc/yoke/board.conf",
                   .map = options.root / "var/lib/yoke/ports.conf",
                   .report = options.root / "run/yoke/ports.conf"};
  if (given.count("board-ports") != 0) options.board_ports = given["board-ports"].as<std::string>();
  options.only_check = given.count("check") != 0;
  options.no_huge = given.count("no-huge") != 0;
  return options;
}

Result<hal::LockFile> take_root(const std::filesystem::path& run) {
  std::error_code error;
  std::filesystem::create_directories(run, error);
  const std::string path = (run / "dataplane.lock").string();
  auto lock = hal::LockFile::acquire(path);
  if (lock) return std::move(*lock);
  if (lock.error().error == EWOULDBLOCK) {
    return fail(Errc::kConflict, control::kSecondInstance,
                "already running with this root: " + lock.error().holder_text() + " holds " + path);
  }
  return fail(Errc::kFailed, control::kRuntimeFolder,
              path + ": " + std::strerror(lock.error().error));
}

// Where what workers have seen of the leases is told; null: nowhere, and yoke-pair waits instead.
std::unique_ptr<hal::SharedPage> open_seen_page(const std::filesystem::path& path,
                                                std::size_t workers) {
  auto page = hal::SharedPage::open(path.string(), sizeof(api::SeenPage));
  if (!page) {
    log::warning("lease-seen-untold",
                 path.string() +
                     " cannot be had: a switchover waits longer: " + std::strerror(page.error()));
    return nullptr;
  }
  static_cast<api::SeenPage*>((*page)->memory())->make_anew(hal::boot_id(), workers);
  return std::move(*page);
}

// Until a signal asks for the end. Signals are blocked before any thread starts, so that the loop
// alone takes them.
Status serve(const Ports& ports, const Options& options) {
  const hal::Board& board = ports.mapped.board;
  auto config = engine_config(board);
  const auto run = options.root / "run/yoke";
  const auto lock = take_root(run);
  if (!lock) return tl::unexpected(lock.error());
  control::LeaseFile leases((run / "lease").string());
  config.leases = &leases.page();
  const control::PulseFile pulses((run / "pulse").string());
  if (!pulses.trouble().empty()) log::warning("pulse-not-seen", pulses.trouble());
  config.pulses = &pulses.page();
  const auto seen =
      open_seen_page(run / "lease-seen", std::max<std::size_t>(1, config.cores.size()));
  if (seen != nullptr) config.seen = static_cast<api::SeenPage*>(seen->memory());
  config.flow_socket = (run / "flows.sock").string();
  auto wanted = eal_config(board, config, run.string());
  if (options.no_huge) wanted.huge_pages = io::HugePages::kNo;
  for (const std::string& address : wanted.pci_addresses) {
    if (const auto taken = io::take_nic(address); !taken) return tl::unexpected(taken.error());
  }
  auto eal = io::Eal::start(wanted);
  if (!eal) return tl::unexpected(eal.error());
  auto engine = io::PacketEngine::start(config, **eal);
  if (!engine) return tl::unexpected(engine.error());

  tell_of_ports(options.files, ports);
  sd_event* made = nullptr;
  if (const int error = sd_event_new(&made); error < 0) {
    return fail(Errc::kFailed, control::kRuntimeFolder, std::strerror(-error));
  }
  const hal::Event loop(made);
  (void)sd_event_add_signal(loop.get(), nullptr, SIGTERM, nullptr, nullptr);
  (void)sd_event_add_signal(loop.get(), nullptr, SIGINT, nullptr, nullptr);

  const auto service =
      Service::start(**engine, leases, board, loop.get(), (run / "dataplane.sock").string());
  if (!service) return tl::unexpected(service.error());
  log::notice("started", fmt::format("ports: {}, workers: {}, {}", config.ports.size(),
                                     (*engine)->worker_counters().size(),
                                     (*eal)->has_huge_pages() ? "huge pages" : "no huge pages"));
  (void)sd_notify(0, "READY=1");
  const int ended = sd_event_loop(loop.get());
  (void)sd_notify(0, "STOPPING=1");
  log::notice("stopped", "asked to end");
  if (ended < 0) return fail(Errc::kFailed, control::kRuntimeFolder, std::strerror(-ended));
  return {};
}

// Another start with the board file's ports may succeed: DPDK starts once in a process, so this one
// begins anew.
bool is_of_ports(const Ports& ports, const Error& error) {
  return !ports.mapped.configured.empty() && error.id != control::kSecondInstance &&
         error.id != control::kRuntimeFolder;
}

// `cores` are those that the process was started on: DPDK has left this thread fewer of them.
void begin_anew(int argc, char** argv, const cpu_set_t& cores, const Error& why) {
  const std::string reason = why.text + " [" + why.id + "]";
  std::vector<std::string> words(argv, argv + argc);
  words.insert(words.end(), {"--board-ports", reason});
  std::vector<char*> next;
  next.reserve(words.size() + 1);
  for (std::string& word : words) next.push_back(word.data());
  next.push_back(nullptr);
  (void)::sched_setaffinity(0, sizeof cores, &cores);
  // What DPDK has opened it opens again.
  (void)::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  (void)::execv("/proc/self/exe", next.data());
}

int check(const Ports& ports) {
  const hal::Board& board = ports.mapped.board;
  for (const hal::PortTrouble& trouble : ports.mapped.troubles) complain(trouble.error);
  fmt::print("{}: in order; ports: {}, workers: {}\n", board.path, board.ports.size(),
             std::max<std::size_t>(1, board.cores.size()));
  return 0;
}

int run(int argc, char** argv) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  (void)::sched_getaffinity(0, sizeof cores, &cores);
  int status = 0;
  const auto options = read_options(argc, argv, status);
  if (!options) return status;
  const auto ports = read_ports(options->files, options->board_ports);
  if (!ports) {
    for (const Error& error : ports.error()) complain(error);
    return kFailed;
  }
  if (options->only_check) return check(*ports);
  if (const auto served = serve(*ports, *options); !served) {
    complain(served.error());
    if (is_of_ports(*ports, served.error())) begin_anew(argc, argv, cores, served.error());
    return kFailed;
  }
  return 0;
}

}  // namespace
}  // namespace yoke

int main(int argc, char** argv) {
  sigset_t blocked;
  (void)sigemptyset(&blocked);
  for (const int signal : {SIGTERM, SIGINT}) (void)sigaddset(&blocked, signal);
  (void)pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  (void)::signal(SIGPIPE, SIG_IGN);  // a log that nobody reads any more stops no packet
  return yoke::run(argc, argv);
}
