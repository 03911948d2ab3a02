// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <mutex>
#include <string>
#include <string_view>

// What DPDK writes to its log stream, line by line: to our log, and kept for error messages.
namespace yoke::io {

// Threads: any; DPDK writes from several.
class EalLog {
 public:
  EalLog();
  EalLog(const EalLog&) = delete;
  EalLog& operator=(const EalLog&) = delete;
  ~EalLog();

  // While set, as at first, errors and warnings are kept but not logged.
  void set_quiet(bool quiet);
  // The errors and warnings since the last call, in one line.
  [[nodiscard]] std::string take_complaint();

 private:
  static ssize_t write(void* self, const char* bytes, std::size_t length);
  void take_line(std::string_view line);

  std::mutex mutex_;
  std::string partial_;
  std::string complaint_;
  bool quiet_ = true;
  FILE* stream_ = nullptr;
};

}  // namespace yoke::io
