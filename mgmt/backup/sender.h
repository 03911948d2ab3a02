// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <string>

#include "hal/linux/event.h"
#include "mgmt/backup/carrier.h"

namespace yoke::backup {

// Files that say who we are to others, and who they are to us; those that are not there are not
// used.
struct Credentials {
  std::string key;          // SSH
  std::string known_hosts;  // SSH; a machine that is not in it is refused
  std::string authorities;  // TLS; where it is there, no others are trusted
  std::string netrc;        // passwords
};

// How long a transfer may take before it has failed.
struct Patience {
  std::chrono::milliseconds connect = std::chrono::seconds(30);
  std::chrono::milliseconds stalled = std::chrono::seconds(60);  // without a byte
  std::chrono::milliseconds least = std::chrono::minutes(2);     // for the smallest file
  std::uint64_t slowest = 16 << 10;                              // bytes a second beyond that
  [[nodiscard]] std::chrono::milliseconds limit(std::uint64_t bytes) const;
};

enum class Errand : std::uint8_t { kSend, kRemove };
// Whether a server that answers this to a PUT or DELETE has done it. A redirection is none.
[[nodiscard]] bool is_done(Errand errand, long http_status);

// By libcurl on the loop. Connections live for as long as one transfer follows another.
class Sender final : public Carrier {
 public:
  Sender(sd_event* event, Credentials credentials, Patience patience = {});
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;
  ~Sender() override;

  void send(const std::string& file, const model::Place& place, const std::string& name,
            Done done) override;
  void remove(const model::Place& place, const std::string& name, Done done) override;

 private:
  struct Transfer;
  struct Connections;
  void start(std::unique_ptr<Transfer> transfer);
  void turn();
  [[nodiscard]] std::unique_ptr<Transfer> next_ended();

  Credentials credentials_;
  Patience patience_;
  std::unique_ptr<Connections> connections_;
  std::list<std::unique_ptr<Transfer>> transfers_;  // gone before their connections
  hal::Timer next_;
};

}  // namespace yoke::backup
