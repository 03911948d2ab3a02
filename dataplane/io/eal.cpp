// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/eal.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "dataplane/io/eal_log.h"
#include "dataplane/io/errors.h"
#include "dataplane/io/huge_pages.h"
#include "dataplane/io/telemetry.h"
#include "hal/base/log.h"

namespace yoke::io {
namespace {

constexpr const char* kRuntimeVariable = "RUNTIME_DIRECTORY";

Result<bool> decide_huge_pages(const EalConfig& config) {
  if (config.huge_pages == HugePages::kNo) return false;
  const auto free = count_free_huge_pages();
  if (free.free_mib >= config.memory_mib) return true;
  if (config.huge_pages == HugePages::kAuto) {
    log::notice("huge-pages-missing", "only " + std::to_string(free.free_mib) +
                                          " MiB of huge pages are free, memory_mib is " +
                                          std::to_string(config.memory_mib) +
                                          ": running on ordinary memory, slower");
    return false;
  }
  return fail(Errc::kFailed, error::kMemory,
              "huge_pages = yes and memory_mib = " + std::to_string(config.memory_mib) +
                  ", but only " + std::to_string(free.free_mib) +
                  " MiB of huge pages are free: reserve more (sysctl vm.nr_hugepages) or set "
                  "huge_pages = auto");
}

// "0@(0,2,3)": the main thread, and DPDK's own, may run on every core that is no worker's.
std::string main_cores(const EalConfig& config) {
  const auto usable = usable_cores();
  std::vector<unsigned> others;
  std::ranges::copy_if(usable, std::back_inserter(others), [&](unsigned core) {
    return std::ranges::find(config.worker_cores, core) == config.worker_cores.end();
  });
  std::string list;
  for (const unsigned core : others.empty() ? usable : others) {
    list += (list.empty() ? "" : ",") + std::to_string(core);
  }
  return "0@(" + list + ")";
}

Status check_cores(const EalConfig& config) {
  const auto usable = usable_cores();
  for (const unsigned core : config.worker_cores) {
    if (std::ranges::find(usable, core) != usable.end()) continue;
    std::string list;
    for (const unsigned other : usable) list += " " + std::to_string(other);
    return fail(
        Errc::kInvalid, error::kCores,
        "core " + std::to_string(core) + " is not there for this process; it may use" + list);
  }
  return {};
}

// DPDK derives its directory from the environment alone, so it is set for as long as that takes.
class RuntimeDirectory {
 public:
  explicit RuntimeDirectory(const std::string& directory) : set_(!directory.empty()) {
    if (!set_) return;
    if (const char* before = std::getenv(kRuntimeVariable)) before_ = before;
    ::setenv(kRuntimeVariable, directory.c_str(), 1);
  }
  RuntimeDirectory(const RuntimeDirectory&) = delete;
  RuntimeDirectory& operator=(const RuntimeDirectory&) = delete;
  ~RuntimeDirectory() {
    if (!set_) return;
    if (before_.empty()) {
      ::unsetenv(kRuntimeVariable);
    } else {
      ::setenv(kRuntimeVariable, before_.c_str(), 1);
    }
  }

 private:
  bool set_;
  std::string before_;
};

std::string telemetry_path(const EalConfig& config) {
  return config.runtime_directory + "/dpdk/" + config.file_prefix + "/dpdk_telemetry.v2";
}

bool fits_socket(const std::string& path) { return path.size() < sizeof(sockaddr_un::sun_path); }

std::vector<std::string> arguments(const EalConfig& config, bool huge_pages) {
  std::vector<std::string> list{"yoke-dataplane",
                                "--iova-mode=va",
                                "-m",
                                std::to_string(config.memory_mib),
                                "--file-prefix=" + config.file_prefix,
                                "--lcores=" + main_cores(config)};
  if (huge_pages) {
    list.emplace_back("--in-memory");  // nothing to clean up, whatever end this process comes to
  } else {
    list.insert(list.end(), {"--no-huge", "--no-shconf"});  // which refuses --in-memory
  }
  if (config.pci_addresses.empty()) list.emplace_back("--no-pci");
  for (const auto& address : config.pci_addresses) list.insert(list.end(), {"-a", address});
  if (!fits_socket(telemetry_path(config))) list.emplace_back("--no-telemetry");
  return list;
}

tl::unexpected<Error> start_error(int code, const std::string& complaint) {
  const std::string told = complaint.empty() ? rte_strerror(code) : complaint;
  if (code == EACCES || code == EPERM) {
    return fail(Errc::kDenied, error::kPermission,
                "DPDK may not start: run as root (" + told + ")");
  }
  if (code == ENOMEM) return fail(Errc::kFailed, error::kMemory, "too little memory: " + told);
  return fail(Errc::kFailed, error::kEal, "DPDK did not start: " + told);
}

}  // namespace

std::vector<unsigned> usable_cores() {
  std::vector<unsigned> cores;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(::getpid(), sizeof set, &set) != 0) return cores;
  for (unsigned core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &set)) cores.push_back(core);
  }
  return cores;
}

Result<std::unique_ptr<Eal>> Eal::start(const EalConfig& config) {
  if (auto fine = check_cores(config); !fine) return tl::unexpected(fine.error());
  const auto huge_pages = decide_huge_pages(config);
  if (!huge_pages) return tl::unexpected(huge_pages.error());
  if (*rte_eal_get_runtime_dir() != '\0') {
    return fail(Errc::kFailed, error::kEal, "DPDK runs, or ran, in this process: it starts once");
  }

  // AF_XDP locks its buffers in memory; without this, only a privileged process could.
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  (void)::setrlimit(RLIMIT_MEMLOCK, &unlimited);

  auto eal_log = std::make_unique<EalLog>();
  auto words = arguments(config, *huge_pages);
  std::vector<char*> argv;
  std::ranges::transform(words, std::back_inserter(argv), [](std::string& w) { return w.data(); });
  const RuntimeDirectory directory(config.runtime_directory);
  if (rte_eal_init(static_cast<int>(argv.size()), argv.data()) < 0) {
    return start_error(rte_errno, eal_log->take_complaint());
  }
  (void)eal_log->take_complaint();
  std::unique_ptr<Eal> eal(new Eal(std::move(eal_log), *huge_pages));
  if (fits_socket(telemetry_path(config))) {
    eal->telemetry_socket_ = std::string(rte_eal_get_runtime_dir()) + "/dpdk_telemetry.v2";
    register_telemetry();
  } else {
    log::warning("telemetry-off",
                 "the path of DPDK's telemetry socket is too long: " + telemetry_path(config));
  }
  return eal;
}

Eal::Eal(std::unique_ptr<EalLog> log, bool has_huge_pages)
    : log_(std::move(log)), has_huge_pages_(has_huge_pages) {}

Eal::~Eal() {
  for (std::uint16_t id = 0; id < RTE_MAX_ETHPORTS; ++id) {
    if (rte_eth_dev_is_valid_port(id) == 0) continue;
    rte_eth_dev_stop(id);
    rte_eth_dev_close(id);
  }
  rte_eal_cleanup();
}

void Eal::set_quiet(bool quiet) { log_->set_quiet(quiet); }

std::string Eal::take_complaint() { return log_->take_complaint(); }

}  // namespace yoke::io
