// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "hal/base/file_descriptor.h"
#include "hal/base/log.h"
#include "mgmt/rpc/client.h"
#include "mgmt/snmp/agent.h"
#include "mgmt/snmp/options.h"
#include "mgmt/snmp/source.h"

// yoke-snmp: asks the management plane, as anybody may, and tells snmpd. While the configuration
// does not switch SNMP on it does the first alone.
namespace yoke::snmp {
namespace {

using namespace std::chrono_literals;

constexpr auto kTurn = 500ms;            // how soon a change of the setting is followed
constexpr std::size_t kTrapsATurn = 50;  // so that snmpd is not buried where much goes wrong
constexpr auto kRpcTimeout = 5s;

enum class End { kAsked, kSwitchedOff };

// Calls by a connection that is made when it is needed.
class Caller {
 public:
  explicit Caller(std::string socket) : socket_(std::move(socket)) {}

  Result<nlohmann::json> operator()(const std::string& method, const nlohmann::json& params) {
    if (!client_) {
      auto connected = rpc::Client::connect(socket_, kRpcTimeout);
      if (!connected) return tl::unexpected(connected.error());
      client_ = std::make_shared<rpc::Client>(std::move(*connected));
    }
    auto answer = client_->call(method, params);
    const bool is_lost = !answer && answer.error().id >= "E-603" && answer.error().id <= "E-605";
    if (is_lost) client_.reset();
    return answer;
  }

 private:
  std::string socket_;
  std::shared_ptr<rpc::Client> client_;  // shared: a std::function is copied
};

bool asked_to_end(int signals, std::chrono::milliseconds within) {
  pollfd entry{signals, POLLIN, 0};
  return ::poll(&entry, 1, static_cast<int>(within.count())) > 0;
}

End serve(Source& source, const Options& options, int signals) {
  while (!source.enabled()) {
    (void)sd_notify(0, "WATCHDOG=1\nSTATUS=switched off");
    if (asked_to_end(signals, kTurn)) return End::kAsked;
  }
  Agent agent(source, options.agentx);
  while (source.enabled()) {
    (void)sd_notify(0, agent.is_connected() ? "WATCHDOG=1\nSTATUS=connected to snmpd"
                                            : "WATCHDOG=1\nSTATUS=looking for snmpd");
    if (agent.serve(signals, kTurn)) return End::kAsked;
    if (!agent.is_connected()) continue;  // told once it is
    for (const auto& change : source.take_changes(kTrapsATurn)) agent.tell(change);
  }
  return End::kSwitchedOff;
}

int run(int argc, char** argv) {
  int status = 0;
  const auto options = read_options(argc, argv, status);
  if (!options) return status;
  sigset_t ending;
  (void)sigemptyset(&ending);
  for (const int signal : {SIGTERM, SIGINT}) (void)sigaddset(&ending, signal);
  // Blocked before any thread starts, so that they are read alone.
  (void)pthread_sigmask(SIG_BLOCK, &ending, nullptr);
  (void)::signal(SIGPIPE, SIG_IGN);
  FileDescriptor signals(::signalfd(-1, &ending, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals) {
    log::error("start-refused", std::string("no signals: ") + std::strerror(errno) + " [E-608]");
    return 1;
  }
  (void)sd_notify(0, "READY=1");
  End end{};
  {
    Source source(Caller((options->root / "run/yoke/mgmt.sock").string()));
    end = serve(source, *options, signals.get());
  }
  if (end == End::kAsked) return 0;
  // Net-SNMP is not made to be started twice: as a new program it waits to be switched on again.
  log::notice("snmp-switched-off", "the configuration does not switch SNMP on any more");
  (void)::execv("/proc/self/exe", argv);
  log::error("start-refused", std::string("not started anew: ") + std::strerror(errno));
  return 1;
}

}  // namespace
}  // namespace yoke::snmp

int main(int argc, char** argv) { return yoke::snmp::run(argc, argv); }
