// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "tests/sim/config_world.h"

// Runs seeds of the simulation of configuration sync and says which fail. See usage.
namespace yoke::sim {
namespace {

using replication::Position;
using replication::Reason;
using replication::Revision;
using replication::Rules;
using replication::View;

constexpr std::string_view kUsage = R"(usage: config_sim [--seeds N] [--from SEED]
       config_sim --seed SEED [--trace] [--mutant NAME]
       config_sim --mutants [--seeds N] [--mutant NAME]

Runs the configuration sync of a pair through N drawn schedules of faults (1000). --mutants breaks
one rule after the other and wants each caught within N seeds. Exit status: 0 if all went well, 1 if
not, 2 for a wrong call.
)";

// The protocol with one thing broken. Each must be caught by some seed.
struct Mutant {
  std::string_view name;
  std::string_view broken;
  void (*rules)(Rules&) = nullptr;
  void (*quirks)(ConfigQuirks&) = nullptr;
};

const std::array kMutants{
    Mutant{.name = "sync-skipped",
           .broken = "the store says 'on the disk' and a power cut takes it",
           .quirks = [](ConfigQuirks& quirks) { quirks.sync_skipped = true; }},
    Mutant{.name = "accepted-before-durable",
           .broken = "the standby says that it has a revision before it is on its disk",
           .quirks = [](ConfigQuirks& quirks) { quirks.told_too_early = true; }},
    Mutant{.name = "tentative-forgotten",
           .broken = "what is tentative does not survive a restart",
           .quirks = [](ConfigQuirks& quirks) { quirks.marks_forgotten = true; }},
    Mutant{.name = "any-acceptance",
           .broken = "the standby's answer to another attempt counts",
           .rules =
               [](Rules& rules) {
                 rules.is_accepted = [](const View& view, const replication::Accepted&) {
                   return view.state.own.has_value();
                 };
               }},
    Mutant{.name = "gap-ignored",
           .broken = "a revision is taken that does not follow the newest",
           .rules =
               [](Rules& rules) {
                 rules.fits = [](const View& view, const Revision& revision) {
                   return revision.position.revision > view.state.tip().revision;
                 };
               }},
    Mutant{.name = "stale-epoch-accepted",
           .broken = "the standby takes what a writer of an epoch before proposes",
           .rules =
               [](Rules& rules) {
                 rules.objection = [](const View& view, const replication::Proposal& proposal)
                     -> std::optional<replication::Objection> {
                   if (view.setup.rules->fits(view, proposal.revision)) return std::nullopt;
                   return replication::Objection::kBehind;
                 };
                 rules.why_not_commit = [](const View& view, const Revision& revision) {
                   if (!view.state.writer) return Reason::kNotWriter;
                   if (view.state.own || view.state.busy || view.state.tentative) {
                     return Reason::kUnderWay;
                   }
                   return revision.parent == view.state.tip() ? Reason::kNone : Reason::kOutdated;
                 };
               }},
    Mutant{.name = "outdated-commit",
           .broken = "a commit is made that is based on an older revision",
           .rules =
               [](Rules& rules) {
                 rules.why_not_commit = [](const View& view, const Revision& revision) {
                   const bool good = view.state.writer && !view.state.own &&
                                     revision.position.epoch >= view.state.tip().epoch;
                   return good ? Reason::kNone : Reason::kNotWriter;
                 };
               }},
    Mutant{.name = "divergence-unseen",
           .broken = "histories are told apart by the numbers of their revisions alone",
           .rules =
               [](Rules& rules) {
                 rules.contains = [](const View& view, const Position& position) {
                   return position.revision <= view.state.tip().revision;
                 };
               }},
    Mutant{.name = "branch-dropped",
           .broken = "what gives way is not put aside",
           .rules =
               [](Rules& rules) {
                 rules.keeps_branch = [](const View&, std::uint64_t) { return false; };
               }},
    Mutant{.name = "lower-epoch-wins",
           .broken = "of two histories the older one stays",
           .rules =
               [](Rules& rules) {
                 rules.gives_way = [](const View& view, const Position& peer) {
                   return replication::outweighs(view.state.tip(), peer);
                 };
               }},
    Mutant{.name = "both-give-way",
           .broken = "each unit takes the other's history",
           .rules =
               [](Rules& rules) {
                 rules.gives_way = [](const View&, const Position&) { return true; };
               }},
    Mutant{.name = "tentative-dropped",
           .broken = "what is tentative is dropped where its writer has started anew",
           .rules =
               [](Rules& rules) {
                 rules.drops_tentative = [](const View& view) {
                   return replication::peer_is_there(view) &&
                          view.state.peer.hello->tip.revision <
                              view.state.tentative->revision.position.revision &&
                          view.state.tentative->attempt != view.state.peer.hello->floor;
                 };
                 rules.keeps_tentative = [](const View& view) {
                   return view.state.confirmed == view.state.tentative->revision.position.hash;
                 };
               }},
    Mutant{.name = "tentative-in-the-way",
           .broken = "what is tentative stays so when its unit becomes the writer",
           .rules =
               [](Rules& rules) {
                 rules.keeps_tentative = [](const View& view) {
                   return view.state.confirmed == view.state.tentative->revision.position.hash;
                 };
               }},
    Mutant{
        .name = "given-up-kept",
        .broken = "what its writer has given up stays tentative",
        .rules = [](Rules& rules) { rules.drops_tentative = [](const View&) { return false; }; }},
    Mutant{.name = "policy-ignored",
           .broken = "a commit is made alone though that is to be refused",
           .rules = [](Rules& rules) { rules.goes_alone = [](const View&) { return true; }; }},
    Mutant{.name = "carried-twice",
           .broken = "the writer makes the standby's commit each time that it is asked",
           .rules =
               [](Rules& rules) {
                 rules.takes_carried = [](const View&, std::uint64_t) { return true; };
               }},
    Mutant{
        .name = "carried-for-ever",
        .broken = "the standby waits for what a writer that is gone has made of its commit",
        .rules = [](Rules& rules) { rules.gives_up_carrying = [](const View&) { return false; }; }},
    Mutant{.name = "late-answers",
           .broken = "an answer counts though the unit has moved on since it asked",
           .rules =
               [](Rules& rules) {
                 rules.is_awaited = [](const View& view, std::uint64_t) {
                   return view.state.fetch.has_value();
                 };
                 rules.fits = [](const View& view, const Revision& revision) {
                   return revision.position.revision > view.state.tip().revision;
                 };
               }},
};

struct Options {
  std::uint64_t seeds = 1000;
  std::uint64_t from = 1;
  std::optional<std::uint64_t> seed;
  bool trace = false;
  bool all_mutants = false;
  std::string mutant;
};

bool number(const char* text, std::uint64_t& value) {
  if (text == nullptr) return false;
  const char* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, value);
  return error == std::errc{} && stop == end;
}

std::optional<Options> read_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const char* next = i + 1 < argc ? argv[i + 1] : nullptr;
    bool good = true;
    if (word == "--seeds") {
      good = number(next, options.seeds);
    } else if (word == "--from") {
      good = number(next, options.from);
    } else if (word == "--seed") {
      good = number(next, options.seed.emplace());
    } else if (word == "--mutant" && next != nullptr) {
      options.mutant = next;
    } else if (word == "--trace" || word == "--mutants") {
      options.trace = options.trace || word == "--trace";
      options.all_mutants = options.all_mutants || word == "--mutants";
      --i;
    } else {
      good = false;
    }
    if (!good) return std::nullopt;
    ++i;
  }
  return options;
}

struct Protocol {
  Rules rules = replication::kRules;
  ConfigQuirks quirks;

  Protocol() = default;
  explicit Protocol(const Mutant& mutant) {
    if (mutant.rules != nullptr) mutant.rules(rules);
    if (mutant.quirks != nullptr) mutant.quirks(quirks);
  }
};

bool run_one(const Options& options) {
  Protocol protocol;
  for (const auto& mutant : kMutants) {
    if (mutant.name == options.mutant) protocol = Protocol(mutant);
  }
  ConfigWorld world(*options.seed, protocol.rules, protocol.quirks,
                    options.trace ? stdout : nullptr);
  const auto violation = world.run();
  if (violation) {
    fmt::print("breaks {} at {:.3f} ms: {}\n", violation->invariant,
               static_cast<double>(violation->at.count()) / 1e6, violation->text);
  } else {
    fmt::print("holds\n");
  }
  return !violation;
}

bool run_many(const Options& options) {
  const Protocol protocol;
  std::uint64_t failed = 0, commits = 0, replicated = 0, branches = 0, carried = 0;
  for (std::uint64_t seed = options.from; seed < options.from + options.seeds; ++seed) {
    ConfigWorld world(seed, protocol.rules, protocol.quirks, nullptr);
    const auto violation = world.run();
    commits += world.commits();
    replicated += world.replicated();
    branches += world.branches();
    carried += world.carried();
    if (!violation || ++failed > 10) continue;
    fmt::print("seed {} breaks {}: {}\n  replay: config_sim --seed {} --trace\n", seed,
               violation->invariant, violation->text, seed);
  }
  fmt::print("{} seeds, {} failed; {} commits, {} replicated, {} carried, {} branches put aside\n",
             options.seeds, failed, commits, replicated, carried, branches);
  return failed == 0;
}

bool run_mutants(const Options& options) {
  bool all = true;
  for (const auto& mutant : kMutants) {
    if (!options.mutant.empty() && mutant.name != options.mutant) continue;
    const Protocol protocol(mutant);
    std::string caught;
    for (std::uint64_t seed = options.from; seed < options.from + options.seeds; ++seed) {
      ConfigWorld world(seed, protocol.rules, protocol.quirks, nullptr);
      if (const auto violation = world.run()) {
        caught = fmt::format("seed {:4}  {:7}  {}", seed, violation->invariant, violation->text);
        break;
      }
    }
    all = all && !caught.empty();
    fmt::print("{:24} {}\n", mutant.name,
               caught.empty() ? fmt::format("NOT CAUGHT: {}", mutant.broken) : caught);
  }
  return all;
}

}  // namespace
}  // namespace yoke::sim

int main(int argc, char** argv) {
  using namespace yoke::sim;
  const auto options = read_options(argc, argv);
  if (!options) {
    fmt::print(stderr, "{}", kUsage);
    return 2;
  }
  if (options->seed) return run_one(*options) ? 0 : 1;
  if (options->all_mutants) return run_mutants(*options) ? 0 : 1;
  return run_many(*options) ? 0 : 1;
}
