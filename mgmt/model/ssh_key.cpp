// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/ssh_key.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "hal/base/base64.h"
#include "mgmt/model/words.h"

namespace yoke::model {
namespace {

// How many strings (RFC 4251) a key of the type is made of, its type among them: RFC 4253, RFC
// 5656, RFC 8709, and PROTOCOL.u2f of OpenSSH.
struct KeyType {
  std::string_view word;
  std::size_t parts;
};
constexpr std::array kTypes{
    KeyType{"ssh-ed25519", 2},
    KeyType{"ssh-rsa", 3},
    KeyType{"ecdsa-sha2-nistp256", 3},
    KeyType{"ecdsa-sha2-nistp384", 3},
    KeyType{"ecdsa-sha2-nistp521", 3},
    KeyType{"sk-ssh-ed25519@openssh.com", 3},
    KeyType{"sk-ecdsa-sha2-nistp256@openssh.com", 4},
};

tl::unexpected<Error> bad(std::string text) {
  return fail(Errc::kInvalid, "E-102", std::move(text));
}

// The next string of `rest`, which goes on behind it.
std::optional<std::string_view> take_string(std::string_view& rest) {
  constexpr std::size_t kLength = 4;
  if (rest.size() < kLength) return std::nullopt;
  std::size_t length = 0;
  for (const char c : rest.substr(0, kLength)) {
    length = length << 8 | static_cast<unsigned char>(c);
  }
  rest.remove_prefix(kLength);
  if (rest.size() < length) return std::nullopt;
  const std::string_view taken = rest.substr(0, length);
  rest.remove_prefix(length);
  return taken;
}

bool is_whole(std::string_view bytes, const KeyType& type) {
  if (take_string(bytes) != type.word) return false;
  for (std::size_t part = 1; part < type.parts; ++part) {
    const auto taken = take_string(bytes);
    if (!taken || taken->empty()) return false;
  }
  return bytes.empty();
}

// Its next word, which is taken off `rest` with the blanks around it.
std::string_view take_word(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  const std::string_view word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(word.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  return word;
}

}  // namespace

Result<std::string> canonical_ssh_key(std::string_view text) {
  const auto is_printable = [](char c) { return c >= ' ' && c <= '~'; };
  if (!std::ranges::all_of(text, is_printable)) {
    return bad("an SSH key is one line of printable ASCII, and this has another character");
  }
  std::string_view rest = text;
  const std::string_view word = take_word(rest);
  const auto* const type = std::ranges::find(kTypes, word, &KeyType::word);
  if (type == kTypes.end()) {
    return bad(fmt::format("{} begins no SSH key: expected {}", shown(word), ssh_key_types()));
  }
  const std::string_view key = take_word(rest);
  const auto bytes = from_base64(key);
  if (!bytes) {
    return bad(fmt::format("what follows {} is not base64: take the line of the .pub file", word));
  }
  if (!is_whole(*bytes, *type)) {
    return bad(fmt::format("this is no whole {} key: take the line of the .pub file", word));
  }
  while (rest.ends_with(' ')) rest.remove_suffix(1);
  return fmt::format("{} {}{}{}", word, key, rest.empty() ? "" : " ", rest);
}

std::string ssh_key_types() {
  std::string text;
  for (const KeyType& type : kTypes) {
    if (!text.empty()) text += &type == &kTypes.back() ? " or " : ", ";
    text += type.word;
  }
  return text;
}

}  // namespace yoke::model
