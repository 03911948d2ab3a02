// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/key_file.h"

#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "hal/base/number.h"
#include "hal/linux/durable_file.h"
#include "mgmt/pair/daemon/errors.h"

namespace yoke::pair {
namespace {

constexpr std::string_view kTitle = "yoke-pair-key 1";
constexpr mode_t kOwnersAlone = 0600;

tl::unexpected<Error> bad(std::string why) { return fail(Errc::kInvalid, kBadKey, std::move(why)); }

std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool read_bytes(std::string_view text, KeyBytes& bytes) {
  if (text.size() != 2 * bytes.size()) return false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return true;
}

Status make_one(const std::filesystem::path& folder, const UnitKey& key) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const auto path = folder / "pair.key";
  if (std::filesystem::exists(path, error)) return bad(path.native() + " is there already");
  return store_key(path, key);
}

}  // namespace

Result<UnitKey> decode_key(std::string_view text) {
  if (take_line(text) != kTitle) {
    return bad(fmt::format("its first line is not \"{}\"", kTitle));
  }
  UnitKey read;
  const auto unit = take_line(text);
  if (unit != "unit a" && unit != "unit b") return bad("its second line is no unit a or b");
  read.unit = unit == "unit a" ? Unit::kA : Unit::kB;
  auto line = take_line(text);
  constexpr std::string_view kWord = "key ";
  if (!line.starts_with(kWord)) return bad("its third line is no key");
  line.remove_prefix(kWord.size());
  const auto space = std::min(line.find(' '), line.size());
  const auto id = parse_decimal(line.substr(0, space));
  if (!id || *id > 255) return bad("its key has no number from 0 to 255");
  read.key.id = static_cast<std::uint8_t>(*id);
  if (space == line.size() || !read_bytes(line.substr(space + 1), read.key.bytes)) {
    return bad(fmt::format("its key has not {} hexadecimal digits", 2 * kKeySize));
  }
  return read;
}

std::string encode(const UnitKey& key) {
  std::string digits;
  for (const auto byte : key.key.bytes) digits += fmt::format("{:02x}", byte);
  return fmt::format("{}\nunit {}\nkey {} {}\n", kTitle, key.unit == Unit::kA ? 'a' : 'b',
                     key.key.id, digits);
}

Result<std::optional<UnitKey>> read_key(const std::filesystem::path& path) {
  const auto text = hal::read_whole(path, kNoDisk);
  if (!text) return bad(text.error().text);
  if (!*text) return std::nullopt;
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0 || (file.st_mode & 0077U) != 0) {
    return bad(path.native() + " may be read by others than its owner; chmod 600 it");
  }
  auto key = decode_key(**text);
  if (!key) return within(path.native(), key.error());
  return std::optional(*key);
}

Status store_key(const std::filesystem::path& path, const UnitKey& key) {
  return hal::write_durably(path, encode(key), kOwnersAlone, kNoDisk);
}

Status make_keys(const std::filesystem::path& folder) {
  UnitKey key;
  key.key.id = 1;
  if (::getrandom(key.key.bytes.data(), key.key.bytes.size(), 0) !=
      static_cast<ssize_t>(key.key.bytes.size())) {
    return fail(Errc::kFailed, kNoDisk, fmt::format("no random numbers: {}", std::strerror(errno)));
  }
  key.unit = Unit::kA;
  if (auto made = make_one(folder / "a", key); !made) return made;
  key.unit = Unit::kB;
  return make_one(folder / "b", key);
}

}  // namespace yoke::pair
