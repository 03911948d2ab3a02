// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <netinet/in.h>
#include <systemd/sd-event.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "hal/base/clock.h"
#include "hal/base/file_descriptor.h"
#include "hal/linux/event.h"
#include "mgmt/pair/wire/refusal_watch.h"
#include "mgmt/pair/wire/session.h"
#include "mgmt/replication/messages.h"

namespace yoke::peer {

// Letters of replication to the other unit and from it: each is sealed in a frame of a session of
// its own (mgmt/pair/wire) and goes in a datagram over the dedicated interface, to the peer's
// link-local address of IPv6, which is learnt from the first that is authentic; before that, and
// where it has gone silent, to all nodes of the link. Letters may be lost, late or come twice:
// replication asks again. What is not authentic, or no letter, is counted and changes nothing.
// Nothing waits. Threads: whoever has the turn.
class Letters {
 public:
  static constexpr std::uint16_t kPort = 8471;

  // Whom and how; the interface may come and go.
  struct Way {
    std::string interface;
    pair::Unit unit = pair::Unit::kA;
    pair::Key key;
    std::optional<pair::Key> newer = std::nullopt;  // that takes its place
    bool has_peer_newer = false;
  };

  Letters(sd_event* loop, std::function<void(const replication::Letter&)> hear,
          std::uint16_t port = kPort);

  // Nothing: nobody is told anything any more. Keys that follow from those before are taken up
  // without a letter lost; others begin anew.
  void use(const std::optional<Way>& way);
  void send(const replication::Letter& letter);
  // For `show ha config`.
  [[nodiscard]] nlohmann::json counts() const;
  // Whether so many come that are not the peer's that people should know. To be asked each second.
  [[nodiscard]] bool is_bothered();

 private:
  [[nodiscard]] bool goes_on_with(const std::optional<Way>& way);
  void open();
  void round();
  void read();
  void take(pair::Bytes frame, const sockaddr_in6& from);
  void put(std::size_t size);

  sd_event* loop_;
  std::function<void(const replication::Letter&)> hear_;
  std::uint16_t port_;
  std::optional<Way> way_;
  std::unique_ptr<pair::Session> session_;
  FileDescriptor socket_;
  std::unique_ptr<hal::IoSource> readable_;
  unsigned index_ = 0;  // of the interface
  std::optional<sockaddr_in6> peer_;
  MonoTime heard_at_{};
  std::uint64_t received_ = 0, sent_ = 0, not_sent_ = 0, no_letters_ = 0;
  pair::RefusalWatch foul_;
  std::vector<std::uint8_t> out_, in_;
  hal::Timer round_;
};

}  // namespace yoke::peer
