// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "dataplane/io/packet_engine.h"
#include "hal/base/file_descriptor.h"
#include "tests/io/lab.h"
#include "tests/unit/lb/rig.h"

namespace yoke::io {
namespace {

// Asks as dpdk-telemetry.py does.
class Telemetry {
 public:
  Telemetry() : socket_(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string& path = eal().telemetry_socket();
    std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
    EXPECT_EQ(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0)
        << path;
    (void)read();  // the greeting
  }
  nlohmann::json ask(const std::string& command) {
    EXPECT_EQ(::send(socket_.get(), command.data(), command.size(), 0),
              static_cast<ssize_t>(command.size()));
    return read().value(command, nlohmann::json{});
  }

 private:
  nlohmann::json read() {
    std::string text(16384, '\0');
    const auto length = ::recv(socket_.get(), text.data(), text.size(), 0);
    text.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
    return nlohmann::json::parse(text, nullptr, false);
  }
  FileDescriptor socket_;
};

TEST(Telemetry, AnswersOurCountersBesideThoseOfDpdk) {
  RingPort wan("wan", 1, 1);
  RingPort lan("lan", 1, 1);
  auto started = PacketEngine::start(engine_config({wan.config(), lan.config()}), eal());
  ASSERT_TRUE(started) << started.error().text;
  const auto& engine = *started;
  engine->publish(rig_snapshot());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(wan.send(test::make_packet(lb::to_vip(lb::kDsrV4, 17))));
  }
  auto unknown = lb::to_vip(lb::kDsrV4, 17);
  unknown.destination_port = 99;
  ASSERT_TRUE(wan.send(test::make_packet(unknown)));
  ASSERT_TRUE(eventually([&] { return totals(*engine).out() == 4; }));

  Telemetry telemetry;
  const auto workers = telemetry.ask("/yoke/workers");
  EXPECT_EQ(workers["0"]["rx"], 4);
  EXPECT_EQ(workers["0"]["tx"], 3);
  EXPECT_EQ(workers["0"]["dropped"], 1);
  EXPECT_EQ(telemetry.ask("/yoke/drops")["no_service"], 1);
  EXPECT_EQ(telemetry.ask("/yoke/drops").size(), net::kDropCount);
  EXPECT_TRUE(telemetry.ask("/ethdev/list").is_array());
}

TEST(Telemetry, LivesBelowTheUnitsRunDirectory) {
  EXPECT_EQ(eal().telemetry_socket().find(runtime_directory() + "/dpdk/"), 0u);
}

TEST(Telemetry, AnswersNothingWhenNoEngineRuns) {
  EXPECT_TRUE(Telemetry().ask("/yoke/workers").empty());
}

}  // namespace
}  // namespace yoke::io
