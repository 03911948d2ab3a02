// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/dampener.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace yoke::health {
namespace {

char letter(Verdict verdict) {
  switch (verdict) {
    case Verdict::kUp:
      return 'U';
    case Verdict::kDown:
      return 'D';
    case Verdict::kUnknown:
      break;
  }
  return '?';
}

// Results as '+' and '-'; the verdict after each.
std::string verdicts(Dampener& dampener, const std::string& results) {
  std::string out;
  for (const char c : results) {
    const Verdict before = dampener.verdict();
    const bool changed = dampener.add(c == '+');
    EXPECT_EQ(changed, dampener.verdict() != before);
    out += letter(dampener.verdict());
  }
  return out;
}

TEST(Dampener, RiseAndFallAreCountedInARow) {
  struct Case {
    unsigned rise, fall;
    const char* results;
    const char* verdicts;
  };
  const Case kCases[] = {
      {2, 3, "+", "U"},              // the first result decides
      {2, 3, "-", "D"},              //
      {2, 3, "+---", "UUUD"},        //
      {2, 3, "+--+--+", "UUUUUUU"},  // never three in a row
      {2, 3, "-+-++", "DDDDU"},      //
      {1, 1, "+-+-", "UDUD"},        //
      {3, 2, "-+++--", "DDDUUD"},    //
      {2, 3, "+-----+-++", "UUUDDDDDDU"},
  };
  for (const Case& c : kCases) {
    Dampener dampener(c.rise, c.fall);
    EXPECT_EQ(verdicts(dampener, c.results), c.verdicts) << c.results;
  }
}

TEST(Dampener, AFirstFailureMayCountAsAny) {
  Dampener dampener(2, 3);
  dampener.count_first_failures();
  EXPECT_FALSE(dampener.add(false));
  EXPECT_FALSE(dampener.add(false));
  EXPECT_EQ(dampener.verdict(), Verdict::kUnknown);
  EXPECT_TRUE(dampener.add(false));
  EXPECT_EQ(dampener.verdict(), Verdict::kDown);

  Dampener other(2, 3);
  other.count_first_failures();
  EXPECT_FALSE(other.add(false));
  EXPECT_TRUE(other.add(true));
  EXPECT_EQ(other.verdict(), Verdict::kUp);
}

TEST(Dampener, AnAdoptedVerdictIsGivenUpOnlyByAWholeRow) {
  Dampener dampener(2, 3);
  dampener.adopt(Verdict::kUp);
  EXPECT_EQ(verdicts(dampener, "---"), "UUD");
  dampener.adopt(Verdict::kUnknown);
  EXPECT_EQ(verdicts(dampener, "+"), "U");
}

TEST(Dampener, AForgottenStreakBeginsAnewAndKeepsTheVerdict) {
  Dampener dampener(2, 3);
  EXPECT_EQ(verdicts(dampener, "+--"), "UUU");
  dampener.forget_streak();
  EXPECT_EQ(verdicts(dampener, "--"), "UU");
  EXPECT_EQ(verdicts(dampener, "-"), "D");
}

// The verdict after n results, from the whole history: the last run of equal results that was long
// enough decides, or the very first result.
Verdict recompute(const std::vector<bool>& history, unsigned rise, unsigned fall) {
  Verdict verdict = history[0] ? Verdict::kUp : Verdict::kDown;
  for (std::size_t end = 1; end <= history.size(); ++end) {
    for (const bool passed : {true, false}) {
      const std::size_t need = passed ? rise : fall;
      if (end < need) continue;
      bool all = true;
      for (std::size_t i = end - need; i < end; ++i) all = all && history[i] == passed;
      if (all) verdict = passed ? Verdict::kUp : Verdict::kDown;
    }
  }
  return verdict;
}

TEST(Dampener, AgreesWithARecomputationFromTheWholeHistory) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    const unsigned rise = 1 + random() % 4, fall = 1 + random() % 4;
    Dampener dampener(rise, fall);
    std::vector<bool> history;
    for (int i = 0; i < 40; ++i) {
      history.push_back(random() % 3 != 0);
      (void)dampener.add(history.back());
      ASSERT_EQ(dampener.verdict(), recompute(history, rise, fall))
          << "rise " << rise << " fall " << fall << " after " << history.size();
    }
  }
}

}  // namespace
}  // namespace yoke::health
