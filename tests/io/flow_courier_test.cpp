// SPDX-License-Identifier: Apache-2.0
// Two packet sides without ports, and a relay between them that this test plays.
#include "dataplane/io/flow_courier.h"

#include <gtest/gtest.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <functional>
#include <thread>

#include "dataplane/io/flow_desk.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/lb/rig.h"

namespace yoke::io {
namespace {

using std::chrono::milliseconds;

// A worker, its desk and the courier; `served` says who has the VIPs.
class Plane {
 public:
  Plane(const std::string& path, lb::GroupSet served) : served_(served), rig_(0, 1, 5000) {
    rig_.snapshot_.standing = 0;
    for (lb::Service& service : rig_.snapshot_.services) service.is_synced = true;
    courier_ = std::move(*FlowCourier::start(path, {&wake_}, 5000));
    desk_.emplace(rig_.pipeline_, rig_.flows_, courier_->directory(), courier_->lanes(0),
                  courier_->wake());
  }
  void open(std::uint16_t first, std::uint16_t last) {
    for (std::uint16_t port = first; port < last; ++port) {
      auto syn = rig_.send(lb::to_vip(lb::kNatV4, 6, port));
      (void)rig_.send(lb::Rig::answer_to(syn, lb::kTcpSyn | lb::kTcpAck), 1);
      desk_->flush(rig_.snapshot_, rig_.now_);
    }
  }
  void turn() { (void)desk_->turn(rig_.snapshot_, rig_.now_, served_); }
  [[nodiscard]] std::size_t flows() const { return rig_.flows_.size(); }
  [[nodiscard]] api::FlowSyncStatus report() const { return courier_->report(); }

  lb::GroupSet served_;

 private:
  lb::Rig rig_;
  Wake wake_;
  std::unique_ptr<FlowCourier> courier_;
  std::optional<FlowDesk> desk_;
};

class FlowCouriers : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path(int side) const {
    return folder_.file("flows" + std::to_string(side));
  }
  static FileDescriptor connected(const std::string& path) {
    FileDescriptor fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  void connect() {
    relay_[0] = connected(path(0));
    relay_[1] = connected(path(1));
  }
  void carry() {
    std::array<std::uint8_t, 4096> frame;
    for (std::size_t from = 0; from < 2; ++from) {
      for (ssize_t n = 0; (n = ::recv(relay_[from].get(), frame.data(), frame.size(), 0)) > 0;) {
        (void)!::send(relay_[1 - from].get(), frame.data(), static_cast<std::size_t>(n),
                      MSG_NOSIGNAL);
      }
    }
  }
  // Both work until it is so.
  void until(const std::function<bool()>& is_so) {
    const auto deadline = MonoClock::now() + std::chrono::seconds(60);
    while (!is_so() && MonoClock::now() < deadline) {
      for (auto& plane : planes_) plane->turn();
      carry();
      std::this_thread::sleep_for(milliseconds(1));
    }
    ASSERT_TRUE(is_so());
  }
  void until_other_has(std::size_t flows) {
    until([&] {
      return planes_[1]->flows() == flows && planes_[0]->report().is_told &&
             planes_[1]->report().is_whole;
    });
  }

  TempFolder folder_;
  std::array<std::unique_ptr<Plane>, 2> planes_{std::make_unique<Plane>(path(0), lb::kEveryGroup),
                                                std::make_unique<Plane>(path(1), 0)};
  std::array<FileDescriptor, 2> relay_;
};

TEST_F(FlowCouriers, OneKnowsTheOthersFlows) {
  connect();
  planes_[0]->open(1000, 1300);
  until_other_has(300);
  EXPECT_TRUE(planes_[1]->report().has_link);
  EXPECT_GE(planes_[1]->report().adopted, 300U);
  EXPECT_GE(planes_[0]->report().told, 300U);
}

TEST_F(FlowCouriers, ARelayMayEndAndStart) {
  connect();
  planes_[0]->open(1000, 1100);
  until_other_has(100);
  for (auto& end : relay_) end.reset();
  until([&] { return !planes_[0]->report().has_link && !planes_[1]->report().has_link; });
  EXPECT_FALSE(planes_[0]->report().is_told);
  planes_[0]->open(1100, 1200);
  connect();
  until_other_has(200);
}

TEST_F(FlowCouriers, ANewRelayTakesThePlaceOfOneThatHangs) {
  connect();
  planes_[0]->open(1000, 1100);
  until_other_has(100);
  const auto hangs = std::move(relay_);
  connect();
  planes_[0]->open(1100, 1200);
  until_other_has(200);
}

TEST_F(FlowCouriers, OneThatIsStartedAnewIsToldAll) {
  connect();
  planes_[0]->open(1000, 1300);
  until_other_has(300);
  planes_[1].reset();
  planes_[1] = std::make_unique<Plane>(path(1), 0);
  connect();
  until_other_has(300);
}

TEST_F(FlowCouriers, WhoTakesOverTells) {
  connect();
  planes_[0]->open(1000, 1100);
  until_other_has(100);
  planes_[0]->served_ = 0;
  planes_[1]->served_ = lb::kEveryGroup;
  planes_[1]->turn();
  planes_[1]->open(2000, 2100);
  until([&] { return planes_[0]->flows() == 200 && planes_[1]->report().is_told; });
}

// The directory is that of several workers: one has none.
TEST_F(FlowCouriers, MoreFlowsThanMemoryHasAreAnError) {
  Wake first, second;
  const auto made = FlowCourier::start(path(0), {&first, &second}, std::size_t{1} << 46);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().id, "E-321");
}

TEST_F(FlowCouriers, GarbageEndsNothing) {
  connect();
  std::array<std::uint8_t, 4096> garbage;
  for (std::size_t length = 1; length < garbage.size(); length += 13) {
    garbage.fill(static_cast<std::uint8_t>(length));
    for (auto& end : relay_) (void)!::send(end.get(), garbage.data(), length, MSG_NOSIGNAL);
    carry();
  }
  planes_[0]->open(1000, 1100);
  until_other_has(100);
}

TEST(FlowLink, SaysWhyItCannotListen) {
  const auto link = FlowLink::listen("/nowhere/at/all");
  ASSERT_FALSE(link);
  EXPECT_EQ(link.error().id, "E-347");
  EXPECT_FALSE(FlowLink::listen(std::string(200, 'x')));
}

}  // namespace
}  // namespace yoke::io
