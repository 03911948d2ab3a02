// SPDX-License-Identifier: Apache-2.0
#include "mgmt/backup/folder.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <optional>

#include "hal/base/file_descriptor.h"
#include "hal/base/number.h"
#include "mgmt/store/errors.h"

namespace yoke::backup {
namespace {

namespace fs = std::filesystem;
using std::chrono::system_clock;

constexpr std::string_view kSuffix = ".backup";
constexpr std::string_view kSent = ".sent";
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
std::optional<Kept> read_name(const std::string& name) {
  if (!name.ends_with(kSuffix)) return std::nullopt;
  const std::string stem = name.substr(0, name.size() - kSuffix.size());
  const auto second = stem.rfind('-');
  const auto first =
      second == std::string::npos || second == 0 ? std::string::npos : stem.rfind('-', second - 1);
  if (first == std::string::npos) return std::nullopt;
  const auto digits = std::string_view(stem).substr(first + 1, second - first - 1);
  const auto significant = digits.find_first_not_of('0');
  const auto number = significant == std::string_view::npos
                          ? std::nullopt
                          : parse_decimal(digits.substr(significant));
  const auto made_at = time_of(stem.substr(second + 1));
  if (!number || !made_at) return std::nullopt;
  return Kept{name, *number, 0, *made_at};
}

}  // namespace

Folder::Folder(std::string path, std::string unit)
    : path_(std::move(path)), unit_(as_file_name(std::move(unit))) {}

std::vector<Kept> Folder::kept() const {
  std::vector<Kept> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path_, error)) {
    auto kept = read_name(entry.path().filename().string());
    if (!kept) continue;
    std::error_code gone;
    kept->bytes = entry.file_size(gone);
    if (!gone) found.push_back(std::move(*kept));
  }
  std::ranges::sort(found, std::ranges::greater{}, &Kept::number);
  return found;
}

Result<std::string> Folder::next_name(system_clock::time_point now) const {
  std::error_code error;
  fs::create_directories(path_, error);
  if (!error) fs::permissions(path_, fs::perms::owner_all, error);
  if (error) {
    return fail(Errc::kFailed, store::kDiskFailed,
                path_ + ": cannot be made: " + error.message() + "; look at the disk");
  }
  const auto all = kept();
  const std::uint64_t number = all.empty() ? 1 : all.front().number + 1;
  return fmt::format("{}-{:06}-{}{}", unit_, number, time_text(now), kSuffix);
}

void Folder::remove(const std::string& name) const {
  for (const std::string& gone : {path_of(name), path_of(name) + std::string(kSent)}) {
    (void)::unlink(gone.c_str());
  }
}

bool Folder::is_sent(const std::string& name) const {
  return ::access((path_of(name) + std::string(kSent)).c_str(), F_OK) == 0;
}

void Folder::note_sent(const std::string& name) const {
  const FileDescriptor note(::open((path_of(name) + std::string(kSent)).c_str(),
                                   O_WRONLY | O_CREAT | O_CLOEXEC, kOwnerOnly));
}

}  // namespace yoke::backup
