// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The packets of MySQL's and MariaDB's client protocol that a check sends and takes. Pure; threads:
// any.
namespace yoke::health::mysql {

struct Packet {
  std::uint8_t number = 0;  // counts both sides' packets from the start of a command
  std::string payload;
};
// Takes the first whole packet off `unread`; nothing while it has not come.
[[nodiscard]] std::optional<Packet> take_packet(std::string_view& unread);
[[nodiscard]] std::string packet(std::uint8_t number, std::string_view payload);

// The server's greeting, protocol version 10.
struct Greeting {
  std::string version;  // "5.5.5-10.11.6-MariaDB-0+deb12u1"
  std::uint32_t capabilities = 0;
  std::string scramble;  // 20 bytes
  std::string plugin;    // how passwords are told, "mysql_native_password"
};
[[nodiscard]] std::optional<Greeting> parse_greeting(std::string_view payload);

inline constexpr std::uint32_t kTls = 0x800;
// The client's answer, and what asks for TLS in its place first.
[[nodiscard]] std::string login(std::string_view user, std::string_view proof,
                                std::string_view plugin, bool has_tls);
[[nodiscard]] std::string tls_request();

// "1045 Access denied..." of an error packet; nothing of any other.
struct Failure {
  unsigned code = 0;
  std::string text;
};
[[nodiscard]] std::optional<Failure> parse_failure(std::string_view payload);

// What tells the server that the password is known, by `plugin`; nothing of a plugin that is not
// spoken here.
[[nodiscard]] std::optional<std::string> proof_of(std::string_view plugin,
                                                  std::string_view password,
                                                  std::string_view scramble);

struct AuthSwitch {
  std::string plugin;
  std::string scramble;
};
[[nodiscard]] std::optional<AuthSwitch> parse_auth_switch(std::string_view payload);

[[nodiscard]] std::string query(std::string_view sql);
[[nodiscard]] std::string quit();

// The first row of a query's answer, packet by packet.
class RowReader {
 public:
  enum class State : std::uint8_t { kMore, kDone, kBroken };
  [[nodiscard]] State take(std::string_view payload);

  // Of the column, by name; nothing where there is no row, no such column or NULL.
  [[nodiscard]] std::optional<std::string> value(std::string_view column) const;
  [[nodiscard]] bool has_row() const noexcept { return has_row_; }
  [[nodiscard]] bool has_column(std::string_view column) const;

 private:
  [[nodiscard]] State take_definition(std::string_view payload);
  [[nodiscard]] State take_row(std::string_view payload);

  enum class Part : std::uint8_t { kCount, kDefinitions, kEndOfDefinitions, kRows };
  Part part_ = Part::kCount;
  std::size_t count_ = 0;
  std::vector<std::string> columns_;
  std::vector<std::optional<std::string>> values_;
  bool has_row_ = false;
};

}  // namespace yoke::health::mysql
