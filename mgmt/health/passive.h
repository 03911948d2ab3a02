// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/net/address.h"
#include "hal/base/clock.h"
#include "mgmt/health/check.h"
#include "mgmt/health/probe.h"

// Passive checks: what clients' own connections say of a server. Pure: it is fed what the data
// plane has counted and the time, and tells what follows. Threads: owned by one.
namespace yoke::health {

// What became of connections to one server since the data plane started.
struct ConnectionCounts {
  std::uint64_t answered = 0;
  std::uint64_t refused = 0;     // RST to the SYN
  std::uint64_t unanswered = 0;  // the SYN had no answer in time; one that comes late counts above
};

struct PassiveRules {
  std::uint64_t failures = 0;  // within the window; 0: off
  std::chrono::milliseconds window{10'000};
  std::chrono::milliseconds hold{30'000};  // how long a server stays out, at least
  friend bool operator==(const PassiveRules&, const PassiveRules&) = default;
};

// A pool that is looked at. Servers that take no new flows are not among its servers.
struct PassiveTarget {
  std::string pool;
  PassiveRules rules;
  std::vector<net::Endpoint> servers;
};

// The servers of one pool. A server is held, which is to say down, once at least `failures` of its
// connections within the window have failed, and more of them than were answered; and for `hold`
// from then on, after which it begins anew. No more than half of the servers, rounded down, are
// held at once, and none while no other is up: where all fail it is not the servers. One that was
// held before the others went is released, the one held longest first.
class PassivePool {
 public:
  static constexpr std::size_t kPastMax = 8;

  struct Finding {
    net::Endpoint server;
    bool is_held = false;  // from now on, or no more
    std::string text;      // why, for people
  };

  // Looks at exactly `servers` from now on; those that stay keep what is known of them. Tells of
  // those that were held and are looked at no more.
  [[nodiscard]] std::vector<Finding> follow(const PassiveRules& rules,
                                            const std::vector<net::Endpoint>& servers);

  struct Seen {
    net::Endpoint server;
    bool is_up = false;                      // clients are sent to it
    std::optional<ConnectionCounts> counts;  // nothing: not told
  };
  // To be called about once a second. Counts that went backwards, or that come after a window of
  // none, are a new beginning, and so is what a server that is not up has.
  [[nodiscard]] std::vector<Finding> take(const std::vector<Seen>& seen, MonoTime now);

  // What comes next is of another data plane.
  void begin_anew();

  struct Status {
    net::Endpoint server;
    Verdict verdict = Verdict::kUnknown;
    MonoTime since;              // of the verdict
    std::uint64_t failures = 0;  // how often it was held, or would have been
    std::string last;            // empty while nothing is known
  };
  [[nodiscard]] std::vector<Status> status(MonoTime now) const;
  // When it was held, spared and tried again, the oldest first; null where it is not looked at.
  [[nodiscard]] const std::vector<PastProbe>* past(const net::Endpoint& server) const;

 private:
  struct Sample {
    MonoTime at;
    ConnectionCounts counts;
  };
  struct Server {
    std::vector<Sample> samples;  // the oldest first, none older than the window; the last is now
    Verdict verdict = Verdict::kUnknown;
    MonoTime since;
    MonoTime counts_from;  // what it has counted until then is of connections begun before a hold
    bool is_spared = false;
    std::uint64_t failures = 0;
    std::string reason;  // of being held or spared
    std::vector<PastProbe> past;
  };
  using Entry = std::pair<const net::Endpoint, Server>;

  void add(Server& server, const ConnectionCounts& counts, MonoTime now) const;
  [[nodiscard]] static ConnectionCounts difference(const Server& server);
  [[nodiscard]] bool is_failing(const Server& server) const;
  [[nodiscard]] std::string text(const Server& server) const;
  static void settle(Server& server, Verdict verdict, MonoTime now);
  static void remember(Server& server, Outcome outcome, const std::string& text, MonoTime now);
  [[nodiscard]] std::vector<Finding> judge(std::vector<Entry*> failing, std::size_t& up,
                                           MonoTime now);
  [[nodiscard]] std::vector<Finding> relent(std::size_t up, MonoTime now);
  [[nodiscard]] std::size_t held() const;
  [[nodiscard]] Finding release(Entry& entry, std::string text, MonoTime now) const;

  PassiveRules rules_;
  std::map<net::Endpoint, Server> servers_;
};

}  // namespace yoke::health
