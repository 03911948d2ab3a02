// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/manual.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "mgmt/model/json_schema.h"
#include "mgmt/model/schema.h"

namespace yoke::model {
namespace {

std::string content(const std::string& path) {
  std::ifstream file(std::string(YOKE_SOURCE_DIR) + "/" + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// What is shipped is what the schema says today.
TEST(Manual, IsTheOneThatIsShipped) {
  EXPECT_EQ(content("mgmt/model/settings.md"), manual())
      << "yoke export manual > mgmt/model/settings.md";
}

TEST(Manual, HasEveryKindAndEveryField) {
  const std::string text = manual();
  for (const RecordType& type : schema()) {
    EXPECT_NE(text.find(std::string(type.help)), std::string::npos) << type.kind;
    for (const Field& field : type.fields) {
      EXPECT_NE(text.find("| `" + std::string(field.name) + "` |"), std::string::npos)
          << field.name;
    }
  }
}

TEST(JsonSchema, IsTheOneThatIsShipped) {
  EXPECT_EQ(content("mgmt/model/yoke-1.schema.json"), json_schema().dump(2) + "\n")
      << "yoke export schema > mgmt/model/yoke-1.schema.json";
}

TEST(JsonSchema, SaysWhatARecordMayHold) {
  const auto text = json_schema();
  const auto& pool = text["properties"]["pool"]["additionalProperties"];
  EXPECT_EQ(pool["properties"]["method"]["enum"], (nlohmann::json{"nat", "dsr"}));
  EXPECT_EQ(pool["additionalProperties"], false);
  const auto& checks = pool["properties"]["check"];
  const auto fields_of = [&checks](const std::string& kind) {
    return checks["patternProperties"]["^" + kind + "(:[A-Za-z][A-Za-z0-9._-]{0,31})?$"]
                 ["properties"];
  };
  EXPECT_TRUE(fields_of("http").contains("path"));
  EXPECT_TRUE(fields_of("tcp").contains("send"));
  EXPECT_FALSE(fields_of("tcp").contains("path"));
  const auto& vip = text["properties"]["vip"]["additionalProperties"];
  EXPECT_EQ(vip["required"], nlohmann::json::array({"address"}));
  EXPECT_EQ(vip["properties"]["snat"]["type"], "array");
  EXPECT_TRUE(text["properties"]["system"]["properties"].contains("name"));
}

}  // namespace
}  // namespace yoke::model
