// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/byte_text.h"

#include <optional>

namespace yoke::model {
namespace {

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

// The byte that the escape at the start of `text` stands for; its length is `used`.
std::optional<char> escaped(std::string_view text, std::size_t& used) {
  used = 2;
  if (text.size() < used) return std::nullopt;
  switch (text[1]) {
    case 'r':
      return '\r';
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case '\\':
      return '\\';
    case 'x':
      break;
    default:
      return std::nullopt;
  }
  used = 4;
  if (text.size() < used) return std::nullopt;
  const auto high = hex_digit(text[2]);
  const auto low = hex_digit(text[3]);
  if (!high || !low) return std::nullopt;
  return static_cast<char>(*high << 4U | *low);
}

}  // namespace

Result<std::string> parse_bytes(std::string_view text) {
  std::string bytes;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '\\') {
      bytes += text[at++];
      continue;
    }
    std::size_t used = 0;
    const auto byte = escaped(text.substr(at), used);
    if (!byte) {
      return fail(Errc::kInvalid, "E-102", R"(\ goes before r, n, t, \ or x and two digits only)",
                  static_cast<int>(at));
    }
    bytes += *byte;
    at += used;
  }
  return bytes;
}

}  // namespace yoke::model
