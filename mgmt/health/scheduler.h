// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "mgmt/health/check.h"
#include "mgmt/health/event_source.h"
#include "mgmt/health/watch.h"

namespace yoke::health {

// Watches every server that the configuration wants checked, and tells when one goes up or down.
// Threads: the loop's own.
class Scheduler {
 public:
  // What holds of a server from now on: up while as many of its checks as must say so, down once
  // that cannot be any more, unknown before enough of them have a result.
  struct Change {
    std::string pool;
    net::Endpoint server;
    Verdict verdict = Verdict::kUnknown;  // never that
    std::string reason;                   // the result that decided, in words
    MonoTime when;
  };
  // It must not call the Scheduler.
  using Report = std::function<void(const Change&)>;

  // How long a server takes to answer its checks: of those that say it is up, the slowest. Told
  // when it first is known, and when it is a fifth more or less than was told. It must not call the
  // Scheduler.
  using Response = std::function<void(const std::string& pool, const net::Endpoint& server,
                                      std::chrono::microseconds time)>;

  // `prober` outlives the Scheduler.
  Scheduler(sd_event* loop, Prober& prober, Report report);
  void on_response(Response response) { response_ = std::move(response); }

  // Watches exactly `targets` from now on. Servers that stay keep what is known of them; a check
  // whose settings changed, or that is added to a server which is up, begins with the server up.
  // New ones begin at once, but many are spread over their interval. `Target::known` counts for
  // servers not watched so far: kUp stands until checks fail; anything else is decided by the first
  // result.
  void reconcile(const std::vector<Target>& targets);
  // The same for what is of `pools`, all others being as they were.
  void reconcile(const std::vector<Target>& targets, const std::set<std::string>& pools);

  // From what clients' connections say (passive checks): down from now on whatever its checks say,
  // until it is released; then they decide again, and without any it is up. A Target that is not
  // passive any more is released. Servers that are not watched are left as they are.
  void hold(const std::string& pool, const net::Endpoint& server, const std::string& reason);
  void release(const std::string& pool, const net::Endpoint& server, const std::string& reason);
  // What holds of a server, as told; unknown where it is not watched.
  [[nodiscard]] Verdict verdict(const std::string& pool, const net::Endpoint& server) const;

  // While the way to the servers is not there, checks say nothing of them.
  void pause();
  void resume();
  [[nodiscard]] bool paused() const noexcept { return paused_; }

  // One check of one server.
  struct Status {
    std::string pool;
    net::Endpoint server;
    std::string check;  // its key, "http:admin"
    Verdict verdict = Verdict::kUnknown;
    MonoTime since;              // of the verdict
    std::uint64_t failures = 0;  // since the check began
    std::string last;            // the last result in words; empty before the first
    // Of the server's certificate, where it has been seen.
    std::optional<std::chrono::sys_seconds> certificate_end = {};
  };
  // By pool, server and check; of one pool, or, without a name, of all.
  [[nodiscard]] std::vector<Status> status(const std::string& pool = {}) const;

  // Checks that tell nothing, whatever the reason: those servers stay as they were.
  struct Untried {
    std::string pool;
    std::string check;
    std::size_t servers = 0;
    std::string last;  // of one of them, in words
  };
  [[nodiscard]] std::vector<Untried> untried(MonoTime now) const;

  // Checks that see certificates which have ended, or end within the check's warning time.
  struct Expiring {
    std::string pool;
    std::string check;
    std::size_t servers = 0;  // that have one
    net::Endpoint first;      // the one whose ends first
    std::chrono::sys_seconds end;
  };
  [[nodiscard]] std::vector<Expiring> expiring(std::chrono::system_clock::time_point now) const;

  // What the checks of one server saw last: each check's probes, oldest first.
  struct History {
    std::string check;
    std::vector<PastProbe> probes;
  };
  [[nodiscard]] std::vector<History> history(const std::string& pool,
                                             const net::Endpoint& server) const;

 private:
  using ServerKey = std::pair<std::string, net::Endpoint>;
  struct Server {
    Verdict told = Verdict::kUnknown;
    std::size_t required = 0;  // 0: all
    bool is_held = false;
    std::chrono::microseconds response{0};                  // as told; 0: nothing yet
    std::string passive_reason;                             // why it is held, or was released
    std::map<std::string, std::unique_ptr<Watch>> watches;  // by the check's key
  };

  void follow(const std::vector<Target>& targets, std::set<ServerKey>& wanted);
  void reconcile(const ServerKey& key, Server& server, const Target& target);
  [[nodiscard]] static Verdict verdict_of(const Server& server);
  [[nodiscard]] static std::string reason_of(const Server& server);
  void judge(const ServerKey& key);
  void measure(const ServerKey& key);
  void start(Watch& watch);
  static int on_mend(sd_event_source* source, std::uint64_t us, void* self);

  sd_event* loop_;
  Prober& prober_;
  Report report_;
  Response response_;
  bool paused_ = false;
  std::chrono::milliseconds stagger_{0};  // what the next one to start is put off by
  std::map<ServerKey, Server> servers_;
  EventSource mend_;  // made at the start: to arm it again takes no memory
};

}  // namespace yoke::health
