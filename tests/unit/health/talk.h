// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "mgmt/health/protocol.h"

namespace yoke::health {

// A conversation between a protocol and a server of which every word is known, in memory.
class Talk {
 public:
  // What the server says, piece by piece: the next piece comes once the protocol waits for one.
  // Each piece comes in parts of `part_bytes` (0: whole).
  explicit Talk(std::vector<std::string> server, std::size_t part_bytes = 0)
      : server_(std::move(server)), part_bytes_(part_bytes) {}
  // Each piece is a datagram: what a protocol leaves of one is gone with the next.
  static Talk by_datagrams(std::vector<std::string> server) {
    Talk talk(std::move(server));
    talk.is_stream_ = false;
    return talk;
  }

  // What it came to: "passed TEXT", "failed TEXT", or "closed at STAGE" where the server had no
  // more to say.
  std::string run(Protocol& protocol) {
    Move move = protocol.connected();
    for (;;) {
      said_.push_back(move.send);
      switch (move.next) {
        case Move::Next::kPassed:
          return "passed " + move.text;
        case Move::Next::kFailed:
          return "failed " + move.text;
        case Move::Next::kStartTls:
          if (!unread_.empty()) return "failed spoke before TLS stood";
          ++handshakes_;
          move = protocol.secured();
          continue;
        case Move::Next::kReceive:
          break;
      }
      // As long as it takes something off, it is asked again for what it left.
      if (is_stream_ && !unread_.empty() && unread_.size() != before_) {
        before_ = unread_.size();
        move = protocol.received(unread_);
        continue;
      }
      if (at_ == server_.size()) {
        auto last = protocol.closed(unread_);
        if (!last) return "closed at " + std::string(move.stage);
        move = *last;
        continue;
      }
      if (!is_stream_) unread_.clear();
      unread_ += next_part();
      before_ = unread_.size();
      move = protocol.received(unread_);
    }
  }

  // What the protocol has sent, pieces that are empty left out.
  [[nodiscard]] std::vector<std::string> said() const {
    std::vector<std::string> all;
    for (const std::string& piece : said_) {
      if (!piece.empty()) all.push_back(piece);
    }
    return all;
  }
  [[nodiscard]] int handshakes() const { return handshakes_; }

 private:
  std::string next_part() {
    const std::string& piece = server_[at_];
    const std::size_t size = part_bytes_ == 0 ? piece.size() : part_bytes_;
    std::string part = piece.substr(within_, size);
    within_ += size;
    if (within_ >= piece.size()) {
      ++at_;
      within_ = 0;
    }
    return part;
  }

  std::vector<std::string> server_;
  std::size_t part_bytes_;
  bool is_stream_ = true;
  std::size_t before_ = 0;  // how much was unread when the protocol was last asked
  std::size_t at_ = 0, within_ = 0;
  std::string unread_;
  std::vector<std::string> said_;
  int handshakes_ = 0;
};

}  // namespace yoke::health
