// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/state_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "hal/base/number.h"
#include "hal/linux/durable_file.h"
#include "mgmt/pair/daemon/errors.h"

namespace yoke::pair {
namespace {

constexpr std::string_view kTitle = "yoke-pair-state 1\n";
constexpr std::string_view kSum = "sum ";
constexpr mode_t kMode = 0640;
// Epochs come in blocks of 64, and both units' together rise by a few in a lifetime.
constexpr Epoch kMargin = Epoch{1} << 20;

std::uint64_t sum_of(std::string_view text) {
  std::uint64_t value = 0xcbf29ce484222325;
  for (const char c : text) value = (value ^ static_cast<std::uint8_t>(c)) * 0x100000001b3;
  return value;
}

std::string_view take_word(std::string_view& line) {
  const auto end = std::min(line.find(' '), line.size());
  const auto word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

// "group 1 reserved 66 maintenance 0", and perhaps more behind.
bool read_group(std::string_view line, Memory& memory) {
  (void)take_word(line);
  const auto number = parse_decimal(take_word(line));
  if (!number || *number > 255 || take_word(line) != "reserved") return false;
  const auto reserved = parse_decimal(take_word(line));
  if (!reserved || take_word(line) != "maintenance") return false;
  const auto maintenance = parse_decimal(take_word(line));
  if (!maintenance || *maintenance > 1) return false;
  memory[static_cast<Group>(*number)] = {*reserved, *maintenance == 1};
  return true;
}

std::filesystem::path old_of(const std::filesystem::path& path) { return path.native() + ".old"; }

std::optional<Memory> read(const std::filesystem::path& path, bool& is_there) {
  const auto text = hal::read_whole(path, kNoDisk);
  is_there = !text || text->has_value();
  if (!text || !*text) return std::nullopt;
  return decode_memory(**text);
}

}  // namespace

std::string encode(const Memory& memory) {
  std::string text(kTitle);
  for (const auto& [group, at] : memory) {
    text += fmt::format("group {} reserved {} maintenance {}\n", group, at.reserved,
                        at.maintenance ? 1 : 0);
  }
  return text + fmt::format("{}{:016x}\n", kSum, sum_of(text));
}

std::optional<Memory> decode_memory(std::string_view text) {
  constexpr std::size_t kSumLine = kSum.size() + 16 + 1;
  if (!text.starts_with(kTitle) || text.size() < kTitle.size() + kSumLine) return std::nullopt;
  const auto body = text.substr(0, text.size() - kSumLine);
  if (text.substr(body.size()) != fmt::format("{}{:016x}\n", kSum, sum_of(body))) {
    return std::nullopt;
  }
  Memory memory;
  auto rest = body.substr(kTitle.size());
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size() - 1);
    const auto line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (line.starts_with("group ") && !read_group(line, memory)) return std::nullopt;
  }
  return memory;
}

Recalled recall(const std::filesystem::path& path) {
  bool is_there = false, old_is_there = false;
  if (auto memory = read(path, is_there)) return {std::move(*memory), {}};
  auto old = read(old_of(path), old_is_there);
  if (!is_there && !old_is_there) return {};
  if (!old) {
    return {{},
            fmt::format("{} and the one before it are damaged: epochs of this unit are not known",
                        path.native())};
  }
  for (auto& [group, at] : *old) at.reserved += kMargin;
  return {std::move(*old), fmt::format("{} is {}; the one before it counts", path.native(),
                                       is_there ? "damaged" : "missing")};
}

Status remember(const std::filesystem::path& path, const Memory& memory) {
  const auto old = old_of(path);
  const std::string beside = old.native() + ".new";
  // Only a whole one: two damaged files in a row must not push out a good one.
  bool is_there = false;
  if (read(path, is_there)) {
    (void)::unlink(beside.c_str());
    if (::link(path.c_str(), beside.c_str()) != 0 || ::rename(beside.c_str(), old.c_str()) != 0) {
      return fail(Errc::kFailed, kNoDisk,
                  fmt::format("{} cannot be written: {}", old.native(), std::strerror(errno)));
    }
  }
  return hal::write_durably(path, encode(memory), kMode, kNoDisk);
}

}  // namespace yoke::pair
