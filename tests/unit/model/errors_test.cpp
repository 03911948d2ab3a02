// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/errors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

namespace yoke::model {
namespace {

// Identifiers between quotes in our own sources, with the file that has them.
std::map<std::string, std::string> used_identifiers() {
  std::map<std::string, std::string> used;
  const auto table = std::filesystem::path(YOKE_SOURCE_DIR) / "mgmt/model/errors.h";
  for (const char* folder : {"hal", "dataplane", "mgmt", "cli"}) {
    const auto root = std::filesystem::path(YOKE_SOURCE_DIR) / folder;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
      const auto extension = entry.path().extension();
      if ((extension != ".cpp" && extension != ".h") || entry.path() == table) {
        continue;
      }
      std::ostringstream text;
      text << std::ifstream(entry.path()).rdbuf();
      const std::string source = text.str();
      for (auto at = source.find("\"E-"); at != source.npos; at = source.find("\"E-", at + 1)) {
        const std::string id = source.substr(at + 1, 5);
        if (source.compare(at + 6, 1, "\"") == 0) used.emplace(id, entry.path().string());
      }
    }
  }
  return used;
}

TEST(Errors, EveryIdentifierInTheSourcesIsInTheTable) {
  const auto used = used_identifiers();
  EXPECT_TRUE(used.contains("E-101")) << "the search found nothing";
  for (const auto& [id, file] : used) {
    EXPECT_NE(std::ranges::find(kErrors, id, &ErrorMeaning::id), kErrors.end())
        << id << " in " << file << " is not in mgmt/model/errors.h";
  }
}

TEST(Errors, TheTableIsSortedHasEachIdentifierOnceAndAMeaningForIt) {
  for (std::size_t i = 0; i < kErrors.size(); ++i) {
    if (i > 0) {
      EXPECT_LT(kErrors[i - 1].id, kErrors[i].id);
    }
    EXPECT_EQ(kErrors[i].id.size(), 5U);
    EXPECT_FALSE(kErrors[i].meaning.empty() || kErrors[i].meaning.ends_with('.'));
  }
}

}  // namespace
}  // namespace yoke::model
