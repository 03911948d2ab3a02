// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/telemetry.h"

#include <rte_telemetry.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <string>

#include "dataplane/io/packet_engine.h"
#include "dataplane/net/drop.h"

namespace yoke::io {
namespace {

// DPDK calls back with the question and nothing else, so who answers has to be known here. It is as
// much one a process as DPDK is.
struct Source {
  std::mutex mutex;
  const PacketEngine* engine = nullptr;
};

Source& source() {
  static Source only;
  return only;
}

std::uint64_t drops_of(const lb::WorkerCounters& counters) {
  std::uint64_t sum = 0;
  for (const auto& drop : counters.drops) sum += drop.value();
  return sum;
}

void add_worker(rte_tel_data* answer, std::size_t id, const lb::WorkerCounters& counters) {
  rte_tel_data* worker = rte_tel_data_alloc();
  if (worker == nullptr) return;
  rte_tel_data_start_dict(worker);
  const std::array<std::pair<const char*, std::uint64_t>, 7> values{{
      {"rx", counters.rx.value()},
      {"taken_over", counters.taken_over.value()},
      {"tx", counters.tx.value()},
      {"replied", counters.replied.value()},
      {"punted", counters.punted.value()},
      {"handed_over", counters.handed_over.value()},
      {"dropped", drops_of(counters)},
  }};
  for (const auto& [name, value] : values) rte_tel_data_add_dict_u64(worker, name, value);
  rte_tel_data_add_dict_container(answer, std::to_string(id).c_str(), worker, 0);
}

int answer_workers(const char*, const char*, rte_tel_data* answer) {
  rte_tel_data_start_dict(answer);
  const std::lock_guard lock(source().mutex);
  if (source().engine == nullptr) return 0;
  const auto workers = source().engine->worker_counters();
  for (std::size_t id = 0; id < workers.size(); ++id) add_worker(answer, id, *workers[id]);
  return 0;
}

int answer_drops(const char*, const char*, rte_tel_data* answer) {
  rte_tel_data_start_dict(answer);
  const std::lock_guard lock(source().mutex);
  if (source().engine == nullptr) return 0;
  for (std::size_t reason = 0; reason < net::kDropCount; ++reason) {
    std::uint64_t sum = 0;
    for (const auto* worker : source().engine->worker_counters()) {
      sum += worker->drops[reason].value();
    }
    std::string name(net::kDropNames[reason]);
    std::ranges::replace(name, '-', '_');  // a name with a dash would be refused
    rte_tel_data_add_dict_u64(answer, name.c_str(), sum);
  }
  return 0;
}

void add_port(rte_tel_data* answer, const TwinReport& report) {
  rte_tel_data* port = rte_tel_data_alloc();
  if (port == nullptr) return;
  rte_tel_data_start_dict(port);
  const std::array<std::pair<const char*, std::uint64_t>, 7> values{{
      {"punt_delivered", report.delivered},
      {"punt_refused", report.refused},
      {"kernel_read", report.read},
      {"kernel_overrun", report.overrun},
      {"kernel_tx", report.sent},
      {"kernel_tx_full", report.unsent},
      {"kernel_no_lease", report.unserved},
  }};
  for (const auto& [name, value] : values) rte_tel_data_add_dict_u64(port, name, value);
  rte_tel_data_add_dict_container(answer, report.port.c_str(), port, 0);
}

int answer_ports(const char*, const char*, rte_tel_data* answer) {
  rte_tel_data_start_dict(answer);
  const std::lock_guard lock(source().mutex);
  if (source().engine == nullptr) return 0;
  for (const TwinReport& report : source().engine->twin_reports()) add_port(answer, report);
  return 0;
}

}  // namespace

void register_telemetry() {
  rte_telemetry_register_cmd("/yoke/workers", answer_workers, "Frames by worker. No parameters");
  rte_telemetry_register_cmd("/yoke/drops", answer_drops, "Drops by reason. No parameters");
  rte_telemetry_register_cmd("/yoke/ports", answer_ports,
                             "Frames to and from the kernel by port. No parameters");
}

void set_telemetry_source(const PacketEngine* engine) {
  const std::lock_guard lock(source().mutex);
  source().engine = engine;
}

}  // namespace yoke::io
