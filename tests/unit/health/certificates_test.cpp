// SPDX-License-Identifier: Apache-2.0
// What a scheduler knows of the certificates that its checks see.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "mgmt/health/scheduler.h"
#include "tests/unit/health/fake_prober.h"
#include "tests/unit/health/loop.h"

namespace yoke::health {
namespace {

using std::chrono::milliseconds;

net::Endpoint at(const std::string& text) { return *net::Endpoint::parse(text); }
Target target(const std::string& server, std::vector<Check> checks) {
  return {"web", at(server), std::move(checks), Verdict::kUnknown};
}

constexpr const char* kA = "10.0.0.1:80";
constexpr const char* kB = "10.0.0.2:80";

TEST(Certificates, ThatEndSoonAreToldOnceForAllServersOfACheck) {
  using std::chrono::days;
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const Loop loop;
  FakeProber prober(loop.get());
  Scheduler scheduler(loop.get(), prober, [](const Scheduler::Change&) {});
  const auto turns = [&](const std::string& server, int count) {
    const int goal = prober.started(server) + count;
    return loop.until([&] { return prober.started(server) >= goal; });
  };
  const auto certified = [](const std::string& key) {
    Check check;
    check.key = key;
    check.interval = milliseconds(5);
    check.settings = Settings(Settings::Values{{"warn-days", "14"}});
    return check;
  };
  prober.certify(kA, now + days(13));
  prober.certify(kB, now - days(1));
  prober.certify("10.0.0.3:80", now + days(15));
  const std::vector<Check> checks{certified("https"), certified("https:admin")};
  const int all_forgotten = static_cast<int>(checks.size() * (Watch::kPastMax + 2));
  scheduler.reconcile({target(kA, checks), target(kB, checks), target("10.0.0.3:80", checks),
                       target("10.0.0.4:80", checks)});
  ASSERT_TRUE(turns(kA, 4) && turns(kB, 4) && turns("10.0.0.3:80", 4));
  const auto found = scheduler.expiring(now);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[1].check, "https:admin");
  EXPECT_EQ(found[0].check, "https");
  EXPECT_EQ(found[0].servers, 2U);
  EXPECT_EQ(found[0].first, at(kB));
  EXPECT_EQ(found[0].end, now - days(1));
  EXPECT_EQ(scheduler.expiring(now + days(2))[0].servers, 3U);
  // One that does not even connect any more has not renewed it.
  prober.certify(kB, std::nullopt);
  prober.answer(kB, Outcome::kFailed);
  ASSERT_TRUE(turns(kB, 4));
  EXPECT_EQ(scheduler.expiring(now)[0].servers, 2U);
  prober.certify(kB, now + days(400));
  ASSERT_TRUE(turns(kB, all_forgotten));
  EXPECT_EQ(scheduler.expiring(now)[0].servers, 1U);
  // Two machines behind one address, one of which has renewed its own.
  prober.certify(kA, now + days(400));
  ASSERT_TRUE(turns(kA, 3));
  ASSERT_EQ(scheduler.expiring(now).size(), 2U) << "the other one may answer next";
  ASSERT_TRUE(turns(kA, all_forgotten));
  EXPECT_TRUE(scheduler.expiring(now).empty()) << "it has not answered for long";
  scheduler.reconcile({});
  EXPECT_TRUE(scheduler.expiring(now).empty());
}

}  // namespace
}  // namespace yoke::health
