// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/rpc/rig.h"

// Of 20,000 events that are kept, those that somebody asks for.
namespace yoke::rpc {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

class ShowLog : public testing::Test {
 protected:
  Rig rig_;
};

TEST_F(ShowLog, OfWhatIsChosen) {
  const auto at = [](std::chrono::seconds ago) { return std::chrono::system_clock::now() - ago; };
  rig_.run([&] {
    rig_.log = {
        events::entry_of({.kind = events::Kind::kCommit, .text = "new", .at = at(10s)}),
        events::entry_of({.kind = events::Kind::kServerDown, .text = "down", .at = at(60s)}),
        events::entry_of({.kind = events::Kind::kCommit, .text = "old", .at = at(3600s)})};
  });
  const auto texts = [this](const json& params) {
    json asked = params;
    asked["object"] = "log";
    std::vector<std::string> found;
    Client client = rig_.client();
    const json answer = must(client, "show", asked);
    for (const json& row : answer["rows"]) found.push_back(row["text"]);
    return found;
  };
  using Texts = std::vector<std::string>;
  EXPECT_EQ(texts({{"event", "commit"}}), (Texts{"new", "old"}));
  EXPECT_EQ(texts({{"since_ms", 600'000}}), (Texts{"new", "down"}));
  EXPECT_EQ(texts({{"level", "warning"}}), (Texts{"down"}));
  EXPECT_EQ(texts({{"since_ms", 600'000}, {"event", "commit"}}), (Texts{"new"}));
  EXPECT_EQ(texts({{"since_ms", std::uint64_t(-1)}}).size(), 3U);
  Client client = rig_.client();
  for (const auto& [wrong, id] : {std::pair<json, std::string>{{{"event", "comit"}}, "E-404"},
                                  {{{"event", 7}}, "E-402"},
                                  {{{"level", "bad"}}, "E-402"},
                                  {{{"since_ms", "2h"}}, "E-402"}}) {
    json asked = wrong;
    asked["object"] = "log";
    const auto answer = client.call("show", asked);
    ASSERT_FALSE(answer) << wrong;
    EXPECT_EQ(answer.error().id, id) << wrong;
  }
}

}  // namespace
}  // namespace yoke::rpc
