// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace yoke {

// Lays below `root` the files of a machine that somebody has written down, a line each:
// "sys/a/b = its value", "sys/a/c -> where/it/points", "sys/a/d/" for a folder; "#" begins a
// comment. False: a line is none of these, or could not be made.
inline bool lay_tree(const std::filesystem::path& written, const std::filesystem::path& root) {
  std::ifstream file(written);
  bool is_good = file.good();
  for (std::string line; is_good && std::getline(file, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::error_code error;
    const auto value = line.find(" = "), link = line.find(" -> ");
    const auto path = root / line.substr(0, std::min(value, link));
    if (value == line.npos && link == line.npos) {
      std::filesystem::create_directories(path, error);
      is_good = line.back() == '/' && !error;
      continue;
    }
    std::filesystem::create_directories(path.parent_path(), error);
    if (value != line.npos) {
      std::ofstream to(path);
      to << line.substr(value + 3) << '\n';
      is_good = to.good();
    } else {
      std::filesystem::create_symlink(line.substr(link + 4), path, error);
      is_good = !error;
    }
  }
  return is_good;
}

}  // namespace yoke
