// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/mysql_packet.h"

#include <algorithm>
#include <utility>

#include "mgmt/health/byte_reader.h"
#include "mgmt/health/digest.h"

namespace yoke::health::mysql {
namespace {

constexpr std::size_t kScrambleBytes = 20;
constexpr std::size_t kColumnsMax = 256;

constexpr std::uint32_t kLongPassword = 0x1;
constexpr std::uint32_t kProtocol41 = 0x200;
constexpr std::uint32_t kTransactions = 0x2000;
constexpr std::uint32_t kSecureConnection = 0x8000;
constexpr std::uint32_t kPluginAuth = 0x80000;
constexpr std::uint32_t kCapabilities =
    kLongPassword | kProtocol41 | kTransactions | kSecureConnection | kPluginAuth;
constexpr std::uint32_t kPacketBytesMax = 1U << 24U;
constexpr std::uint64_t kUtf8 = 33;

constexpr unsigned char kFailureMark = 0xff;
constexpr unsigned char kSwitchMark = 0xfe;
constexpr unsigned char kNullMark = 0xfb;

unsigned char mark(std::string_view payload) {
  return payload.empty() ? '\0' : static_cast<unsigned char>(payload.front());
}

// Ends a list of definitions or rows.
bool is_end(std::string_view payload) { return mark(payload) == kSwitchMark && payload.size() < 9; }

std::uint64_t length(ByteReader& reader) {
  const std::uint8_t first = reader.u8();
  switch (first) {
    case 0xfc:
      return reader.little_endian(2);
    case 0xfd:
      return reader.little_endian(3);
    case 0xfe:
      return reader.little_endian(8);
    default:
      return first;
  }
}

std::string_view text(ByteReader& reader) { return reader.bytes(length(reader)); }

std::string login_head(std::uint32_t capabilities) {
  return little_endian(capabilities, 4) + little_endian(kPacketBytesMax, 4) +
         little_endian(kUtf8, 1) + std::string(23, '\0');
}

}  // namespace

std::optional<Packet> take_packet(std::string_view& unread) {
  ByteReader reader(unread);
  const std::uint64_t size = reader.little_endian(3);
  const std::uint8_t number = reader.u8();
  const std::string_view payload = reader.bytes(size);
  if (!reader.ok()) return std::nullopt;
  unread = reader.rest();
  return Packet{number, std::string(payload)};
}

std::string packet(std::uint8_t number, std::string_view payload) {
  std::string bytes = little_endian(payload.size(), 3) + static_cast<char>(number);
  bytes += payload;
  return bytes;
}

std::optional<Greeting> parse_greeting(std::string_view payload) {
  constexpr std::uint8_t kVersion = 10;
  ByteReader reader(payload);
  if (reader.u8() != kVersion) return std::nullopt;
  Greeting greeting;
  greeting.version = reader.c_string();
  (void)reader.bytes(4);  // the connection's number
  greeting.scramble = reader.bytes(8);
  (void)reader.u8();
  greeting.capabilities = static_cast<std::uint32_t>(reader.little_endian(2));
  if (!reader.ok()) return std::nullopt;
  if (reader.rest().empty()) return greeting;  // older than any that logs in as we do
  (void)reader.bytes(3);                       // character set, status
  greeting.capabilities |= static_cast<std::uint32_t>(reader.little_endian(2)) << 16U;
  (void)reader.bytes(11);  // length of the scramble, and room for MariaDB's own
  greeting.scramble += reader.bytes(kScrambleBytes - 8);
  (void)reader.u8();
  if (!reader.ok()) return std::nullopt;
  greeting.plugin = reader.rest().substr(0, reader.rest().find('\0'));
  return greeting;
}

std::string login(std::string_view user, std::string_view proof, std::string_view plugin,
                  bool has_tls) {
  std::string payload = login_head(kCapabilities | (has_tls ? kTls : 0));
  payload.append(user).push_back('\0');
  payload += static_cast<char>(proof.size());
  payload.append(proof).append(plugin).push_back('\0');
  return payload;
}

std::string tls_request() { return login_head(kCapabilities | kTls); }

std::optional<Failure> parse_failure(std::string_view payload) {
  if (mark(payload) != kFailureMark) return std::nullopt;
  ByteReader reader(payload.substr(1));
  Failure failure;
  failure.code = static_cast<unsigned>(reader.little_endian(2));
  std::string_view rest = reader.rest();
  if (rest.starts_with('#')) rest.remove_prefix(std::min<std::size_t>(rest.size(), 6));
  failure.text = rest;
  return failure;
}

std::optional<std::string> proof_of(std::string_view plugin, std::string_view password,
                                    std::string_view scramble) {
  if (plugin == "mysql_native_password") {
    if (password.empty()) return std::string();
    const std::string once = sha1(password);
    return exclusive_or(once, sha1(std::string(scramble) + sha1(once)));
  }
  if (plugin == "caching_sha2_password") {
    if (password.empty()) return std::string();
    const std::string once = sha256(password);
    return exclusive_or(once, sha256(sha256(once) + std::string(scramble)));
  }
  return std::nullopt;
}

std::optional<AuthSwitch> parse_auth_switch(std::string_view payload) {
  if (mark(payload) != kSwitchMark) return std::nullopt;
  ByteReader reader(payload.substr(1));
  AuthSwitch wanted;
  wanted.plugin = reader.c_string();
  wanted.scramble = reader.bytes(std::min(reader.rest().size(), kScrambleBytes));
  if (!reader.ok()) return std::nullopt;
  return wanted;
}

std::string query(std::string_view sql) { return packet(0, "\x03" + std::string(sql)); }
std::string quit() { return packet(0, "\x01"); }

RowReader::State RowReader::take(std::string_view payload) {
  switch (part_) {
    case Part::kCount: {
      ByteReader reader(payload);
      count_ = length(reader);
      if (!reader.ok() || count_ == 0 || count_ > kColumnsMax) return State::kBroken;
      part_ = Part::kDefinitions;
      return State::kMore;
    }
    case Part::kDefinitions:
      return take_definition(payload);
    case Part::kEndOfDefinitions:
      part_ = Part::kRows;
      return is_end(payload) ? State::kMore : State::kBroken;
    case Part::kRows:
      break;
  }
  return is_end(payload) ? State::kDone : take_row(payload);
}

RowReader::State RowReader::take_definition(std::string_view payload) {
  ByteReader reader(payload);
  for (int i = 0; i < 4; ++i) (void)text(reader);  // catalogue, schema, table, table's own name
  columns_.emplace_back(text(reader));
  if (columns_.size() == count_) part_ = Part::kEndOfDefinitions;
  return reader.ok() ? State::kMore : State::kBroken;
}

RowReader::State RowReader::take_row(std::string_view payload) {
  if (std::exchange(has_row_, true)) return State::kMore;
  ByteReader reader(payload);
  for (std::size_t i = 0; i < count_; ++i) {
    if (mark(reader.rest()) == kNullMark) {
      (void)reader.u8();
      values_.emplace_back();
    } else {
      values_.emplace_back(text(reader));
    }
  }
  return reader.ok() ? State::kMore : State::kBroken;
}

std::optional<std::string> RowReader::value(std::string_view column) const {
  const auto found = std::ranges::find(columns_, column);
  const auto at = static_cast<std::size_t>(found - columns_.begin());
  return at < values_.size() ? values_[at] : std::nullopt;
}

bool RowReader::has_column(std::string_view column) const {
  return std::ranges::find(columns_, column) != columns_.end();
}

}  // namespace yoke::health::mysql
