// SPDX-License-Identifier: Apache-2.0
#include "mgmt/reports.h"

#include <optional>
#include <string_view>
#include <utility>

namespace yoke {
namespace {

// Passive checks are told as a check of this name, of which a pool has one.
constexpr std::string_view kPassive = "passive";

std::string_view word(health::Outcome outcome) {
  switch (outcome) {
    case health::Outcome::kPassed:
      return "passed";
    case health::Outcome::kFailed:
      return "failed";
    case health::Outcome::kNotTried:
      break;
  }
  return "not tried";
}

void add_probes(const commit::ServerId& id, const std::string& check,
                const std::vector<health::PastProbe>& probes,
                std::vector<rpc::ProbeReport>& reports) {
  for (const auto& [began, result] : probes) {
    reports.push_back(probe_report(id, check, &result));
    reports.back().began = began;
  }
}

// A status of either kind has these.
template <typename Row>
rpc::CheckReport check_report(const Row& row, const std::string& check) {
  const bool known = row.verdict != health::Verdict::kUnknown;
  return {{row.pool, row.server},
          check,
          verdict_of(row.verdict),
          known ? std::optional(row.since) : std::nullopt,
          row.failures,
          row.last};
}

}  // namespace

commit::Verdict verdict_of(health::Verdict verdict) {
  switch (verdict) {
    case health::Verdict::kUp:
      return commit::Verdict::kUp;
    case health::Verdict::kDown:
      return commit::Verdict::kDown;
    case health::Verdict::kUnknown:
      break;
  }
  return commit::Verdict::kUnknown;
}

rpc::ProbeReport probe_report(const commit::ServerId& id, const std::string& check,
                              const health::ProbeResult* result) {
  rpc::ProbeReport report;
  report.id = id;
  report.check = check;
  report.outcome = result == nullptr ? "running" : word(result->outcome);
  if (result == nullptr) return report;
  report.text = result->text;
  report.took = result->duration;
  for (auto& [at, text] : result->transcript.steps()) report.steps.push_back({at, std::move(text)});
  return report;
}

std::vector<rpc::ProbeReport> probe_reports(const health::Scheduler& checks,
                                            const health::Observer& observer,
                                            const commit::ServerId& id) {
  std::vector<rpc::ProbeReport> reports;
  for (const auto& [check, probes] : checks.history(id.pool, id.server)) {
    add_probes(id, check, probes, reports);
  }
  if (const auto* const passive = observer.past(id.pool, id.server)) {
    add_probes(id, std::string(kPassive), *passive, reports);
  }
  return reports;
}

std::vector<rpc::CheckReport> check_reports(const health::Scheduler& checks,
                                            const health::Observer& observer,
                                            const std::string& pool) {
  std::vector<rpc::CheckReport> reports;
  for (const auto& row : checks.status(pool)) {
    reports.push_back(check_report(row, row.check));
    reports.back().certificate_end = row.certificate_end;
  }
  for (const auto& row : observer.status(pool)) {
    reports.push_back(check_report(row, std::string(kPassive)));
  }
  return reports;
}

}  // namespace yoke
