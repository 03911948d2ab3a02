// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/postgresql_protocol.h"

#include <fmt/format.h>

#include <algorithm>

#include "mgmt/health/digest.h"
#include "mgmt/health/letters.h"
#include "mgmt/model/words.h"

namespace yoke::health {
namespace {

constexpr std::uint32_t kVersion = 3U << 16U;
constexpr std::uint32_t kTlsRequest = 80877103;
constexpr std::string_view kNobody = "yoke";  // whom a check without an account asks for
constexpr std::string_view kNotProved =
    "login: the server has not proved that it knows the password";
constexpr std::string_view kScramName = "SCRAM-SHA-256";

std::string message(std::string_view type, std::string_view body) {
  return std::string(type) + big_endian(body.size() + 4, 4) + std::string(body);
}
std::string text(std::string_view value) { return std::string(value) + '\0'; }

// Of an error message, the field of this kind: 'C' the code, 'M' the sentence.
std::string field(std::string_view body, char kind) {
  ByteReader reader(body);
  while (reader.ok() && !reader.rest().empty()) {
    const auto type = static_cast<char>(reader.u8());
    const std::string_view value = reader.c_string();
    if (type == kind) return std::string(value);
  }
  return {};
}

}  // namespace

PostgresqlProtocol::PostgresqlProtocol(const Check& check, std::string nonce, ScramKeys& keys)
    : user_(check.settings.text("user")),
      password_(check.settings.text("password")),
      database_(check.settings.text("database")),
      role_(check.settings.text("role")),
      wants_tls_(check.settings.flag("tls")),
      verifies_(check.settings.flag("verify")),
      scram_("", password_, std::move(nonce), keys) {}

std::string_view PostgresqlProtocol::stage() const {
  switch (state_) {
    case State::kTls:
      return "TLS request";
    case State::kStartup:
      return "startup";
    case State::kLogin:
      return "login";
    case State::kRole:
      return "recovery state";
    case State::kQuit:
      break;
  }
  return "end";
}

Move PostgresqlProtocol::connected() {
  if (!wants_tls_) return begin();
  state_ = State::kTls;
  return receive(stage(), message("", big_endian(kTlsRequest, 4)));
}

Move PostgresqlProtocol::secured() {
  has_tls_ = true;
  return begin();
}

Move PostgresqlProtocol::begin() {
  state_ = State::kStartup;
  const std::string_view user = user_.empty() ? kNobody : std::string_view(user_);
  std::string body = big_endian(kVersion, 4) + text("user") + text(user);
  if (!database_.empty()) body += text("database") + text(database_);
  return receive(stage(), message("", body + text("application_name") + text("yoke-check") + '\0'));
}

Move PostgresqlProtocol::received(std::string& unread) {
  if (state_ == State::kTls) return take_tls(unread);
  ByteReader reader(unread);
  std::size_t used = 0;
  Move move = receive(stage());
  while (move.next == Move::Next::kReceive && move.send.empty()) {
    const auto type = static_cast<char>(reader.u8());
    const std::uint32_t size = reader.be32();
    if (reader.ok() && size < 4) return failed(fmt::format("{} answered nonsense", stage()));
    const std::string_view body = reader.bytes(size - 4);
    if (!reader.ok()) break;
    move = take(type, body);
    used = unread.size() - reader.rest().size();
  }
  unread.erase(0, used);
  return move;
}

Move PostgresqlProtocol::take_tls(std::string& unread) {
  if (unread.empty()) return receive(stage());
  const char answer = unread.front();
  unread.erase(0, 1);
  if (answer == 'S') return start_tls("TLS handshake");
  return failed(answer == 'N' ? "TLS is not offered" : "TLS request answered nonsense");
}

Move PostgresqlProtocol::take(char type, std::string_view body) {
  switch (type) {
    case 'E':
      return refused(body);
    case 'R':
      return authenticate(body);
    case 'D':
      return take_row(body);
    case 'Z':
      return ready();
    case 'v':  // speaks an older minor version
    case 'S':  // parameters, keys, notices, columns, ends of commands
    case 'K':
    case 'N':
    case 'T':
    case 'C':
      return receive(stage());
    default:
      return failed(fmt::format("{} answered nonsense", stage()));
  }
}

// A server that refuses an account it does not know would take one that it does.
Move PostgresqlProtocol::refused(std::string_view body) {
  constexpr std::string_view kNotNow = "57P";    // starting, stopping
  constexpr std::string_view kResources = "53";  // too many connections, no memory
  const std::string code = field(body, 'C');
  const bool is_busy = code.starts_with(kNotNow) || code.starts_with(kResources);
  if (code.empty()) return failed(fmt::format("{} answered nonsense", stage()));
  if (user_.empty() && !is_busy) return passed("takes logins");
  return failed(
      fmt::format("{} refused: {} {}", stage(), model::shown(code), quoted(field(body, 'M'))));
}

Move PostgresqlProtocol::authenticate(std::string_view body) {
  if (user_.empty()) return passed("takes logins");
  state_ = State::kLogin;
  ByteReader reader(body);
  const auto wanted = static_cast<Authentication>(reader.be32());
  if (!reader.ok()) return failed("login answered nonsense");
  if (proof_ == Proof::kWanted) return take_scram(wanted, reader.rest());
  switch (wanted) {
    case Authentication::kDone:
      seen_ = "login: accepted";
      return receive(stage());
    case Authentication::kPassword:
      if (!has_tls_ || !verifies_) return failed(std::string(kTellsVerifiedOnly));
      return receive(stage(), message("p", text(password_)));
    case Authentication::kMd5:
      return answer_md5(reader.rest());
    case Authentication::kSasl:
      return begin_scram(reader.rest());
    case Authentication::kSaslContinue:
    case Authentication::kSaslFinal:
      break;
  }
  return failed("login in a way that is not spoken here");
}

// Once SCRAM has begun it goes on to its end, at which the server has proved itself: there is no
// way round that, for it may be another's.
Move PostgresqlProtocol::take_scram(Authentication wanted, std::string_view said) {
  if (wanted == Authentication::kSaslContinue) {
    auto proof = scram_.final_message(said);
    if (!proof) return failed("login: " + proof.error().text);
    return receive(stage(), message("p", *proof));
  }
  if (wanted != Authentication::kSaslFinal) {
    return failed(std::string(kNotProved));
  }
  const auto known = scram_.verify(said);
  if (!known) return failed("login: " + known.error().text);
  proof_ = Proof::kGiven;
  return receive(stage());
}

Move PostgresqlProtocol::begin_scram(std::string_view mechanisms) {
  ByteReader reader(mechanisms);
  bool is_offered = false;
  while (reader.ok() && !reader.rest().empty()) is_offered |= reader.c_string() == kScramName;
  if (!is_offered) return failed("login in a way that is not spoken here");
  proof_ = Proof::kWanted;
  const std::string first = scram_.first_message();
  return receive(stage(), message("p", text(kScramName) + big_endian(first.size(), 4) + first),
                 "login: asks for SCRAM");
}

Move PostgresqlProtocol::answer_md5(std::string_view salt) {
  const std::string answer = "md5" + md5_hex(md5_hex(password_ + user_) + std::string(salt));
  return receive(stage(), message("p", text(answer)), "login: asks for MD5");
}

Move PostgresqlProtocol::take_row(std::string_view body) {
  ByteReader reader(body);
  (void)reader.be16();
  in_recovery_ = reader.bytes(reader.be32());
  if (state_ != State::kRole || !reader.ok())
    return failed(fmt::format("{} answered nonsense", stage()));
  return receive(stage());
}

Move PostgresqlProtocol::ready() {
  if (proof_ == Proof::kWanted) return failed(std::string(kNotProved));
  const bool wants_role = !role_.empty() && role_ != "any";
  if (state_ == State::kLogin && wants_role) {
    state_ = State::kRole;
    return receive(stage(), message("Q", text("SELECT pg_is_in_recovery()")), seen_);
  }
  if (state_ == State::kRole) {
    if (in_recovery_ != "t" && in_recovery_ != "f") {
      return failed(fmt::format("{} answered {}", stage(), model::shown(in_recovery_)));
    }
    if ((in_recovery_ == "t") != (role_ == "replica")) {
      return failed(fmt::format("{} in recovery, expected a {}",
                                in_recovery_ == "t" ? "is" : "is not", role_));
    }
    seen_ = "role: " + role_;
  } else if (state_ != State::kLogin) {
    return failed(fmt::format("{} answered nonsense", stage()));
  }
  state_ = State::kQuit;
  return receive(stage(), message("X", ""), seen_);
}

std::optional<Move> PostgresqlProtocol::closed(std::string_view /*unread*/) {
  if (state_ != State::kQuit) return std::nullopt;
  return passed(in_recovery_.empty() ? "logged in" : role_);
}

}  // namespace yoke::health
