// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstring>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "mgmt/pair/rules.h"
#include "tests/sim/mutants.h"
#include "tests/sim/world.h"

// Runs seeds of the simulation and says which fail. See usage.
namespace yoke::sim {
namespace {

constexpr std::string_view kUsage =
    R"(usage: pair_sim [--seeds N] [--from SEED] [--hours H] [--jobs N]
       pair_sim --seed SEED [--trace] [--mutant NAME]
       pair_sim --mutants [--seeds N] [--mutant NAME]

Runs the election of a pair through N drawn schedules of faults (1000), or for H hours. A seed that
fails is printed with the command that replays it. --mutants breaks one rule after the other and
wants each caught within N seeds. Exit status: 0 if all went well, 1 if not, 2 for a wrong call.
)";

struct Options {
  std::uint64_t seeds = 1000;
  std::uint64_t from = 1;
  std::optional<std::uint64_t> seed;
  double hours = 0;
  unsigned jobs = std::max(1U, std::thread::hardware_concurrency());
  bool trace = false;
  bool all_mutants = false;
  std::string mutant;
};

template <typename T>
bool number(const char* text, T& value) {
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
    bool takes_value = true;
    if (word == "--seeds") {
      good = number(next, options.seeds);
    } else if (word == "--from") {
      good = number(next, options.from);
    } else if (word == "--seed") {
      good = number(next, options.seed.emplace());
    } else if (word == "--hours") {
      good = number(next, options.hours);
    } else if (word == "--jobs") {
      good = number(next, options.jobs) && options.jobs > 0;
    } else if (word == "--mutant") {
      good = next != nullptr;
      if (good) options.mutant = next;
    } else {
      takes_value = false;
      good = word == "--trace" || word == "--mutants";
      options.trace = options.trace || word == "--trace";
      options.all_mutants = options.all_mutants || word == "--mutants";
    }
    if (!good) return std::nullopt;
    if (takes_value) ++i;
  }
  return options;
}

// The true protocol, or one that is broken.
struct Protocol {
  pair::Rules rules = pair::kRules;
  Quirks quirks;
  void (*adjust)(Schedule&) = nullptr;

  Protocol() = default;
  explicit Protocol(const Mutant& mutant) : adjust(mutant.adjust) {
    if (mutant.rules != nullptr) mutant.rules(rules);
    if (mutant.quirks != nullptr) mutant.quirks(quirks);
  }
  [[nodiscard]] World world(std::uint64_t seed, std::FILE* trace) const {
    return World(seed, rules, quirks, adjust, trace);
  }
};

std::string ms(Time time) {
  return fmt::format("{:.2f} ms", static_cast<double>(time.count()) / 1e6);
}

std::string in_words(const Schedule& schedule) {
  std::string words(schedule.profile);
  if (schedule.hasty >= 0) words += schedule.hasty == 0 ? ", but A fast" : ", but B fast";
  words += schedule.policy == pair::Policy::kStrict ? ", strict:" : ":";
  for (const auto& trouble : schedule.troubles) {
    words += fmt::format(
        " {} of {} at {:.0f} ms for {:.0f};", kFaultNames[static_cast<std::size_t>(trouble.fault)],
        trouble.unit == 0 ? "A" : "B", static_cast<double>(trouble.begin.count()) / 1e6,
        static_cast<double>((trouble.end - trouble.begin).count()) / 1e6);
  }
  return words;
}

// Adds up over threads.
class Tally {
 public:
  void add(std::uint64_t seed, const World& world, const std::optional<Violation>& violation) {
    const std::scoped_lock lock(mutex_);
    const auto& measures = world.measures();
    ++runs_;
    steps_ += measures.steps;
    claims_ += measures.claims;
    overlap_ = std::max(overlap_, measures.longest_overlap);
    converged_ = std::max(converged_, measures.converged);
    const bool one = world.schedule().troubles.size() == 1 &&
                     world.schedule().policy == pair::Policy::kAvailability &&
                     world.schedule().profile == "fast" && !world.schedule().has(Fault::kClog);
    if (one) gap_ = std::max(gap_, measures.longest_gap);
    if (!violation) return;
    ++failed_;
    if (failed_ > 10) return;
    fmt::print("seed {} breaks {} at {}: {}\n  {}\n  replay: pair_sim --seed {} --trace\n", seed,
               violation->invariant, ms(violation->at), violation->text, in_words(world.schedule()),
               seed);
  }
  [[nodiscard]] bool report() const {
    fmt::print("{} seeds, {} failed; {} steps, {} claims\n", runs_, failed_, steps_, claims_);
    fmt::print(
        "longest: both claimed {}, nobody claimed {} (fast, single fault), converged in {}\n",
        ms(overlap_), ms(gap_), ms(converged_));
    return failed_ == 0;
  }

 private:
  std::mutex mutex_;
  std::uint64_t runs_ = 0, failed_ = 0, steps_ = 0, claims_ = 0;
  Time overlap_{}, gap_{}, converged_{};
};

bool run_many(const Options& options) {
  const Protocol protocol;
  Tally tally;
  std::atomic<std::uint64_t> next{options.from};
  const auto until = std::chrono::steady_clock::now() +
                     std::chrono::duration_cast<std::chrono::nanoseconds>(
                         std::chrono::duration<double, std::ratio<3600>>(options.hours));
  const auto work = [&] {
    for (;;) {
      const std::uint64_t seed = next.fetch_add(1);
      const bool over = options.hours > 0 ? std::chrono::steady_clock::now() >= until
                                          : seed - options.from >= options.seeds;
      if (over) return;
      World world = protocol.world(seed, nullptr);
      const auto violation = world.run();
      tally.add(seed, world, violation);
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < options.jobs; ++i) threads.emplace_back(work);
  for (auto& thread : threads) thread.join();
  return tally.report();
}

bool run_one(const Options& options) {
  Protocol protocol;
  for (const auto& mutant : mutants()) {
    if (mutant.name == options.mutant) protocol = Protocol(mutant);
  }
  World world = protocol.world(*options.seed, options.trace ? stdout : nullptr);
  fmt::print("seed {}, {}\n", *options.seed, in_words(world.schedule()));
  const auto violation = world.run();
  if (violation) {
    fmt::print("breaks {} at {}: {}\n", violation->invariant, ms(violation->at), violation->text);
  } else {
    fmt::print("holds\n");
  }
  return !violation;
}

bool run_mutants(const Options& options) {
  bool all = true;
  for (const auto& mutant : mutants()) {
    if (!options.mutant.empty() && mutant.name != options.mutant) continue;
    const Protocol protocol(mutant);
    std::string caught;
    for (std::uint64_t seed = options.from; seed < options.from + options.seeds * mutant.rarity;
         ++seed) {
      World world = protocol.world(seed, nullptr);
      if (const auto violation = world.run()) {
        caught = fmt::format("seed {:4}  {:3}  {}", seed, violation->invariant, violation->text);
        break;
      }
    }
    all = all && !caught.empty();
    fmt::print("{:22} {}\n", mutant.name,
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
