// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/lb/flow_table.h"
#include "dataplane/lb/snapshot.h"

namespace yoke::lb {

// Its service, which is there, has lists that refuse its client, or the SNAT address that it leaves
// from has come to another group, whose lease may be another unit's. Groups that stand may share
// one; and one that nobody has is nobody else's: a change that is taken back brings it back.
[[nodiscard]] bool is_barred(const Flow& flow, const Snapshot& snapshot) noexcept;

// What a flow that lives under one snapshot would lose its life to under another.
enum class Loss : std::uint8_t {
  kNone,
  kService,  // is gone, refuses its client, has no patience with it or its SNAT address any more
  kServer,   // is gone
};
[[nodiscard]] Loss loss_under(const Flow& flow, const Snapshot& running, const Snapshot& next,
                              Tick now) noexcept;

// What would become of the flows of all workers under a snapshot that is not published: it comes
// along with the one that runs (Snapshot::trial), each worker looks at its own flows, a few a
// round, and whoever published it reads what they found. Nothing happens to any flow.
//
// Counted are flows that are open (is_over() in flow_timeout.h tells), each once, as they are when
// the worker comes to them. Threads: made and read by control; go_on() by each worker for itself.
class Trial {
 public:
  // By slots of what runs.
  struct Counts {
    std::vector<std::uint64_t> service_losses;  // Loss::kService
    std::vector<std::uint64_t> server_losses;   // Loss::kServer
    std::vector<std::uint64_t> kept;            // Loss::kNone, by server
  };

  // `next` has the slots of what runs, wherever a record is in both.
  Trial(std::unique_ptr<const Snapshot> next, std::size_t services, std::size_t servers,
        std::size_t workers);

  // A few of `flows` more. False: this worker has seen all.
  [[nodiscard]] bool go_on(std::uint8_t worker, FlowTable& flows, const Snapshot& running,
                           Tick now) noexcept;

  // Whether all workers have seen all.
  [[nodiscard]] bool is_done() const noexcept;
  // Their sum, once it is done.
  [[nodiscard]] Counts counts() const;

 private:
  // Flows a round: a microsecond, which a worker at line rate can spare.
  static constexpr std::uint32_t kFlowsARound = 64;

  struct alignas(64) Part {
    std::uint32_t next_place = 1;  // in the worker's table
    Counts counts;
    std::atomic<bool> is_done{false};
  };
  void look(Part& part, const Flow& flow, const Snapshot& running, Tick now) const noexcept;

  std::unique_ptr<const Snapshot> next_;
  std::vector<Part> parts_;  // by worker
};

}  // namespace yoke::lb
