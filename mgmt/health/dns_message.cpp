// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/dns_message.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "dataplane/net/address.h"
#include "mgmt/health/byte_reader.h"
#include "mgmt/health/letters.h"

namespace yoke::health::dns {
namespace {

constexpr std::uint16_t kInternet = 1;
constexpr std::uint16_t kA = 1, kNs = 2, kCname = 5, kSoa = 6, kPtr = 12, kMx = 15, kTxt = 16,
                        kAaaa = 28, kSrv = 33;
constexpr std::array<std::pair<std::string_view, std::uint16_t>, 9> kTypes{{{"A", kA},
                                                                            {"AAAA", kAaaa},
                                                                            {"CNAME", kCname},
                                                                            {"MX", kMx},
                                                                            {"NS", kNs},
                                                                            {"PTR", kPtr},
                                                                            {"SOA", kSoa},
                                                                            {"SRV", kSrv},
                                                                            {"TXT", kTxt}}};
constexpr std::array<std::string_view, 6> kCodes{"NOERROR",  "FORMERR", "SERVFAIL",
                                                 "NXDOMAIN", "NOTIMP",  "REFUSED"};
constexpr std::uint16_t kWantsRecursion = 0x0100, kTruncated = 0x0200, kIsAnswer = 0x8000;
constexpr std::size_t kRecordsMax = 256;
constexpr std::size_t kNameBytesMax = 255;

// Reads the name at `at` of the message, and leaves `at` behind it. Every pointer must lead further
// to the front, so that there is an end.
std::optional<std::string> read_name(std::string_view message, std::size_t& at) {
  constexpr unsigned kPointer = 0xc0;
  std::string name;
  std::size_t here = at;
  std::size_t limit = message.size();
  bool has_jumped = false;
  while (here < limit) {
    const unsigned length = static_cast<unsigned char>(message[here]);
    if (length >= kPointer) {
      if (here + 1 >= message.size()) return std::nullopt;
      const std::size_t target =
          (length & 0x3fU) << 8U | static_cast<unsigned char>(message[here + 1]);
      if (!std::exchange(has_jumped, true)) at = here + 2;
      if (target >= here || target >= limit) return std::nullopt;
      limit = here;
      here = target;
      continue;
    }
    if (length >= 64) return std::nullopt;
    ++here;
    if (length == 0) {
      if (!has_jumped) at = here;
      return name;
    }
    if (here + length > message.size() || name.size() + length > kNameBytesMax) return std::nullopt;
    if (!name.empty()) name += '.';
    name += lower_case(message.substr(here, length));
    here += length;
  }
  return std::nullopt;
}

// `prefix` and the name at `at`, "10 mail.example.net".
std::optional<std::string> with_name(const std::string& prefix, std::string_view message,
                                     std::size_t at) {
  const auto name = read_name(message, at);
  if (!name) return std::nullopt;
  return prefix + (name->empty() ? "." : *name);
}

std::optional<std::string> address_text(std::string_view data) {
  if (data.size() == 4) {
    std::array<std::uint8_t, 4> octets{};
    std::memcpy(octets.data(), data.data(), octets.size());
    return net::IpAddress::v4(octets[0], octets[1], octets[2], octets[3]).to_string();
  }
  if (data.size() != 16) return std::nullopt;
  std::array<std::uint8_t, 16> octets{};
  std::memcpy(octets.data(), data.data(), octets.size());
  return net::IpAddress::v6(octets).to_string();
}

std::optional<std::string> strings(std::string_view data) {
  ByteReader reader(data);
  std::string text;
  while (!reader.rest().empty()) text += reader.bytes(reader.u8());
  if (!reader.ok()) return std::nullopt;
  return text;
}

// The record whose data are the `size` bytes at `at`.
std::optional<std::string> record_text(std::string_view message, std::size_t at, std::size_t size,
                                       std::uint16_t type) {
  ByteReader reader(message.substr(at, size));
  switch (type) {
    case kA:
    case kAaaa:
      return address_text(reader.rest());
    case kTxt:
      return strings(reader.rest());
    case kMx: {
      const auto preference = reader.be16();
      return with_name(fmt::format("{} ", preference), message, at + 2);
    }
    case kSrv: {
      const auto priority = reader.be16(), weight = reader.be16(), port = reader.be16();
      return with_name(fmt::format("{} {} {} ", priority, weight, port), message, at + 6);
    }
    default:  // a name, or begins with one
      return with_name("", message, at);
  }
}

std::optional<Question> read_question(std::string_view message, std::size_t& at) {
  auto name = read_name(message, at);
  if (!name) return std::nullopt;
  ByteReader reader(message.substr(at));
  Question question{std::move(*name), reader.be16(), reader.be16()};
  if (!reader.ok()) return std::nullopt;
  at += 4;
  return question;
}

struct Header {
  std::uint16_t type = 0;
  std::size_t data = 0, size = 0;  // where its data are in the message
};

std::optional<Header> read_header(std::string_view message, std::size_t& at) {
  if (!read_name(message, at)) return std::nullopt;
  ByteReader reader(message.substr(at));
  Header header;
  header.type = reader.be16();
  (void)reader.bytes(6);  // class, time to live
  header.size = reader.be16();
  header.data = at + 10;
  (void)reader.bytes(header.size);
  if (!reader.ok()) return std::nullopt;
  at = header.data + header.size;
  return header;
}

}  // namespace

std::uint16_t type_of(std::string_view word) {
  const auto* const found =
      std::ranges::find(kTypes, word, &std::pair<std::string_view, std::uint16_t>::first);
  return found == kTypes.end() ? std::uint16_t{0} : found->second;
}

std::string code_text(unsigned code) {
  return code < kCodes.size() ? std::string(kCodes[code]) : fmt::format("code {}", code);
}

std::string question(std::uint16_t id, std::string_view name, std::uint16_t type) {
  std::string message =
      big_endian(id, 2) + big_endian(kWantsRecursion, 2) + big_endian(1, 2) + std::string(6, '\0');
  if (name == ".") name = {};
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    message += static_cast<char>(label.size());
    message += label;
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  return message + '\0' + big_endian(type, 2) + big_endian(kInternet, 2);
}

Question asked(std::string_view name, std::uint16_t type) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return {lower_case(name), type, kInternet};
}

std::optional<Answer> parse(std::string_view message, std::uint16_t type) {
  constexpr std::size_t kHeaderBytes = 12;
  ByteReader reader(message);
  Answer answer;
  answer.id = reader.be16();
  const std::uint16_t flags = reader.be16();
  const std::uint16_t questions = reader.be16();
  const std::uint16_t answers = reader.be16();
  (void)reader.be32();
  answer.is_answer = (flags & kIsAnswer) != 0;
  answer.is_truncated = (flags & kTruncated) != 0;
  answer.code = flags & 0xfU;
  std::size_t at = kHeaderBytes;
  if (!reader.ok() || questions > kRecordsMax || answers > kRecordsMax) return std::nullopt;
  for (unsigned i = 0; i < questions; ++i) {
    auto question = read_question(message, at);
    if (!question) return std::nullopt;
    answer.questions.push_back(std::move(*question));
  }
  for (unsigned i = 0; i < answers; ++i) {
    const auto header = read_header(message, at);
    if (!header) return std::nullopt;
    if (header->type != type) continue;
    auto text = record_text(message, header->data, header->size, type);
    if (!text) return std::nullopt;
    answer.records.push_back(std::move(*text));
  }
  return answer;
}

}  // namespace yoke::health::dns
