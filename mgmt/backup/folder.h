// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hal/base/result.h"

namespace yoke::backup {

// A backup that is kept: "lb-a-000017-20261121T160400Z.backup".
struct Kept {
  std::string name;
  std::uint64_t number = 0;
  std::uint64_t bytes = 0;
  std::chrono::system_clock::time_point made_at;
};

// The backups of one unit in a folder, and a note beside each ("....backup.note") of what made it
// and where it has been sent. A note outlives its file for as long as a copy elsewhere is to be
// removed some day. Backups are told apart by their numbers, which rise whatever the clock says. A
// unit may be renamed: names it has made backups under are noted in the file `names`, and those are
// its own still. Files of other names are nobody's business. Threads: owned by one.
class Folder {
 public:
  Folder(std::string path, const std::string& unit);
  // What backups are called by from now on.
  void rename_unit(const std::string& unit);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::string path_of(const std::string& name) const { return path_ + "/" + name; }
  // By number, the newest first.
  [[nodiscard]] std::vector<Kept> kept() const;
  // What the next one is called; the folder is made where it is not there, and the name noted.
  [[nodiscard]] Result<std::string> next_name(std::chrono::system_clock::time_point now) const;
  // The file, and its note unless it has been sent to `to`.
  [[nodiscard]] Status remove(const std::string& name, const std::string& to) const;
  // Notes of what is not kept any more, and was not sent to `to` either.
  [[nodiscard]] Status forget_others(const std::string& to) const;
  // What a process that ended while it wrote has left.
  [[nodiscard]] Status remove_unfinished() const;

  // Notes, which outlive the process. Places are told apart by their URL.
  [[nodiscard]] Status note_scheduled(const std::string& name) const;
  [[nodiscard]] bool is_scheduled(const std::string& name) const;
  [[nodiscard]] Status note_sent(const std::string& name, const std::string& url) const;
  [[nodiscard]] bool is_sent(const std::string& name) const;  // anywhere
  [[nodiscard]] bool is_sent(const std::string& name, const std::string& url) const;
  // It is there no more.
  [[nodiscard]] Status note_removed(const std::string& name, const std::string& url) const;
  // What has been sent there, also what is not kept here any more; the newest first.
  [[nodiscard]] std::vector<std::string> sent_to(const std::string& url) const;

 private:
  struct Note;
  // What is there under such a name and this suffix.
  [[nodiscard]] std::vector<Kept> named(std::string_view suffix) const;
  [[nodiscard]] Note read_note(const std::string& name) const;
  [[nodiscard]] Status write_note(const std::string& name, const Note& note) const;

  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] Status note_name() const;

  std::string path_;
  std::string given_;  // at the start, and now
  std::string unit_;
};

}  // namespace yoke::backup
