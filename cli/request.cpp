// SPDX-License-Identifier: Apache-2.0
#include "cli/request.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include "cli/cell.h"
#include "hal/base/base64.h"
#include "hal/base/file_descriptor.h"

namespace yoke::cli {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr auto kLookEvery = 50ms;
constexpr std::size_t kPieceBytes = std::size_t{3} << 20;  // well within a message, in base64

std::string text_of(const json& object, const char* key) {
  const json value = part_of(object, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

tl::unexpected<Error> unreadable(const std::string& file) {
  const int error = errno;
  const Errc kind = error == EACCES   ? Errc::kDenied
                    : error == ENOENT ? Errc::kNotFound
                                      : Errc::kFailed;
  return fail(kind, "E-405", fmt::format("{} cannot be read: {}", file, std::strerror(error)));
}

// Less than `bytes` at the file's end only.
Result<std::string> read_piece(int fd, const std::string& file, std::size_t bytes) {
  std::string piece(bytes, '\0');
  std::size_t held = 0;
  while (held < bytes) {
    const ssize_t n = ::read(fd, piece.data() + held, bytes - held);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return unreadable(file);
    if (n == 0) break;
    held += static_cast<std::size_t>(n);
  }
  piece.resize(held);
  return piece;
}

// A database that is in use has its last commits beside it.
Status is_whole(const std::string& file, std::string_view begin) {
  constexpr std::string_view kBareDatabase = "SQLite format 3";
  const std::string beside = file + "-wal";
  std::error_code none;
  const auto bytes = std::filesystem::file_size(beside, none);
  if (!begin.starts_with(kBareDatabase) || none || bytes == 0) return {};
  return fail(Errc::kRefused, "E-414",
              fmt::format("{} is a database in use, and what was committed last is in {}: copy it "
                          "with sqlite3 {} \".backup COPY\" and restore COPY",
                          file, beside, file));
}

Error error_in(const json& state) {
  const json error = part_of(state, "error");
  return {Errc::kFailed, text_of(error, "id"), text_of(error, "message"), -1};
}

}  // namespace

Result<json> make_backup(Connection& connection, const std::string& to) {
  json params = json::object();
  if (!to.empty()) params["to"] = to;
  const auto begun = connection.call("backup", params);
  if (!begun) return tl::unexpected(begun.error());
  const json id = part_of(*begun, "id");
  for (;;) {
    auto state = connection.call("backup_state", json::object());
    if (!state) return state;
    const std::string stage = text_of(*state, "state");
    const bool ended = part_of(*state, "id") != id || (stage != "making" && stage != "sending");
    if (ended && stage == "failed") return tl::unexpected(error_in(*state));
    if (ended) return state;
    std::this_thread::sleep_for(kLookEvery);
  }
}

Result<json> hand_over_backup(Connection& connection, const std::string& file) {
  const FileDescriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return unreadable(file);
  for (bool first = true;; first = false) {
    const auto piece = read_piece(fd.get(), file, kPieceBytes);
    if (!piece) return tl::unexpected(piece.error());
    if (first) {
      if (auto whole = is_whole(file, *piece); !whole) return tl::unexpected(whole.error());
    }
    const bool last = piece->size() < kPieceBytes;
    auto answer = connection.call("restore",
                                  {{"bytes", to_base64(*piece)}, {"first", first}, {"last", last}});
    if (!answer || last) return answer;
  }
}

std::vector<std::string> backups_in(const json& shown) {
  std::vector<std::string> names;
  for (const json& row : part_of(shown, "rows")) {
    if (std::string name = text_of(row, "file"); !name.empty()) names.push_back(std::move(name));
  }
  return names;
}

Result<json> restore_backup(Connection& connection, const std::string& name) {
  if (name.find('/') != std::string::npos) return hand_over_backup(connection, name);
  auto shown = connection.call("show", {{"object", "backup"}});
  if (!shown) return shown;
  const auto kept = backups_in(*shown);
  if (std::ranges::find(kept, name) != kept.end()) {
    return connection.call("restore", {{"file", name}});
  }
  auto restored = hand_over_backup(connection, name);
  if (!restored && restored.error().kind == Errc::kNotFound && restored.error().id == "E-405") {
    restored.error().text += "; show backup lists what the unit keeps";
  }
  return restored;
}

Result<json> test_notification(Connection& connection, const std::string& name) {
  auto begun = connection.call("notify_test", {{"notify", name}});
  if (!begun) return begun;
  for (;;) {
    auto tested = connection.call("notify_tested", {{"test", part_of(*begun, "test")}});
    if (!tested || part_of(*tested, "done") == true) return tested;
    std::this_thread::sleep_for(kLookEvery);
  }
}

std::string told_sentence(const json& row) {
  const std::string text = text_of(row, "text");
  const bool is_told = part_of(row, "outcome") == "told";
  return fmt::format("notify {}: {}{}.", text_of(row, "whom"),
                     is_told ? "was told" : "was not told: ", text);
}

std::string backup_sentence(const json& state) {
  const std::string to = text_of(state, "to");
  const json bytes = part_of(state, "bytes");
  const std::uint64_t kib =
      bytes.is_number_unsigned() ? (bytes.get<std::uint64_t>() + 1023) / 1024 : 0;
  return fmt::format("Backup {}: revision {}, {} KiB{}.", text_of(state, "file"),
                     part_of(state, "revision").dump(), kib, to.empty() ? "" : ", sent to " + to);
}

std::string way_back(const json& state) {
  const std::string path = text_of(state, "path");
  if (path.empty()) return {};
  return fmt::format("It is {}; to have it back: request restore {}", path, text_of(state, "file"));
}

std::string restore_sentence(const json& restored) {
  const json made_at = part_of(restored, "made_at");
  const std::string unit = text_of(restored, "unit");
  std::string what = "revision " + part_of(restored, "revision").dump();
  if (!unit.empty()) what += " of " + unit;
  if (made_at.is_number_integer()) what += ", backed up " + time_text(made_at.get<std::int64_t>());
  return fmt::format("The candidate is {}: commit it, or discard it.", what);
}

}  // namespace yoke::cli
