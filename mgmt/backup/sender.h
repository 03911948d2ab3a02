// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "hal/base/result.h"
#include "hal/linux/event.h"
#include "mgmt/backup/place.h"

namespace yoke::backup {

// Files that say who we are to others, and who they are to us; those that are not there are not
// used.
struct Credentials {
  std::string key;          // SSH
  std::string known_hosts;  // SSH; a machine that is not in it is refused
  std::string authorities;  // TLS
  std::string netrc;        // passwords
};

// Sends files elsewhere and removes them there, one at a time, by libcurl on the loop. Threads: the
// loop's.
class Sender {
 public:
  using Done = std::function<void(Status)>;

  Sender(sd_event* event, Credentials credentials);
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;
  ~Sender();

  // `done` is called from the loop, never from within. A file appears there whole or not at all,
  // as far as the other side allows. E-516 with the reason.
  void send(const std::string& file, const Place& place, const std::string& name, Done done);
  void remove(const Place& place, const std::string& name, Done done);
  [[nodiscard]] bool busy() const noexcept { return transfer_ != nullptr; }

 private:
  struct Transfer;
  void start(std::unique_ptr<Transfer> transfer);
  void turn();

  sd_event* event_;
  Credentials credentials_;
  std::unique_ptr<Transfer> transfer_;
  hal::Timer next_;
};

}  // namespace yoke::backup
