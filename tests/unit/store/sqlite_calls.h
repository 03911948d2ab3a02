// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

// SQLite's calls as the store makes them, each of which can be made to fail: the link puts this
// file between the two (--wrap). Threads: one.
namespace yoke::store::calls {

enum class Fault : std::uint8_t {
  kOnce,       // the n-th call fails and does nothing
  kFromThere,  // so do all after it
  kAfterwards  // the n-th call does its work and reports a failure nevertheless
};

// SQLite's codes, for tests that do not see its header.
extern const int kDiskFull, kIoError, kNoMemory, kBusy;

// The n-th call from now (1 is the next) fails with `code`.
void arm(long n, int code, Fault fault);
// Back to normal. True if the fault has happened.
bool disarm();

}  // namespace yoke::store::calls
