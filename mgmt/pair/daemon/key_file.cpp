// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/key_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <span>
#include <system_error>

#include "hal/base/number.h"
#include "hal/linux/durable_file.h"
#include "mgmt/pair/daemon/errors.h"

namespace yoke::pair {
namespace {

constexpr std::string_view kFirst = "yoke-pair-key 1", kTitle = "yoke-pair-key 2";
constexpr mode_t kOwnersAlone = 0600;
constexpr std::uint64_t kLatest = std::uint64_t{1} << 40;  // seconds: some 30,000 years

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

bool read_bytes(std::string_view text, std::span<std::uint8_t> bytes) {
  if (text.size() != 2 * bytes.size()) return false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return true;
}

std::string hex(std::span<const std::uint8_t> bytes) {
  return fmt::format("{:02x}", fmt::join(bytes, ""));
}

std::string_view take_word(std::string_view& line) {
  const auto end = std::min(line.find(' '), line.size());
  const auto word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

// Errors name the line, never what is in it.
Status read_number_and_key(std::string_view& line, bool has_time, Key& key, std::int64_t& made_s) {
  const auto id = parse_decimal(take_word(line));
  if (!id || *id > 255) return bad("its key has no number from 0 to 255");
  key.id = static_cast<std::uint8_t>(*id);
  if (has_time) {
    const auto made = parse_decimal(take_word(line));
    if (!made || *made > kLatest) return bad("its key has no time");
    made_s = static_cast<std::int64_t>(*made);
  }
  if (!read_bytes(line, key.bytes)) {
    return bad(fmt::format("its key has not {} hexadecimal digits", 2 * kKeySize));
  }
  return {};
}

Status read_first(std::string_view text, UnitKey& read) {
  auto line = take_line(text);
  if (take_word(line) != "key") return bad("its third line is no key");
  Key key;
  std::int64_t unknown = 0;
  if (auto sound = read_number_and_key(line, false, key, unknown); !sound) return sound;
  read = first_key(read.unit, key);
  return {};
}

Status read_rotation(std::string_view text, NextKey& next) {
  auto line = take_line(text);
  const bool named = take_word(line) == "rotation" && read_bytes(take_word(line), next.rotation);
  const auto state = take_word(line);
  next.is_proven = state == "proven";
  if (!named || (!next.is_proven && state != "accepted") || !read_bytes(line, next.share)) {
    return bad("its last line does not say how far the rotation is");
  }
  return {};
}

Status read_second(std::string_view text, UnitKey& read) {
  auto line = take_line(text);
  if (take_word(line) != "hash" || !read_bytes(line, read.hash)) {
    return bad("its third line is no hash key");
  }
  line = take_line(text);
  if (take_word(line) != "key") return bad("its fourth line is no key");
  if (auto sound = read_number_and_key(line, true, read.keys.current, read.keys.made_s); !sound) {
    return sound;
  }
  if (text.empty()) return {};
  line = take_line(text);
  if (take_word(line) != "next") return bad("its fifth line is no next key");
  NextKey next;
  if (auto sound = read_number_and_key(line, true, next.key, next.made_s); !sound) return sound;
  if (auto sound = read_rotation(text, next); !sound) return sound;
  if (next.key.id == read.keys.current.id) return bad("both its keys have one number");
  read.keys.next = next;
  return {};
}

Status make_one(const std::filesystem::path& folder, const UnitKey& key) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const auto path = folder / "pair.key";
  if (std::filesystem::exists(path, error)) return bad(path.native() + " is there already");
  return store_key(path, key);
}

}  // namespace

UnitKey first_key(Unit unit, const Key& key) {
  UnitKey made;
  made.unit = unit;
  made.keys.current = key;
  made.hash = hash_key_of(key.bytes);
  return made;
}

Result<UnitKey> decode_key(std::string_view text) {
  const auto title = take_line(text);
  if (title != kFirst && title != kTitle) {
    return bad(fmt::format("its first line is not \"{}\"", kTitle));
  }
  UnitKey read;
  const auto unit = take_line(text);
  if (unit != "unit a" && unit != "unit b") return bad("its second line is no unit a or b");
  read.unit = unit == "unit a" ? Unit::kA : Unit::kB;
  const auto sound = title == kFirst ? read_first(text, read) : read_second(text, read);
  if (!sound) return tl::unexpected(sound.error());
  return read;
}

std::string encode(const UnitKey& key) {
  const char unit = key.unit == Unit::kA ? 'a' : 'b';
  const Key& current = key.keys.current;
  if (!key.keys.next && key.keys.made_s == 0 && key.hash == hash_key_of(current.bytes)) {
    return fmt::format("{}\nunit {}\nkey {} {}\n", kFirst, unit, current.id, hex(current.bytes));
  }
  std::string text = fmt::format("{}\nunit {}\nhash {}\nkey {} {} {}\n", kTitle, unit,
                                 hex(key.hash), current.id, key.keys.made_s, hex(current.bytes));
  if (!key.keys.next) return text;
  const NextKey& next = *key.keys.next;
  return text + fmt::format("next {} {} {}\nrotation {} {} {}\n", next.key.id, next.made_s,
                            hex(next.key.bytes), hex(next.rotation),
                            next.is_proven ? "proven" : "accepted", hex(next.share));
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
  if (key->keys.made_s == 0) key->keys.made_s = file.st_mtim.tv_sec;
  return std::optional(*key);
}

Status store_key(const std::filesystem::path& path, const UnitKey& key) {
  return hal::write_durably(path, encode(key), kOwnersAlone, kNoDisk);
}

Status make_keys(const std::filesystem::path& folder) {
  Key drawn;
  drawn.id = 1;
  if (::getrandom(drawn.bytes.data(), drawn.bytes.size(), 0) !=
      static_cast<ssize_t>(drawn.bytes.size())) {
    return fail(Errc::kFailed, kNoDisk, fmt::format("no random numbers: {}", std::strerror(errno)));
  }
  if (auto made = make_one(folder / "a", first_key(Unit::kA, drawn)); !made) return made;
  return make_one(folder / "b", first_key(Unit::kB, drawn));
}

}  // namespace yoke::pair
