// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <signal.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/control/errors.h"
#include "dataplane/control/lease_file.h"
#include "dataplane/engine_setup.h"
#include "dataplane/service.h"
#include "hal/base/command_line.h"
#include "hal/base/log.h"
#include "hal/board.h"
#include "hal/linux/event.h"
#include "hal/linux/lock_file.h"

// yoke-dataplane: reads the board file, starts ports and workers, then serves the socket until it
// is told to end. All it holds is made anew at the next start; the configuration comes from
// yoke-mgmt.
namespace yoke {
namespace {

namespace po = boost::program_options;

constexpr int kFailed = 1;

struct Options {
  std::filesystem::path root = "/";
  std::filesystem::path board;
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
                      .root = "folder below which etc/yoke and run/yoke are",
                      .version = YOKE_VERSION};
  po::options_description own;
  own.add_options()("board", po::value<std::string>(),
                    "board file; default: ROOT/etc/yoke/board.conf")(
      "check", "read the board file, say what is wrong with it, and end")(
      "no-huge", "run without huge pages, whatever the board file says");
  const auto read = read_command_line(daemon, own, argc, argv, status);
  if (!read) return std::nullopt;
  const po::variables_map& given = *read;
  Options options;
  options.root = given["root"].as<std::string>();
  options.board = given.count("board") != 0
                      ? std::filesystem::path(given["board"].as<std::string>())
                      : options.root / "etc/yoke/board.conf";
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

// Until a signal asks for the end. Signals are blocked before any thread starts, so that the loop
// alone takes them.
Status serve(const hal::Board& board, const Options& options) {
  auto config = engine_config(board);
  const auto run = options.root / "run/yoke";
  const auto lock = take_root(run);
  if (!lock) return tl::unexpected(lock.error());
  control::LeaseFile leases((run / "lease").string());
  config.leases = &leases.page();
  config.flow_socket = (run / "flows.sock").string();
  auto wanted = eal_config(board, config, run.string());
  if (options.no_huge) wanted.huge_pages = io::HugePages::kNo;
  auto eal = io::Eal::start(wanted);
  if (!eal) return tl::unexpected(eal.error());
  auto engine = io::PacketEngine::start(config, **eal);
  if (!engine) return tl::unexpected(engine.error());

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

int run(int argc, char** argv) {
  int status = 0;
  const auto options = read_options(argc, argv, status);
  if (!options) return status;
  const auto board = hal::read_board(options->board, judge_board);
  if (!board) {
    for (const Error& error : board.error()) complain(error);
    return kFailed;
  }
  if (options->only_check) {
    fmt::print("{}: in order; ports: {}, workers: {}\n", board->path, board->ports.size(),
               std::max<std::size_t>(1, board->cores.size()));
    return 0;
  }
  if (const auto served = serve(*board, *options); !served) {
    complain(served.error());
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
