// SPDX-License-Identifier: Apache-2.0
#include "mgmt/commit/data_plane_link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "dataplane/api/codec.h"
#include "dataplane/api/difference.h"
#include "dataplane/api/envelope.h"
#include "dataplane/api/errors.h"
#include "hal/linux/line_server.h"
#include "hal/linux/turns.h"
#include "mgmt/commit/compile.h"
#include "tests/unit/commit/fake_data_plane.h"
#include "tests/unit/commit/web_config.h"

// The data plane comes, goes, comes back and hangs, behind a real socket; what is committed runs
// again by itself.
namespace yoke::commit {
namespace {

using namespace std::chrono_literals;
using api::Json;

Result<Json> answer_of(FakeDataPlane& plane, const api::Request& request) {
  const auto as_json = [](auto result, auto encode) -> Result<Json> {
    if (!result) return tl::unexpected(result.error());
    return encode(*result);
  };
  if (request.method == "stage") {
    return as_json(plane.stage(api::decode_stage(request.params).value()), api::encode_digest);
  }
  if (request.method == "stage_difference") {
    const auto difference = api::decode_stage_difference(request.params).value();
    if (!plane.running || api::digest(*plane.running) != difference.base) {
      return fail(Errc::kConflict, api::kOtherBase, "another configuration runs");
    }
    ++plane.differences;
    return as_json(plane.stage(api::applied(*plane.running, difference)), api::encode_digest);
  }
  if (request.method == "activate") {
    return as_json(plane.activate(api::decode_digest(request.params).value()),
                   [](const api::Activation& done) { return api::encode(done); });
  }
  if (request.method == "set_server_state") {
    const auto set = plane.set_server_state(api::decode_changes(request.params).value());
    if (!set) return tl::unexpected(set.error());
    return api::encode_generation(plane.generation);
  }
  if (request.method == "status") {
    return as_json(plane.status({}),
                   [](const api::ProcessStatus& now) { return api::encode(now); });
  }
  return as_json(plane.counters({}), [](const api::Counters& now) { return api::encode(now); });
}

// A process of its own, as far as a thread can be one: from construction to destruction.
class DataPlaneProcess {
 public:
  DataPlaneProcess(FakeDataPlane& plane, const std::string& path) : plane_(plane) {
    plane_.restart();
    sd_event* made = nullptr;
    EXPECT_GE(sd_event_new(&made), 0);
    loop_.reset(made);
    hal::LineServer::Config config;
    config.path = path;
    config.line_bytes_max = std::size_t{1} << 20;
    config.open_session = [this](const hal::Peer&) { return std::make_unique<Session>(*this); };
    config.error_line = [](const Error& error) { return api::encode_error(nullptr, error); };
    auto server = hal::LineServer::listen(made, std::move(config));
    EXPECT_TRUE(server) << server.error().text;
    server_ = std::move(*server);
    thread_ = std::thread([this] {
      while (!ending_) (void)sd_event_run(loop_.get(), 1000);  // microseconds
    });
  }
  DataPlaneProcess(const DataPlaneProcess&) = delete;
  DataPlaneProcess& operator=(const DataPlaneProcess&) = delete;
  ~DataPlaneProcess() {
    ending_ = true;
    hung_.unlock();
    thread_.join();
  }

  // Takes requests and answers none of them until it goes on.
  void hang() { hung_.lock(); }
  void go_on() { hung_.unlock(); }

 private:
  // A lock that may be let go of twice.
  class Gate {
   public:
    void lock() { closed_ = true; }
    void unlock() {
      closed_ = false;
      closed_.notify_all();
    }
    void pass() const { closed_.wait(true); }

   private:
    std::atomic<bool> closed_ = false;
  };

  class Session final : public hal::LineSession {
   public:
    explicit Session(DataPlaneProcess& process) : process_(process) {}
    Answer answer(const std::string& line) override {
      process_.hung_.pass();
      const auto request = api::decode_request(line).value();
      auto result = answer_of(process_.plane_, request);
      std::string text = result ? api::encode_result(request.id, std::move(*result))
                                : api::encode_error(request.id, result.error());
      text.pop_back();  // its newline
      return {std::move(text), false};
    }

   private:
    DataPlaneProcess& process_;
  };

  FakeDataPlane& plane_;
  hal::Event loop_;
  std::unique_ptr<hal::LineServer> server_;
  Gate hung_;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

class Link : public testing::Test {
 protected:
  Link()
      : store_(store::must_open(folder_.file())),
        data_plane_(socket()),
        committer_(*store_, data_plane_) {
    sd_event* made = nullptr;
    EXPECT_GE(sd_event_new(&made), 0);
    loop_.reset(made);
    link_.emplace(made, data_plane_, committer_, [this](bool now) { in_step_.push_back(now); });
  }

  [[nodiscard]] std::string socket() const { return folder_.file("dataplane.sock"); }
  void start_data_plane() { process_.emplace(plane_, socket()); }

  // Turns the loop until it is so. At most ten seconds: the machine may be busy.
  template <typename Condition>
  [[nodiscard]] bool until(Condition condition) {
    const auto deadline = MonoClock::now() + 10s;
    while (!condition()) {
      if (MonoClock::now() > deadline) return false;
      (void)sd_event_run(loop_.get(), 10'000);
    }
    return true;
  }
  [[nodiscard]] bool until_told(bool in_step) {
    return until([&] { return !in_step_.empty() && in_step_.back() == in_step; });
  }
  [[nodiscard]] bool commit(const model::Config& config) {
    const auto done = committer_.commit(config, {"ann", "pid 7", "cli"}, {});
    EXPECT_TRUE(done) << done.error().error.text;
    return done.has_value();
  }
  void expect_running(const model::Config& config) {
    ASSERT_TRUE(plane_.running);
    EXPECT_EQ(*plane_.running, compile(config, committer_.servers(), committer_.running().revision,
                                       store_->hash_key()));
  }

  store::TempFolder folder_;
  std::unique_ptr<store::ConfigStore> store_;
  FakeDataPlane plane_;
  std::optional<DataPlaneProcess> process_;
  hal::Event loop_;
  SocketDataPlane data_plane_;
  Committer committer_;
  std::vector<bool> in_step_;
  std::optional<DataPlaneLink> link_;
};

TEST_F(Link, ADataPlaneThatComesLaterIsTakenInCharge) {
  link_->start();
  EXPECT_TRUE(in_step_.empty());
  start_data_plane();
  ASSERT_TRUE(until_told(true));
  ASSERT_TRUE(commit(web_config()));
  expect_running(web_config());
}

TEST_F(Link, OnlyWhatDiffersIsSentOnceItIsKnownWhatRuns) {
  start_data_plane();
  link_->start();
  ASSERT_TRUE(until_told(true));
  ASSERT_TRUE(commit(web_config()));
  const int before = plane_.differences;
  const ServerId first{"web", net::Endpoint::parse("192.0.2.11:80").value()};
  committer_.report(first, Verdict::kUp, MonoClock::now());
  ASSERT_TRUE(committer_.publish());
  ASSERT_TRUE(commit(other_config()));
  EXPECT_EQ(plane_.differences, before + 1);
  expect_running(other_config());
  // A verdict that is told for the first time with the commit itself.
  committer_.report(first, Verdict::kDown, MonoClock::now());
  ASSERT_TRUE(commit(weighted_config()));
  EXPECT_EQ(plane_.differences, before + 2);
  expect_running(weighted_config());
  // A verdict that may or may not have arrived: nothing is known for sure any more.
  committer_.report(first, Verdict::kUp, MonoClock::now());
  plane_.states_fail = {FakeDataPlane::Fails::kRefuses};
  ASSERT_FALSE(committer_.publish());
  ASSERT_TRUE(commit(other_config()));
  EXPECT_EQ(plane_.differences, before + 2);
  expect_running(other_config());
}

TEST_F(Link, WhoeverElseChangedTheDataPlaneIsNoticed) {
  start_data_plane();
  link_->start();
  ASSERT_TRUE(until_told(true));
  ASSERT_TRUE(commit(web_config()));
  ASSERT_TRUE(commit(weighted_config()));
  plane_.running->vips.clear();
  ASSERT_TRUE(commit(other_config()));
  expect_running(other_config());
}

TEST_F(Link, ARestartedDataPlaneRunsWhatIsCommittedAgainWithTheStatesKnown) {
  start_data_plane();
  link_->start();
  ASSERT_TRUE(until_told(true));
  ASSERT_TRUE(commit(web_config()));
  const ServerId first{"web", net::Endpoint::parse("192.0.2.11:80").value()};
  committer_.report(first, Verdict::kUp, MonoClock::now());
  ASSERT_TRUE(committer_.publish());
  process_.reset();
  ASSERT_TRUE(until_told(false));
  start_data_plane();
  ASSERT_TRUE(until_told(true));
  expect_running(web_config());
  EXPECT_EQ(plane_.state_of("web", "192.0.2.11:80"), api::ServerState::kUp);
  EXPECT_THAT(in_step_, testing::ElementsAre(true, false, true));
}

TEST_F(Link, ARestartOfThisProcessFindsItRunningAndChangesNothing) {
  start_data_plane();
  link_->start();
  ASSERT_TRUE(until_told(true));
  ASSERT_TRUE(commit(web_config()));
  const auto generation = plane_.generation;
  SocketDataPlane data_plane(socket());
  Committer again(*store_, data_plane);
  bool in_step = false;
  DataPlaneLink link(loop_.get(), data_plane, again, [&in_step](bool now) { in_step = now; });
  link.start();
  ASSERT_TRUE(until([&in_step] { return in_step; }));
  EXPECT_EQ(plane_.generation, generation);
}

TEST_F(Link, AHungDataPlaneIsLostAndACommitRefusedUntilItAnswersAgain) {
  start_data_plane();
  link_->start();
  ASSERT_TRUE(until_told(true));
  ASSERT_TRUE(commit(web_config()));
  process_->hang();
  EXPECT_FALSE(data_plane_.status({}));
  ASSERT_TRUE(until_told(false));
  const auto refused = committer_.commit(weighted_config(), {"ann", "pid 7", "cli"}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error.id, "E-451");
  EXPECT_EQ(committer_.running().revision, 1U);
  process_->go_on();
  ASSERT_TRUE(until_told(true));
  ASSERT_TRUE(commit(weighted_config()));
  expect_running(weighted_config());
}

TEST_F(Link, OneThatHangsWhileNobodyAsksIsNoticed) {
  start_data_plane();
  link_->start();
  ASSERT_TRUE(until_told(true));
  process_->hang();
  ASSERT_TRUE(until_told(false));
  process_->go_on();
  ASSERT_TRUE(until_told(true));
}

TEST_F(Link, CountersThatComeLateAreNoReasonToLoseIt) {
  start_data_plane();
  link_->start();
  ASSERT_TRUE(until_told(true));
  ASSERT_TRUE(data_plane_.counters({}));
  process_->hang();
  const auto late = data_plane_.counters({});
  process_->go_on();
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, Errc::kTimeout);
  ASSERT_TRUE(commit(web_config()));
  expect_running(web_config());
  EXPECT_TRUE(data_plane_.counters({})) << "by another connection";
  EXPECT_EQ(in_step_, std::vector<bool>{true}) << "and it was in step all the while";
}

// As the process does it: each look that finds it out of step asks for a job.
TEST_F(Link, IsBroughtInStepByAJobOnceTheLoopRuns) {
  start_data_plane();
  plane_.stage_fails = {FakeDataPlane::Fails::kRefuses};
  hal::Turns turns(loop_.get());
  committer_.wait_aside([&turns](const auto& work) { turns.aside(work); });
  std::vector<bool> told;
  int jobs = 0;
  DataPlaneLink link(
      loop_.get(), data_plane_, committer_,
      [&](bool in_step) {
        told.push_back(in_step);
        if (told == std::vector<bool>{true}) {
          process_.reset();
          start_data_plane();
        }
        if (told.size() == 3) (void)sd_event_exit(loop_.get(), 0);
      },
      [](const events::Event&) {},
      [&](auto job) {
        ++jobs;
        turns.post(std::move(job));
      });
  link.start();
  EXPECT_EQ(jobs, 1);
  EXPECT_TRUE(told.empty());
  EXPECT_EQ(turns.run(), 0);
  turns.stop();
  EXPECT_EQ(told, (std::vector<bool>{true, false, true}));
  EXPECT_EQ(jobs, 3) << "refused, taken, and after its restart";
  expect_running({});
}

// A data plane that takes long to build what it is sent keeps nobody from anything else.
TEST_F(Link, WhileItIsStagedToTheLoopGoesOn) {
  start_data_plane();
  link_->start();
  ASSERT_TRUE(until_told(true));
  ASSERT_TRUE(commit(web_config()));
  hal::Turns turns(loop_.get());
  committer_.wait_aside([&turns](const auto& work) { turns.aside(work); });
  std::atomic<bool> is_staging = false, may_end = false;
  plane_.on_stage = [&] {
    is_staging = true;
    may_end.wait(false);
  };
  const ServerId first{"web", net::Endpoint::parse("192.0.2.11:80").value()};
  int looked = 0;
  hal::Timer others(loop_.get(), [&] {
    others.start(1ms);
    if (!is_staging || may_end) return;
    EXPECT_TRUE(data_plane_.check());
    EXPECT_EQ(committer_.running().config, web_config());
    committer_.report(first, looked % 2 == 0 ? Verdict::kDown : Verdict::kUp, MonoClock::now());
    EXPECT_TRUE(committer_.publish());
    if (++looked == 1) {
      EXPECT_EQ(data_plane_.status({}).error().kind, Errc::kTimeout) << "on another connection";
    }
    if (looked < 51) return;
    may_end = true;
    may_end.notify_all();
  });
  others.start(1ms);
  bool committed = false;
  turns.post([&] {
    committed = commit(weighted_config());
    (void)sd_event_exit(loop_.get(), 0);
  });
  EXPECT_EQ(turns.run(), 0);
  turns.stop();
  EXPECT_TRUE(committed);
  EXPECT_EQ(looked, 51);
  expect_running(weighted_config());
  EXPECT_EQ(plane_.state_of("web", "192.0.2.11:80"), api::ServerState::kDown);
  EXPECT_EQ(in_step_, std::vector<bool>{true}) << "and it was in step all the while";
}

TEST_F(Link, AVerdictThatCouldNotBeToldIsToldByTheLink) {
  start_data_plane();
  link_->start();
  ASSERT_TRUE(until_told(true));
  ASSERT_TRUE(commit(web_config()));
  plane_.states_fail = {FakeDataPlane::Fails::kRefuses};
  const ServerId first{"web", net::Endpoint::parse("192.0.2.11:80").value()};
  committer_.report(first, Verdict::kUp, MonoClock::now());
  ASSERT_FALSE(committer_.publish());
  ASSERT_TRUE(until([this] { return committer_.reconciled(); }));
  EXPECT_EQ(plane_.state_of("web", "192.0.2.11:80"), api::ServerState::kUp);
}

// Checks begin when the link says so: a unit whose repair was committed must not be left without.
TEST_F(Link, ACommitThatMendsWhatWasRefusedAtTheStartBringsInStep) {
  start_data_plane();
  link_->start();
  ASSERT_TRUE(until_told(true));
  ASSERT_TRUE(commit(web_config()));
  process_.reset();
  ASSERT_TRUE(until_told(false));
  plane_.stage_fails.assign(100, FakeDataPlane::Fails::kRefuses);
  start_data_plane();
  ASSERT_TRUE(until([&] { return data_plane_.reachable(); }));
  EXPECT_FALSE(in_step_.back()) << "what is committed is refused";
  plane_.stage_fails.clear();
  ASSERT_TRUE(commit(weighted_config()));
  EXPECT_TRUE(until_told(true));
}

}  // namespace
}  // namespace yoke::commit
