// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <signal.h>
#include <sys/epoll.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dataplane/api/envelope.h"
#include "dataplane/control/controller.h"
#include "dataplane/control/errors.h"
#include "dataplane/control/mirror.h"
#include "dataplane/control/resolver.h"
#include "dataplane/control/session.h"
#include "dataplane/io/errors.h"
#include "dataplane/io/interface.h"
#include "dataplane/io/packet_engine.h"
#include "dataplane/io/telemetry.h"
#include "dataplane/limits.h"
#include "hal/base/log.h"
#include "hal/board.h"
#include "hal/linux/event.h"
#include "hal/linux/line_server.h"
#include "hal/linux/lock_file.h"

// yoke-dataplane: reads the board file, starts ports and workers, then serves the socket until it
// is told to end. All it holds is made anew at the next start; the configuration comes from
// yoke-mgmt.
namespace yoke {
namespace {

namespace po = boost::program_options;
using std::chrono::milliseconds;

constexpr int kFailed = 1;
constexpr int kUsage = 2;

constexpr milliseconds kNewsGathered{20};  // changes of the network that make one snapshot
constexpr milliseconds kResolveEvery{250};

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
  po::options_description known("yoke-dataplane: the packet side of a Yoke unit");
  known.add_options()("root", po::value<std::string>()->default_value("/"),
                      "folder below which etc/yoke and run/yoke are")(
      "board", po::value<std::string>(), "board file; default: ROOT/etc/yoke/board.conf")(
      "check", "read the board file, say what is wrong with it, and end")(
      "no-huge", "run without huge pages, whatever the board file says")(
      "version", "print the version and end")("help", "print this and end");
  po::variables_map given;
  try {
    po::store(po::command_line_parser(argc, argv)
                  .options(known)
                  .positional(po::positional_options_description())
                  .run(),
              given);
  } catch (const po::error& error) {
    (void)std::fprintf(stderr, "yoke-dataplane: %s; see --help [E-112]\n", error.what());
    status = kUsage;
    return std::nullopt;
  }
  status = 0;
  if (given.count("help") != 0) {
    std::cout << known;
    return std::nullopt;
  }
  if (given.count("version") != 0) {
    fmt::print("yoke-dataplane {}\n", YOKE_VERSION);
    return std::nullopt;
  }
  Options options;
  options.root = given["root"].as<std::string>();
  options.board = given.count("board") != 0
                      ? std::filesystem::path(given["board"].as<std::string>())
                      : options.root / "etc/yoke/board.conf";
  options.only_check = given.count("check") != 0;
  options.no_huge = given.count("no-huge") != 0;
  return options;
}

// As far as can be told without taking it, and while another process may have it.
Status check_device(const io::Device& device, std::uint16_t mtu) {
  using Kind = io::Device::Kind;
  const bool has_interface = device.kind == Kind::kAfXdp || device.kind == Kind::kAfPacket;
  return has_interface ? io::check_interface(device, mtu) : Status{};
}

// What io takes, from what the board file says. Values that only io or the machine can judge are
// judged here, each mistake with its line.
tl::expected<io::EngineConfig, std::vector<Error>> engine_config(const hal::Board& board) {
  std::vector<Error> errors;
  io::EngineConfig config;
  config.cores = board.cores;
  config.idle = board.idle == hal::BoardIdle::kPoll ? io::IdleMode::kPoll : io::IdleMode::kAdaptive;
  config.flows = board.flows;
  const auto usable = io::usable_cores();
  for (const unsigned core : board.cores) {
    if (std::ranges::find(usable, core) == usable.end()) {
      errors.push_back(
          hal::board_error(board.path, board.cores_line, io::error::kCores,
                           fmt::format("core {} is not one that this process may use: {}", core,
                                       fmt::join(usable, ", "))));
    }
  }
  for (const hal::BoardPort& port : board.ports) {
    auto device = io::Device::parse(port.device.value);
    const Status ok = device ? check_device(*device, port.mtu) : tl::unexpected(device.error());
    if (!ok) {
      errors.push_back(
          hal::board_error(board.path, port.device.line, ok.error().id, ok.error().text));
      continue;
    }
    config.ports.push_back({port.name, std::move(*device), port.mtu});
  }
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  return config;
}

io::EalConfig eal_config(const hal::Board& board, const io::EngineConfig& engine,
                         const Options& options, const std::filesystem::path& run) {
  io::EalConfig config;
  config.memory_mib = board.memory_mib;
  config.runtime_directory = run.string();
  config.worker_cores = engine.cores;
  switch (board.huge_pages) {
    case hal::BoardHugePages::kAuto:
      break;
    case hal::BoardHugePages::kYes:
      config.huge_pages = io::HugePages::kYes;
      break;
    case hal::BoardHugePages::kNo:
      config.huge_pages = io::HugePages::kNo;
      break;
  }
  if (options.no_huge) config.huge_pages = io::HugePages::kNo;
  for (const io::PortConfig& port : engine.ports) {
    if (port.device.kind == io::Device::Kind::kPci) {
      config.pci_addresses.push_back(port.device.argument);
    }
  }
  return config;
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

// Everything that lives between start and end, on the main thread's loop.
class Process {
 public:
  Process(io::PacketEngine& engine, control::Mirror mirror, std::set<net::IpAddress> own,
          sd_event* loop)
      : engine_(engine),
        mirror_(std::move(mirror)),
        controller_(engine, std::move(own), MonoClock::now()),
        loop_(loop),
        news_(loop, mirror_.fd(), EPOLLIN, [this](std::uint32_t) { on_news(); }),
        gathered_(loop, [this] { controller_.set_network(mirror_.network()); }),
        resolve_(loop, [this] { on_resolve(); }),
        watchdog_(loop, [this] { on_watchdog(); }) {
    controller_.set_network(mirror_.network());
    controller_.on_publish([this] { resolve_.start(milliseconds(0)); });
    resolve_.start(kResolveEvery);
    std::uint64_t usec = 0;
    if (sd_watchdog_enabled(0, &usec) > 0) {
      pulse_ = std::chrono::duration_cast<milliseconds>(std::chrono::microseconds(usec / 3));
      on_watchdog();
    }
  }

  [[nodiscard]] Status listen(const std::string& path) {
    auto server = hal::LineServer::listen(
        loop_,
        {path, limits::kApiMessageBytes, kConnectionsMax,
         [this](const hal::Peer&) { return std::make_unique<control::Session>(controller_); },
         [](const Error& error) {
           auto line = api::encode_error(nullptr, error);
           line.pop_back();
           return line;
         }});
    if (!server) return tl::unexpected(server.error());
    server_ = std::move(*server);
    return {};
  }

 private:
  static constexpr std::size_t kConnectionsMax = 64;

  void on_news() {
    if (mirror_.update() && !gathered_.running()) gathered_.start(kNewsGathered);
  }
  void on_resolve() {
    for (const auto& need : resolver_.due(controller_.needs(), MonoClock::now())) {
      mirror_.resolve(need.port, need.address);
    }
    resolve_.start(kResolveEvery);
  }
  // systemd hears of us only while every worker comes round as well.
  void on_watchdog() {
    bool alive = true;
    rounds_.resize(engine_.worker_counters().size());
    for (unsigned i = 0; i < rounds_.size(); ++i) {
      const std::uint64_t now = engine_.worker_rounds(i);
      alive = alive && now != std::exchange(rounds_[i], now);
    }
    if (alive) (void)sd_notify(0, "WATCHDOG=1");
    watchdog_.start(pulse_);
  }

  io::PacketEngine& engine_;
  control::Mirror mirror_;
  control::Controller controller_;
  control::Resolver resolver_;
  sd_event* loop_;
  std::unique_ptr<hal::LineServer> server_;
  hal::IoSource news_;
  hal::Timer gathered_, resolve_, watchdog_;
  milliseconds pulse_{0};
  std::vector<std::uint64_t> rounds_;
};

Result<control::Mirror> open_mirror(const io::PacketEngine& engine, const hal::Board& board) {
  std::vector<unsigned> twins;
  for (const auto& port : engine.ports()) twins.push_back(port.twin_ifindex);
  auto mirror = control::Mirror::open(std::move(twins));
  for (unsigned i = 0; mirror && i < board.ports.size(); ++i) {
    const hal::BoardPort& port = board.ports[i];
    Status set = mirror->set_addresses(i, port.addresses);
    if (set) set = mirror->set_gateways(i, port.gateways);
    if (!set) {
      return tl::unexpected(
          hal::board_error(board.path, port.line, set.error().id, set.error().text));
    }
  }
  if (mirror) (void)mirror->update();
  return mirror;
}

std::set<net::IpAddress> own_addresses(const hal::Board& board) {
  std::set<net::IpAddress> own;
  for (const auto& port : board.ports) {
    for (const auto& prefix : port.addresses) own.insert(prefix.address);
  }
  return own;
}

// Until a signal asks for the end. Signals are blocked before any thread starts, so that the loop
// alone takes them.
Status serve(const hal::Board& board, const io::EngineConfig& config, const Options& options) {
  const auto run = options.root / "run/yoke";
  const auto lock = take_root(run);
  if (!lock) return tl::unexpected(lock.error());
  auto eal = io::Eal::start(eal_config(board, config, options, run));
  if (!eal) return tl::unexpected(eal.error());
  auto engine = io::PacketEngine::start(config, **eal);
  if (!engine) return tl::unexpected(engine.error());
  (*eal)->set_quiet(false);
  io::register_telemetry();

  sd_event* made = nullptr;
  if (const int error = sd_event_new(&made); error < 0) {
    return fail(Errc::kFailed, control::kRuntimeFolder, std::strerror(-error));
  }
  const hal::Event loop(made);
  (void)sd_event_add_signal(loop.get(), nullptr, SIGTERM, nullptr, nullptr);
  (void)sd_event_add_signal(loop.get(), nullptr, SIGINT, nullptr, nullptr);

  auto mirror = open_mirror(**engine, board);
  if (!mirror) return tl::unexpected(mirror.error());
  Process process(**engine, std::move(*mirror), own_addresses(board), loop.get());
  if (auto listening = process.listen((run / "dataplane.sock").string()); !listening) {
    return listening;
  }
  io::set_telemetry_source(engine->get());
  log::notice("started", fmt::format("ports: {}, workers: {}, {}", config.ports.size(),
                                     (*engine)->worker_counters().size(),
                                     (*eal)->has_huge_pages() ? "huge pages" : "no huge pages"));
  (void)sd_notify(0, "READY=1");
  const int ended = sd_event_loop(loop.get());
  (void)sd_notify(0, "STOPPING=1");
  io::set_telemetry_source(nullptr);
  log::notice("stopped", "asked to end");
  if (ended < 0) return fail(Errc::kFailed, control::kRuntimeFolder, std::strerror(-ended));
  return {};
}

int run(int argc, char** argv) {
  int status = 0;
  const auto options = read_options(argc, argv, status);
  if (!options) return status;
  const auto board = hal::read_board(options->board);
  if (!board) {
    for (const Error& error : board.error()) complain(error);
    return kFailed;
  }
  const auto config = engine_config(*board);
  if (!config) {
    for (const Error& error : config.error()) complain(error);
    return kFailed;
  }
  if (options->only_check) {
    fmt::print("{}: in order; ports: {}, workers: {}\n", board->path, board->ports.size(),
               std::max<std::size_t>(1, board->cores.size()));
    return 0;
  }
  if (const auto served = serve(*board, *config, *options); !served) {
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
