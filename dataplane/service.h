// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/control/controller.h"
#include "dataplane/control/lease_file.h"
#include "dataplane/control/mirror.h"
#include "dataplane/control/resolver.h"
#include "dataplane/io/packet_engine.h"
#include "hal/board.h"
#include "hal/linux/event.h"
#include "hal/linux/line_server.h"

// What the main thread of yoke-dataplane does while workers forward: it answers the socket, follows
// the kernel's network, asks for neighbours and tells systemd that all are alive. Threads: the
// loop's.
namespace yoke {

class Service {
 public:
  // Gives the twins their addresses and gateways as of the board file, and listens at
  // `socket_path`. Loop, engine and leases, which are those that the engine reads, outlive the
  // service.
  [[nodiscard]] static Result<std::unique_ptr<Service>> start(io::PacketEngine& engine,
                                                              control::LeaseFile& leases,
                                                              const hal::Board& board,
                                                              sd_event* loop,
                                                              const std::string& socket_path);

 private:
  Service(io::PacketEngine& engine, control::LeaseFile& leases, control::Mirror mirror,
          const hal::Board& board, sd_event* loop);
  [[nodiscard]] Status listen(const std::string& path);
  void on_news();
  void keep_addresses();
  void on_resolve();
  void on_leases();
  void log_leases();
  void on_watchdog();

  io::PacketEngine& engine_;
  control::LeaseFile& leases_;
  control::Mirror mirror_;
  control::Controller controller_;
  control::Resolver resolver_;
  sd_event* loop_;
  std::unique_ptr<hal::LineServer> server_;
  hal::IoSource news_;
  std::vector<hal::BoardPort> ports_;
  hal::Timer gathered_, keep_, resolve_, look_for_leases_, watchdog_;
  std::map<std::string, std::string> lease_reasons_;  // as logged, by group that is held
  MonoTime leases_logged_;
  std::chrono::milliseconds pulse_{0};  // systemd's watchdog is told this often; 0: never
  std::vector<std::uint64_t> rounds_;   // of each worker, when it was last told
};

}  // namespace yoke
