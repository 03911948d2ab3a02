// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/place.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "hal/base/number.h"
#include "mgmt/model/words.h"

namespace yoke::model {
namespace {

constexpr std::string_view kBadPlace = "E-515";
constexpr std::string_view kSftpScheme = "sftp://";
constexpr std::string_view kHttpsScheme = "https://";
constexpr std::string_view kLetters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
constexpr std::string_view kHexadecimal = "0123456789abcdefABCDEF";

bool is_letter(char c) { return kLetters.find(c) != std::string_view::npos; }
bool is_of_name(char c) { return is_letter(c) || c == '-' || c == '.' || c == '_'; }
// What stands for itself in the path of a URL.
bool is_of_path(char c) {
  return is_of_name(c) || std::string_view("/~!$&'()*+,;=:@").find(c) != std::string_view::npos;
}

std::string lower(std::string_view text) {
  std::string copy(text);
  std::ranges::transform(copy, copy.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return copy;
}

// One call's walk over a URL from left to right. Owned by it.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text), rest_(text) {}

  Result<Place> read() {
    for (const auto part :
         {&Reader::read_protocol, &Reader::read_user, &Reader::read_machine, &Reader::read_path}) {
      if (auto done = (this->*part)(); !done) return tl::unexpected<Error>(done.error());
    }
    return std::move(place_);
  }

 private:
  [[nodiscard]] tl::unexpected<Error> bad(std::string_view why) const {
    return fail(Errc::kInvalid, kBadPlace,
                fmt::format("{} {}: expected sftp://USER@HOST/FOLDER or https://HOST/FOLDER",
                            shown(text_), why),
                column());
  }
  [[nodiscard]] int column() const { return static_cast<int>(text_.size() - rest_.size()); }

  Status read_protocol() {
    if (rest_.starts_with(kSftpScheme)) {
      place_.protocol = Place::Protocol::kSftp;
      rest_.remove_prefix(kSftpScheme.size());
    } else if (rest_.starts_with(kHttpsScheme)) {
      place_.protocol = Place::Protocol::kHttps;
      rest_.remove_prefix(kHttpsScheme.size());
    } else {
      return bad("is neither sftp:// nor https://");
    }
    return {};
  }

  // USER@, of the text before the first slash.
  Status read_user() {
    const auto end = rest_.substr(0, rest_.find_first_of("/?#")).rfind('@');
    if (end == std::string_view::npos) {
      if (place_.protocol == Place::Protocol::kSftp) return bad("names no user");
      return {};
    }
    const std::string_view user = rest_.substr(0, end);
    if (user.find(':') != std::string_view::npos) {
      // Nothing of it is repeated.
      return fail(Errc::kInvalid, kBadPlace,
                  "a URL with a password would show it to everybody who sees the configuration: "
                  "put it into /etc/yoke/netrc, or use /etc/yoke/backup.key",
                  column() + static_cast<int>(user.find(':')));
    }
    if (user.empty() || !std::ranges::all_of(user, is_of_name)) {
      return bad("names a user of other than letters, digits, '-', '_' and '.'");
    }
    place_.user = user;
    rest_.remove_prefix(end + 1);
    return {};
  }

  Status read_machine() {
    const bool brackets = rest_.starts_with('[');
    const auto end = brackets ? rest_.find(']') + 1 : rest_.find_first_of(":/?#");
    const std::string_view host = rest_.substr(0, end);
    const auto is_of_address = [](char c) {
      return c == ':' || c == '.' || kHexadecimal.find(c) != std::string_view::npos;
    };
    const bool is_good =
        brackets
            ? host.size() > 2 && std::ranges::all_of(host.substr(1, host.size() - 2), is_of_address)
            : !host.empty() && !host.starts_with('-') && std::ranges::all_of(host, is_of_name);
    if (!is_good) return bad("names no machine");
    place_.host = lower(host);
    rest_.remove_prefix(host.size());
    return read_port();
  }

  Status read_port() {
    if (rest_.starts_with(':')) {
      rest_.remove_prefix(1);
      const auto digits = rest_.substr(0, rest_.find_first_of("/?#"));
      const auto port = parse_decimal(digits);
      if (!port || *port == 0 || *port > 65535) return bad("has no port from 1 to 65535");
      const std::uint16_t own = place_.protocol == Place::Protocol::kSftp ? 22 : 443;
      place_.port = *port == own ? std::uint16_t{0} : static_cast<std::uint16_t>(*port);
      rest_.remove_prefix(digits.size());
    }
    if (!rest_.empty() && !rest_.starts_with('/')) return bad("is no folder");
    return {};
  }

  Status read_path() {
    std::string path;
    while (!rest_.empty()) {
      const auto next = read_character();
      if (!next) return tl::unexpected<Error>(next.error());
      if (*next == '/' && path.ends_with('/')) return bad("has an empty part in its folder");
      path += *next;
      rest_.remove_prefix(rest_.front() == '%' ? 3 : 1);
    }
    if (!path.ends_with('/')) path += '/';
    if (path.find("/./") != std::string::npos || path.find("/../") != std::string::npos) {
      return bad("has '.' or '..' in its folder");
    }
    if (place_.protocol == Place::Protocol::kSftp && path.starts_with("/~/")) {
      return bad("begins at '~': name the folder from the root");
    }
    place_.path = std::move(path);
    return {};
  }

  // As it is meant: %20 is a blank. A slash that is encoded, quotes and control characters are not
  // the same thing to everybody who reads them.
  [[nodiscard]] Result<char> read_character() const {
    if (rest_.front() != '%') {
      if (!is_of_path(rest_.front())) return bad("has a character in its folder that no URL has");
      return rest_.front();
    }
    const auto digits = rest_.substr(1, 2);
    if (digits.size() < 2 || digits.find_first_not_of(kHexadecimal) != std::string_view::npos) {
      return bad("has a % without two hexadecimal digits in its folder");
    }
    const int code = std::stoi(std::string(digits), nullptr, 16);
    constexpr int kFirstPrintable = 0x20, kDelete = 0x7f;
    const char c = static_cast<char>(code);
    if (code < kFirstPrintable || code == kDelete || c == '/' || c == '"' || c == '\\') {
      return bad("has an encoded character in its folder that no folder's name may have");
    }
    return c;
  }

  std::string_view text_, rest_;
  Place place_;
};

}  // namespace

Result<Place> Place::parse(std::string_view text) { return Reader(text).read(); }

std::string Place::url() const {
  std::string url(protocol == Protocol::kSftp ? kSftpScheme : kHttpsScheme);
  if (!user.empty()) url += user + '@';
  url += host;
  if (port != 0) url += fmt::format(":{}", port);
  for (const char c : path) {
    if (is_of_path(c)) {
      url += c;
    } else {
      url += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return url;
}

}  // namespace yoke::model
