// SPDX-License-Identifier: Apache-2.0
#include "hal/base/log.h"

#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

// Journal fields name our own event, not a line of this file.
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace yoke::log {
namespace {

// systemd sets JOURNAL_STREAM to "device:inode" of the stream it connected; a terminal that
// inherited the variable has another one (systemd.exec(5)).
bool stderr_is_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat st {};
  if (stream == nullptr || ::fstat(STDERR_FILENO, &st) != 0) return false;
  return std::to_string(st.st_dev) + ":" + std::to_string(st.st_ino) == stream;
}

void to_journal(const Entry& entry) {
  std::vector<std::string> lines;
  lines.reserve(entry.fields.size() + 4);
  lines.push_back("PRIORITY=" + std::to_string(static_cast<int>(entry.level)));
  lines.push_back("MESSAGE=" + std::string(entry.text));
  lines.push_back("YOKE_EVENT=" + std::string(entry.event));
  if (!entry.message_id.empty()) lines.push_back("MESSAGE_ID=" + std::string(entry.message_id));
  for (const auto& [name, value] : entry.fields) {
    lines.push_back("YOKE_" + std::string(name) + "=" + value);
  }
  std::vector<iovec> parts;
  parts.reserve(lines.size());
  for (auto& line : lines) parts.push_back({line.data(), line.size()});
  (void)sd_journal_sendv(parts.data(), static_cast<int>(parts.size()));
}

void to_stderr(const Entry& entry) {
  constexpr std::array<const char*, 8> kNames{"",        "",       "",     "error",
                                              "warning", "notice", "info", "debug"};
  std::string line = std::string(kNames.at(static_cast<std::size_t>(entry.level))) + " " +
                     std::string(entry.event) + ": " + std::string(entry.text);
  for (const auto& [name, value] : entry.fields) line += " " + std::string(name) + "=" + value;
  line += '\n';
  (void)std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace

void write(const Entry& entry) {
  if (stderr_is_journal()) {
    to_journal(entry);
  } else {
    to_stderr(entry);
  }
}

}  // namespace yoke::log
