// SPDX-License-Identifier: Apache-2.0
#include "mgmt/backup/folder.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <set>

#include "hal/base/file_descriptor.h"
#include "hal/base/number.h"
#include "mgmt/store/errors.h"

namespace yoke::backup {
namespace {

namespace fs = std::filesystem;
using std::chrono::system_clock;

constexpr std::string_view kSuffix = ".backup";
constexpr std::string_view kNote = ".note";
constexpr const char* kNames = "/names";
// Behind a backup's name, while it is being made or noted.
constexpr std::string_view kUnfinished[] = {".new", ".copy", ".note.new"};
constexpr std::string_view kScheduled = "scheduled";
constexpr std::string_view kSentTo = "sent ";
constexpr mode_t kOwnerOnly = 0600;

// What is safe in a file's name, and in a URL.
std::string as_file_name(std::string text) {
  std::ranges::replace_if(
      text, [](unsigned char c) { return std::isalnum(c) == 0 && c != '-' && c != '_'; }, '_');
  return text;
}

std::string time_text(system_clock::time_point time) {
  return fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(system_clock::to_time_t(time)));
}

std::optional<system_clock::time_point> time_of(const std::string& text) {
  std::tm parts{};
  const char* const end = ::strptime(text.c_str(), "%Y%m%dT%H%M%SZ", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return system_clock::from_time_t(::timegm(&parts));
}

// UNIT-NUMBER-TIME.backup
std::optional<Kept> read_name(const std::string& name, const std::string& unit) {
  if (!name.ends_with(kSuffix) || !name.starts_with(unit + "-")) return std::nullopt;
  const std::string stem =
      name.substr(unit.size() + 1, name.size() - unit.size() - 1 - kSuffix.size());
  const auto end = stem.find('-');
  if (end == std::string::npos) return std::nullopt;
  const auto digits = std::string_view(stem).substr(0, end);
  const auto significant = digits.find_first_not_of('0');
  const auto number = significant == std::string_view::npos
                          ? std::nullopt
                          : parse_decimal(digits.substr(significant));
  const auto made_at = time_of(stem.substr(end + 1));
  if (!number || !made_at) return std::nullopt;
  return Kept{name, *number, 0, *made_at};
}

std::optional<Kept> read_name(const std::string& name, const std::vector<std::string>& units) {
  for (const std::string& unit : units) {
    if (auto kept = read_name(name, unit)) return kept;
  }
  return std::nullopt;
}

// Calls `look` with each entry; a folder that is not there has none.
void for_each_entry(const std::string& path,
                    const std::function<void(const fs::directory_entry&)>& look) {
  std::error_code error;
  fs::directory_iterator entry(path, error);
  while (!error && entry != fs::directory_iterator()) {
    look(*entry);
    entry.increment(error);
  }
}

tl::unexpected<Error> failed(const std::string& file, std::string_view what) {
  const int error = errno;
  return fail(
      Errc::kFailed, error == ENOSPC ? store::kDiskFull : store::kDiskFailed,
      fmt::format("{}: cannot be {}: {}; look at the disk", file, what, std::strerror(error)));
}

Status unlink_if_there(const std::string& file) {
  if (::unlink(file.c_str()) == 0 || errno == ENOENT) return {};
  return failed(file, "removed");
}

}  // namespace

struct Folder::Note {
  bool scheduled = false;
  std::set<std::string> sent;  // URLs
};

Folder::Folder(std::string path, const std::string& unit)
    : path_(std::move(path)), given_(as_file_name(unit)), unit_(given_) {}

void Folder::rename_unit(const std::string& unit) { unit_ = as_file_name(unit); }

std::vector<std::string> Folder::names() const {
  std::vector<std::string> names{unit_, given_};
  std::ifstream noted(path_ + kNames);
  for (std::string name; std::getline(noted, name);) names.push_back(name);
  return names;
}

// The one given at the start is known by itself; it is noted beside the first that is another.
Status Folder::note_name() const {
  if (unit_ == given_) return {};
  const std::string file = path_ + kNames;
  std::set<std::string> noted;
  std::ifstream from(file);
  for (std::string name; std::getline(from, name);) noted.insert(name);
  if (noted.contains(given_) && noted.contains(unit_)) return {};
  std::ofstream to(file, std::ios::app);
  for (const std::string& name : {given_, unit_}) {
    if (!noted.contains(name)) to << name << '\n';
  }
  to.flush();
  return to ? Status() : failed(file, "written");
}

std::vector<Kept> Folder::named(std::string_view suffix) const {
  const auto names = this->names();
  std::vector<Kept> found;
  for_each_entry(path_, [&](const fs::directory_entry& entry) {
    std::string name = entry.path().filename().string();
    if (!name.ends_with(suffix)) return;
    name.resize(name.size() - suffix.size());
    auto kept = read_name(name, names);
    std::error_code gone;
    if (!kept || !entry.is_regular_file(gone)) return;
    kept->bytes = entry.file_size(gone);
    if (!gone) found.push_back(std::move(*kept));
  });
  std::ranges::sort(found, std::ranges::greater{}, &Kept::number);
  return found;
}

std::vector<Kept> Folder::kept() const { return named(""); }

Result<std::string> Folder::next_name(system_clock::time_point now) const {
  std::error_code error;
  fs::create_directories(path_, error);
  if (!error) fs::permissions(path_, fs::perms::owner_all, error);
  if (error) {
    return fail(Errc::kFailed, store::kDiskFailed,
                path_ + ": cannot be made: " + error.message() + "; look at the disk");
  }
  if (auto noted = note_name(); !noted) return tl::unexpected<Error>(noted.error());
  std::uint64_t newest = 0;
  for (const std::string_view suffix : {std::string_view(), kNote}) {
    const auto all = named(suffix);
    if (!all.empty()) newest = std::max(newest, all.front().number);
  }
  return fmt::format("{}-{:06}-{}{}", unit_, newest + 1, time_text(now), kSuffix);
}

Status Folder::remove(const std::string& name, const std::string& to) const {
  if (auto removed = unlink_if_there(path_of(name)); !removed) return removed;
  if (is_sent(name, to)) return {};
  return unlink_if_there(path_of(name) + std::string(kNote));
}

Status Folder::forget_others(const std::string& to) const {
  for (const Kept& noted : named(kNote)) {
    if (::access(path_of(noted.name).c_str(), F_OK) == 0 || is_sent(noted.name, to)) continue;
    if (auto removed = unlink_if_there(path_of(noted.name) + std::string(kNote)); !removed) {
      return removed;
    }
  }
  return {};
}

Status Folder::remove_unfinished() const {
  std::vector<std::string> found;
  const auto names = this->names();
  for_each_entry(path_, [&](const fs::directory_entry& entry) {
    const std::string name = entry.path().filename().string();
    for (const std::string_view suffix : kUnfinished) {
      // SQLite's own files have a suffix more: .copy-journal
      const auto end = name.rfind(suffix);
      if (end != std::string::npos && read_name(name.substr(0, end), names)) found.push_back(name);
    }
  });
  for (const std::string& name : found) {
    if (auto removed = unlink_if_there(path_of(name)); !removed) return removed;
  }
  return {};
}

Folder::Note Folder::read_note(const std::string& name) const {
  Note note;
  std::ifstream in(path_of(name) + std::string(kNote));
  for (std::string line; std::getline(in, line);) {
    if (line == kScheduled) note.scheduled = true;
    if (line.starts_with(kSentTo)) note.sent.insert(line.substr(kSentTo.size()));
  }
  return note;
}

// The old one or the new one, also after a power cut.
Status Folder::write_note(const std::string& name, const Note& note) const {
  const std::string file = path_of(name) + std::string(kNote);
  const std::string unfinished = file + ".new";
  std::string text = note.scheduled ? fmt::format("{}\n", kScheduled) : "";
  for (const std::string& url : note.sent) text += fmt::format("{}{}\n", kSentTo, url);
  const FileDescriptor fd(
      ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kOwnerOnly));
  errno = fd ? ENOSPC : errno;  // of a write that is cut short
  if (!fd || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::fsync(fd.get()) != 0 || std::rename(unfinished.c_str(), file.c_str()) != 0) {
    return failed(file, "written");
  }
  return {};
}

Status Folder::note_scheduled(const std::string& name) const {
  Note note = read_note(name);
  note.scheduled = true;
  return write_note(name, note);
}

bool Folder::is_scheduled(const std::string& name) const { return read_note(name).scheduled; }

Status Folder::note_sent(const std::string& name, const std::string& url) const {
  Note note = read_note(name);
  note.sent.insert(url);
  return write_note(name, note);
}

bool Folder::is_sent(const std::string& name) const { return !read_note(name).sent.empty(); }

bool Folder::is_sent(const std::string& name, const std::string& url) const {
  return read_note(name).sent.contains(url);
}

Status Folder::note_removed(const std::string& name, const std::string& url) const {
  Note note = read_note(name);
  note.sent.erase(url);
  if (!note.sent.empty() || ::access(path_of(name).c_str(), F_OK) == 0) {
    return write_note(name, note);
  }
  return unlink_if_there(path_of(name) + std::string(kNote));
}

std::vector<std::string> Folder::sent_to(const std::string& url) const {
  std::vector<std::string> names;
  for (const Kept& noted : named(kNote)) {
    if (is_sent(noted.name, url)) names.push_back(noted.name);
  }
  return names;
}

}  // namespace yoke::backup
