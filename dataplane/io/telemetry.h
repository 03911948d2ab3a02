// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace yoke::io {

class PacketEngine;

// Makes our counters answer beside DPDK's own, as dpdk-telemetry.py asks for them:
//   /yoke/workers  per worker: rx, taken_over, tx, replied, punted, handed_over, dropped
//   /yoke/drops    of all workers together, by reason
//   /yoke/ports    per port: what went to and came from its kernel twin
// Threads: main.
void register_telemetry();

// Which engine answers; null: none, every answer is empty. Returns when no answer is under way.
void set_telemetry_source(const PacketEngine* engine);

}  // namespace yoke::io
