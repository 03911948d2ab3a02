// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "hal/base/result.h"

// DPDK's environment: memory, threads, devices. There can be one a process, once.
namespace yoke::io {

enum class HugePages : std::uint8_t {
  kAuto,  // where enough of them are free
  kYes,   // or an error
  kNo,    // ordinary memory: slower, and no NIC can reach it
};

struct EalConfig {
  HugePages huge_pages = HugePages::kAuto;
  unsigned memory_mib = 128;
  std::string file_prefix = "yoke";
  std::string runtime_directory;  // telemetry: <this>/dpdk/<file_prefix>/; empty: DPDK's choice
  std::vector<unsigned> worker_cores;  // which every other thread stays off, where there are others
  std::vector<std::string> pci_addresses;  // the NICs to take; none: PCI is left alone
};

class EalLog;

// Threads: started, used and destroyed by the main thread, before any other and after all others.
class Eal {
 public:
  // E-320, E-321, E-326, E-329. Nothing is printed; what DPDK has to say of weight goes to the log.
  [[nodiscard]] static Result<std::unique_ptr<Eal>> start(const EalConfig& config);
  Eal(const Eal&) = delete;
  Eal& operator=(const Eal&) = delete;
  ~Eal();

  [[nodiscard]] bool has_huge_pages() const noexcept { return has_huge_pages_; }
  // Where dpdk-telemetry.py finds it: RUNTIME_DIRECTORY=... dpdk-telemetry.py -f PREFIX. Empty:
  // off.
  [[nodiscard]] const std::string& telemetry_socket() const noexcept { return telemetry_socket_; }
  // While quiet, DPDK's complaints are kept and not logged: an error that tells them follows. An
  // Eal starts quiet.
  void set_quiet(bool quiet);
  // What DPDK complained about since the last call, in one line.
  [[nodiscard]] std::string take_complaint();

 private:
  Eal(std::unique_ptr<EalLog> log, bool has_huge_pages);

  std::unique_ptr<EalLog> log_;
  bool has_huge_pages_;
  std::string telemetry_socket_;
};

// The cores that this process may use, ascending.
[[nodiscard]] std::vector<unsigned> usable_cores();

}  // namespace yoke::io
