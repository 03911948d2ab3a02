// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/rpc/rig.h"

// Notifications that are tried over the socket, as the CLI does it.
namespace yoke::rpc {
namespace {

TEST(NotifyMethods, OneIsTriedAndAskedAfterUntilItIsDone) {
  Rig rig;
  Client client = rig.client();
  std::optional<Status> how;
  rig.run([&] {
    rig.unit().notifications = {
        .test = [](const std::string& name, const std::string&) -> Result<std::uint64_t> {
          if (name != "mail:ops") return fail(Errc::kNotFound, "E-404", "there is no " + name);
          return 7;
        },
        .tested = [&how](std::uint64_t number) -> std::optional<std::vector<NotifyReport>> {
          if (number != 7) return std::nullopt;
          return std::vector<NotifyReport>{{"mail:ops to a@b", how}};
        }};
  });
  EXPECT_EQ(refusal(client, "notify_test", {{"notify", "mail"}}), "E-404");
  EXPECT_EQ(must(client, "notify_test", {{"notify", "mail:ops"}}), json({{"test", 7}}));
  const auto row = [&] { return must(client, "notify_tested", {{"test", 7}}); };
  EXPECT_EQ(row(), json::parse(R"({"done":false,"rows":[
      {"whom":"mail:ops to a@b","outcome":"running","text":""}]})"));
  rig.run([&] { how = fail(Errc::kFailed, "E-640", "nobody listens"); });
  EXPECT_EQ(row(), json::parse(R"({"done":true,"rows":[
      {"whom":"mail:ops to a@b","outcome":"failed","text":"nobody listens"}]})"));
  rig.run([&] { how = Status(); });
  EXPECT_EQ(row(), json::parse(R"({"done":true,"rows":[
      {"whom":"mail:ops to a@b","outcome":"told","text":""}]})"));
  EXPECT_EQ(refusal(client, "notify_tested", {{"test", 8}}), "E-422");
  EXPECT_EQ(refusal(client, "notify_tested", {{"test", "x"}}), "E-402");
}

}  // namespace
}  // namespace yoke::rpc
