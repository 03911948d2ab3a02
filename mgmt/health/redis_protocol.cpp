// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/redis_protocol.h"

#include <fmt/format.h>

#include <initializer_list>

#include "hal/base/number.h"
#include "mgmt/model/words.h"

namespace yoke::health {
namespace {

// A command as RESP writes it: whatever a word holds, it is one word.
std::string command(std::initializer_list<std::string_view> words) {
  std::string text = fmt::format("*{}\r\n", words.size());
  for (const std::string_view word : words) {
    text += fmt::format("${}\r\n{}\r\n", word.size(), word);
  }
  return text;
}

// The value of a line "name:value" of INFO.
std::string_view info_value(std::string_view info, std::string_view name) {
  for (std::size_t at = 0; at < info.size();) {
    const auto end = std::min(info.find("\r\n", at), info.size());
    const std::string_view line = info.substr(at, end - at);
    if (line.starts_with(name) && line.substr(name.size()).starts_with(':')) {
      return line.substr(name.size() + 1);
    }
    at = end + 2;
  }
  return {};
}

}  // namespace

RedisProtocol::RedisProtocol(const Check& check)
    : user_(check.settings.text("user")),
      password_(check.settings.text("password")),
      role_(check.settings.text("role")) {}

std::string_view RedisProtocol::stage() const {
  switch (state_) {
    case State::kAuth:
      return "AUTH";
    case State::kPing:
      return "PING";
    case State::kInfo:
      return "INFO";
    case State::kQuit:
      break;
  }
  return "QUIT";
}

Move RedisProtocol::connected() {
  if (password_.empty()) return ping({});
  state_ = State::kAuth;
  return receive(
      stage(), user_.empty() ? command({"AUTH", password_}) : command({"AUTH", user_, password_}));
}

Move RedisProtocol::ping(std::string seen) {
  state_ = State::kPing;
  return receive(stage(), command({"PING"}), std::move(seen));
}

Move RedisProtocol::quit(std::string seen) {
  state_ = State::kQuit;
  return receive(stage(), command({"QUIT"}), std::move(seen));
}

Move RedisProtocol::received(std::string& unread) {
  const auto end = unread.find("\r\n");
  if (end == std::string::npos) return receive(stage());
  if (!unread.starts_with('$')) {
    const std::string line = unread.substr(0, end);
    unread.erase(0, end + 2);
    return take_line(line);
  }
  // A bulk string: "$LENGTH", and as many bytes on lines of their own.
  const auto length = parse_decimal(std::string_view(unread).substr(1, end - 1));
  if (!length || state_ != State::kInfo) {
    return failed(fmt::format("{} answered {}", stage(), model::shown(unread.substr(0, end))));
  }
  const std::size_t begin = end + 2;
  if (unread.size() - begin < 2 || *length > unread.size() - begin - 2) return receive(stage());
  const std::string info = unread.substr(begin, *length);
  unread.erase(0, begin + *length + 2);
  return take_info(info);
}

Move RedisProtocol::take_line(std::string_view line) {
  const std::string_view expected = state_ == State::kPing ? "+PONG" : "+OK";
  if (line != expected || state_ == State::kInfo) {
    // Errors begin with a minus and a word: "-LOADING Redis is loading the dataset in memory". To a
    // command that it does not know it adds what came with it, an account among that, cut anywhere.
    line = line.substr(0, line.find(", with args"));
    return failed(line.starts_with('-')
                      ? fmt::format("{} refused: {}", stage(), model::shown(line.substr(1)))
                      : fmt::format("{} answered {}", stage(), model::shown(line)));
  }
  std::string seen = fmt::format("{}: {}", stage(), line);
  switch (state_) {
    case State::kAuth:
      return ping(std::move(seen));
    case State::kPing:
      if (role_ == "any" || role_.empty()) return quit(std::move(seen));
      state_ = State::kInfo;
      return receive(stage(), command({"INFO", "replication"}), std::move(seen));
    case State::kInfo:
    case State::kQuit:
      break;
  }
  return passed(verdict_);
}

Move RedisProtocol::take_info(std::string_view info) {
  const std::string_view told = info_value(info, "role");
  const std::string_view role = told == "master" ? "primary" : told == "slave" ? "replica" : told;
  if (role != role_) {
    return failed(fmt::format("role is {}, expected {}", model::shown(role), role_));
  }
  const std::string_view link = info_value(info, "master_link_status");
  if (role == "replica" && link != "up") {
    return failed(fmt::format("replica has no link to its primary: {}", model::shown(link)));
  }
  verdict_ = fmt::format("PONG, {}", role_);
  return quit(fmt::format("INFO: role {}", role));
}

// Old releases close without an answer to QUIT.
std::optional<Move> RedisProtocol::closed(std::string_view /*unread*/) {
  if (state_ != State::kQuit) return std::nullopt;
  return passed(verdict_);
}

}  // namespace yoke::health
