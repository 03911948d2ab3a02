// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/mysql_protocol.h"

#include <fmt/format.h>

#include "hal/base/number.h"
#include "mgmt/health/letters.h"
#include "mgmt/model/duration.h"
#include "mgmt/model/words.h"

namespace yoke::health {
namespace {

using mysql::Packet;

constexpr std::string_view kNative = "mysql_native_password";
constexpr std::string_view kCachingSha2 = "caching_sha2_password";
constexpr unsigned kSyntaxError = 1064;
constexpr char kOk = '\0';
constexpr char kMore = '\x01';  // the plugin has something to say

}  // namespace

MysqlProtocol::MysqlProtocol(const Check& check)
    : user_(check.settings.text("user")),
      password_(check.settings.text("password")),
      role_(check.settings.text("role")),
      lag_max_(check.settings.duration("lag-max")),
      wants_tls_(check.settings.flag("tls")),
      verifies_(check.settings.flag("verify")),
      role_is_known_(role_.empty() || role_ == "any"),
      lag_is_known_(lag_max_.count() == 0) {}

std::string_view MysqlProtocol::stage() const {
  switch (state_) {
    case State::kGreeting:
      return "greeting";
    case State::kLogin:
      return "login";
    case State::kRole:
      return "read_only";
    case State::kReplication:
      return "replication state";
    case State::kQuit:
      break;
  }
  return "end";
}

Move MysqlProtocol::received(std::string& unread) {
  std::string_view rest = unread;
  Move move = receive(stage());
  while (move.next == Move::Next::kReceive && move.send.empty()) {
    const auto packet = mysql::take_packet(rest);
    if (!packet) break;
    next_number_ = static_cast<std::uint8_t>(packet->number + 1);
    move = take(*packet);
  }
  unread.erase(0, unread.size() - rest.size());
  return move;
}

Move MysqlProtocol::take(const Packet& packet) {
  if (const auto failure = mysql::parse_failure(packet.payload)) return refused(*failure);
  switch (state_) {
    case State::kGreeting:
      return greet(packet);
    case State::kLogin:
      return take_login(packet);
    case State::kRole:
    case State::kReplication:
      return take_row(packet);
    case State::kQuit:
      break;
  }
  return receive(stage());
}

Move MysqlProtocol::refused(const mysql::Failure& failure) {
  // Releases differ in the word for a replica.
  if (state_ == State::kReplication && failure.code == kSyntaxError && !asks_old_way_) {
    asks_old_way_ = true;
    return ask(State::kReplication, "SHOW SLAVE STATUS", {});
  }
  return failed(fmt::format("{} refused: {} {}", stage(), failure.code, quoted(failure.text)));
}

Move MysqlProtocol::greet(const Packet& packet) {
  const auto greeting = mysql::parse_greeting(packet.payload);
  if (!greeting) return failed("greeting is not MySQL's");
  greeting_ = *greeting;
  verdict_ = model::shown(greeting_.version);
  if (wants_tls_) {
    if ((greeting_.capabilities & mysql::kTls) == 0) return failed("TLS is not offered");
    return start_tls("TLS handshake", mysql::packet(next_number_++, mysql::tls_request()));
  }
  return user_.empty() ? passed(verdict_) : log_in();
}

Move MysqlProtocol::secured() {
  has_tls_ = true;
  return user_.empty() ? passed(verdict_) : log_in();
}

Move MysqlProtocol::log_in() {
  state_ = State::kLogin;
  // Another plugin's account makes the server ask again, by that plugin's name.
  const std::string_view plugin = greeting_.plugin == kCachingSha2 ? kCachingSha2 : kNative;
  const auto proof = mysql::proof_of(plugin, password_, greeting_.scramble);
  return receive(
      stage(),
      mysql::packet(next_number_, mysql::login(user_, proof.value_or(""), plugin, has_tls_)),
      "greeting: " + greeting_.version);
}

Move MysqlProtocol::take_login(const Packet& packet) {
  if (packet.payload.starts_with(kOk)) {
    verdict_ = "logged in";
    return go_on("login: accepted");
  }
  if (packet.payload.starts_with(kMore)) return tell_password(packet);
  const auto wanted = mysql::parse_auth_switch(packet.payload);
  if (!wanted) return failed("login answered nonsense");
  const auto proof = mysql::proof_of(wanted->plugin, password_, wanted->scramble);
  if (!proof) {
    return failed(fmt::format("login by {} is not spoken here", model::shown(wanted->plugin)));
  }
  return receive(stage(), mysql::packet(next_number_, *proof), "login: asks for " + wanted->plugin);
}

// caching_sha2_password does not know the account yet and wants the password itself.
Move MysqlProtocol::tell_password(const Packet& packet) {
  constexpr std::string_view kKnown = "\x01\x03";
  constexpr std::string_view kUnknown = "\x01\x04";
  if (packet.payload == kKnown) return receive(stage());
  if (packet.payload != kUnknown) return failed("login answered nonsense");
  if (!has_tls_ || !verifies_) return failed(std::string(kTellsVerifiedOnly));
  return receive(stage(), mysql::packet(next_number_, password_ + '\0'),
                 "login: asks for the password");
}

Move MysqlProtocol::ask(State state, std::string_view sql, std::string seen) {
  state_ = state;
  row_ = {};
  return receive(stage(), mysql::query(sql), std::move(seen));
}

Move MysqlProtocol::go_on(std::string seen) {
  if (!role_is_known_) return ask(State::kRole, "SELECT @@global.read_only AS r", std::move(seen));
  if (!lag_is_known_) return ask(State::kReplication, "SHOW REPLICA STATUS", std::move(seen));
  state_ = State::kQuit;
  return receive(stage(), mysql::quit(), std::move(seen));
}

// A failure of a server that is logged in to, which would otherwise count an aborted client.
Move MysqlProtocol::leave(std::string text) {
  Move move = failed(std::move(text));
  move.send = mysql::quit();
  return move;
}

Move MysqlProtocol::take_row(const Packet& packet) {
  switch (row_.take(packet.payload)) {
    case mysql::RowReader::State::kMore:
      return receive(stage());
    case mysql::RowReader::State::kBroken:
      return failed(fmt::format("{} answered nonsense", stage()));
    case mysql::RowReader::State::kDone:
      break;
  }
  return state_ == State::kRole ? judge_role() : judge_replication();
}

Move MysqlProtocol::judge_role() {
  role_is_known_ = true;
  const std::string read_only = row_.value("r").value_or("");
  const bool is_primary = read_only == "0" || read_only == "OFF";
  if (!is_primary && read_only != "1" && read_only != "ON") {
    return leave("read_only answered " + model::shown(read_only));
  }
  if (is_primary != (role_ == "primary")) {
    return leave(fmt::format("read_only is {}, expected a {}", model::shown(read_only), role_));
  }
  verdict_ = role_;
  return go_on("read_only: " + read_only);
}

Move MysqlProtocol::judge_replication() {
  lag_is_known_ = true;
  if (!row_.has_row()) return leave("replicates from nobody");
  const std::string_view name =
      row_.has_column("Seconds_Behind_Source") ? "Seconds_Behind_Source" : "Seconds_Behind_Master";
  const auto behind = row_.value(name);
  const auto seconds = behind ? parse_decimal(*behind) : std::nullopt;
  if (!seconds) return leave("replication does not run");
  const auto bound = std::chrono::duration_cast<std::chrono::seconds>(lag_max_).count();
  if (*seconds > static_cast<std::uint64_t>(bound)) {
    return leave(fmt::format("replica is {}s behind, expected at most {}", *seconds,
                             model::to_text(lag_max_)));
  }
  verdict_ += fmt::format(", {}s behind", *seconds);
  return go_on(fmt::format("replication: {}s behind", *seconds));
}

std::optional<Move> MysqlProtocol::closed(std::string_view /*unread*/) {
  if (state_ != State::kQuit) return std::nullopt;
  return passed(verdict_);
}

}  // namespace yoke::health
