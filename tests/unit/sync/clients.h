// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <random>
#include <string_view>
#include <vector>

#include "tests/unit/sync/unit.h"

// Clients and servers of a unit, by one seed: connections that open, talk, close, are reset, are
// forgotten; datagrams; connections that are never answered.
namespace yoke::sync {

class Clients {
 public:
  Clients(Unit& unit, std::uint64_t seed) : unit_(&unit), random_(seed) {}

  void move_to(Unit& unit) { unit_ = &unit; }
  // One thing that happens.
  void act() {
    const auto dice = random_() % 10;
    if (talks_.empty() || dice < 4) return open();
    const std::size_t i = random_() % talks_.size();
    Talk& talk = talks_[i];
    if (dice < 8) return go_on(talk);
    if (talk.protocol == 6) close(talk);
    if (random_() % 3 == 0) {
      talks_[i] = talks_.back();
      talks_.pop_back();
    }
  }
  [[nodiscard]] std::size_t opened() const { return opened_; }

  // Brings a connection as far as data.
  void open_whole(const char* vip, std::uint8_t protocol = 6) {
    open(vip, protocol);
    go_on(talks_.back());
    go_on(talks_.back());
  }

 private:
  struct Talk {
    test::PacketSpec client;
    test::PacketSpec server;  // answers; none in dsr
    bool is_nat = false;
    std::uint8_t protocol = 6;
    int step = 0;
    std::size_t worker = 0;
  };

  void open() {
    constexpr const char* kVips[] = {lb::kNatV4, lb::kNatV6, lb::kDsrV4, lb::kDsrV6};
    open(kVips[random_() % 4], random_() % 3 == 0 ? 17 : 6);
  }
  void open(const char* vip, std::uint8_t protocol) {
    Talk talk;
    talk.protocol = protocol;
    const std::string_view name = vip;
    talk.is_nat = name == lb::kNatV4 || name == lb::kNatV6;
    talk.client = lb::to_vip(vip, protocol, static_cast<std::uint16_t>(1024 + opened_ % 60000));
    talk.client.tcp_flags = lb::kTcpSyn;
    talk.worker = random_() % unit_->workers();
    const auto out = unit_->send(talk.worker, talk.client, 0);
    if (out.verdict.action != lb::Action::kForward) return;
    if (talk.is_nat) talk.server = lb::Rig::answer_to(out, lb::kTcpSyn | lb::kTcpAck);
    talks_.push_back(talk);
    ++opened_;
  }
  void go_on(Talk& talk) {
    ++talk.step;
    if (talk.is_nat && talk.step % 2 == 1) {
      (void)unit_->send(talk.worker, talk.server, 1);
      talk.server.tcp_flags = lb::kTcpAck;
    } else {
      talk.client.tcp_flags = lb::kTcpAck;
      (void)unit_->send(talk.worker, talk.client, 0);
    }
  }
  void close(Talk& talk) {
    const bool by_server = talk.is_nat && random_() % 2 == 0;
    auto packet = by_server ? talk.server : talk.client;
    packet.tcp_flags = random_() % 4 == 0 ? lb::kTcpRst : lb::kTcpFin | lb::kTcpAck;
    (void)unit_->send(talk.worker, packet, by_server ? 1 : 0);
  }

  Unit* unit_;
  std::mt19937_64 random_;
  std::vector<Talk> talks_;
  std::size_t opened_ = 0;
};

}  // namespace yoke::sync
