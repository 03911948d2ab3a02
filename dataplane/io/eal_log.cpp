// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/eal_log.h"

#include <bpf/libbpf.h>
#include <rte_log.h>
#include <xdp/libxdp.h>

#include <cstdarg>
#include <utility>

#include "hal/base/log.h"

namespace yoke::io {
namespace {

constexpr std::size_t kComplaintBytes = 400;

// Said at every start where there is nothing wrong.
bool is_chatter(std::string_view line) {
  return line.find("legacy socket not created") != std::string_view::npos ||
         line.find("no mounted hugetlbfs found") != std::string_view::npos ||
         line.find("hugepages reported on node") != std::string_view::npos;
}

log::Level level_of(int dpdk_level) {
  if (dpdk_level <= static_cast<int>(RTE_LOG_ERR)) return log::Level::kError;
  if (dpdk_level == static_cast<int>(RTE_LOG_WARNING)) return log::Level::kWarning;
  return log::Level::kNotice;
}

// By DPDK's log to the stream below.
int pass_on(const char* format, va_list values) {
  return rte_vlog(RTE_LOG_WARNING, RTE_LOGTYPE_EAL, format, values);
}

}  // namespace

EalLog::EalLog() {
  cookie_io_functions_t functions{};
  functions.write = &EalLog::write;
  stream_ = ::fopencookie(this, "w", functions);
  rte_log_set_global_level(RTE_LOG_NOTICE);
  if (stream_ != nullptr) rte_openlog_stream(stream_);
  // These two would print to the terminal. The first knows what the kernel had against a program.
  libbpf_set_print([](libbpf_print_level level, const char* format, va_list values) {
    return level == LIBBPF_WARN ? pass_on(format, values) : 0;
  });
  libxdp_set_print(nullptr);
}

EalLog::~EalLog() {
  rte_openlog_stream(nullptr);
  if (stream_ != nullptr) std::fclose(stream_);
}

void EalLog::set_quiet(bool quiet) {
  const std::lock_guard lock(mutex_);
  quiet_ = quiet;
  complaint_.clear();
}

std::string EalLog::take_complaint() {
  const std::lock_guard lock(mutex_);
  return std::exchange(complaint_, {});
}

ssize_t EalLog::write(void* self, const char* bytes, std::size_t length) {
  auto& log = *static_cast<EalLog*>(self);
  const std::lock_guard lock(log.mutex_);
  log.partial_.append(bytes, length);
  for (auto end = log.partial_.find('\n'); end != std::string::npos;
       end = log.partial_.find('\n')) {
    log.take_line(std::string_view(log.partial_).substr(0, end));
    log.partial_.erase(0, end + 1);
  }
  return static_cast<ssize_t>(length);
}

void EalLog::take_line(std::string_view line) {
  if (line.empty() || is_chatter(line)) return;
  const auto level = level_of(rte_log_cur_msg_loglevel());
  if (level <= log::Level::kWarning && complaint_.size() + line.size() < kComplaintBytes) {
    if (!complaint_.empty()) complaint_ += "; ";
    complaint_ += line;
  }
  if (!quiet_ || level > log::Level::kWarning) log::write(level, "dpdk", line);
}

}  // namespace yoke::io
