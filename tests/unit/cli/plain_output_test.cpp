// SPDX-License-Identifier: Apache-2.0
#include "cli/plain_output.h"

#include <gtest/gtest.h>

#include <sstream>

namespace yoke::cli {
namespace {

TEST(PlainOutput, EscapesWhatIsBeyondAsciiForAsLongAsItIsThere) {
  std::ostringstream stream;
  {
    const PlainOutput plain(stream);
    stream << "für " << 7 << "\n" << std::flush;
    EXPECT_EQ(stream.str(), "f\\xc3\\xbcr 7\n");
  }
  stream << "ü";
  EXPECT_EQ(stream.str(), "f\\xc3\\xbcr 7\nü");
  EXPECT_TRUE(stream);
}

TEST(PlainOutput, IsForTerminalsAlone) { EXPECT_FALSE(needs_plain_output(-1)); }

}  // namespace
}  // namespace yoke::cli
