// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/machine_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <string_view>
#include <system_error>

#include "hal/base/file_descriptor.h"
#include "hal/base/number.h"

namespace yoke::hal {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kValueMost = 4096;  // a page, as of the kernel's attributes
constexpr unsigned kCoreMost = 4095;

}  // namespace

std::optional<std::string> read_value(const fs::path& path) {
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fd) return std::nullopt;
  std::array<char, kValueMost> bytes{};
  const ssize_t size = ::read(fd.get(), bytes.data(), bytes.size());
  if (size < 0) return std::nullopt;
  std::string text(bytes.data(), static_cast<std::size_t>(size));
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  return text;
}

std::optional<std::int64_t> read_integer(const fs::path& path) {
  const auto text = read_value(path);
  if (!text) return std::nullopt;
  std::int64_t number = 0;
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

int write_value(const fs::path& path, const std::string& value) {
  const FileDescriptor fd(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_TRUNC));
  if (!fd) return errno;
  const ssize_t written = ::write(fd.get(), value.data(), value.size());
  if (written < 0) return errno;
  return static_cast<std::size_t>(written) == value.size() ? 0 : EIO;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    names.push_back(at->path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

std::string link_name(const fs::path& link) {
  std::error_code none;
  return fs::read_symlink(link, none).filename().string();
}

std::vector<unsigned> cores_of(const std::string& text) {
  std::vector<unsigned> cores;
  for (std::string_view rest = text; !rest.empty();) {
    const auto comma = std::min(rest.find(','), rest.size());
    const std::string_view part = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    const auto dash = part.find('-');
    const auto first = parse_decimal(part.substr(0, dash));
    const auto last = dash == part.npos ? first : parse_decimal(part.substr(dash + 1));
    if (!first || !last || *last > kCoreMost || *first > *last) return {};
    for (auto core = *first; core <= *last; ++core) cores.push_back(static_cast<unsigned>(core));
  }
  return cores;
}

}  // namespace yoke::hal
