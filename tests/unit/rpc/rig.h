// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>

#include "mgmt/model/json.h"
#include "mgmt/rpc/client.h"
#include "mgmt/rpc/server.h"
#include "tests/unit/commit/fake_data_plane.h"
#include "tests/unit/commit/web_config.h"

namespace yoke::rpc {

using nlohmann::json;
using namespace std::chrono_literals;

// A server on a real socket with a data plane in memory. The loop runs on a thread of its own; what
// it owns is touched by the test only through calls, or by run() on the loop itself.
class Rig {
 public:
  Rig()
      : store_(store::must_open(folder_.file())),
        committer_(*store_, data_plane_),
        loop_(make_loop()),
        backups_(
            loop_.get(), *store_,
            {.folder = folder_.file("backup"), .unit = "lb-a", .release = "1", .credentials = {}}),
        unit_{"lb-a",
              committer_,
              checks(),
              MonoClock::now(),
              backups_,
              folder_.file("restore"),
              0,
              [this]() -> const alarms::Alarms& { return alarms; },
              [this](std::size_t count, const events::Choice& choice) {
                return newest(count, choice);
              },
              [this](const events::Event& event) { recorded.push_back(event); }} {
    EXPECT_TRUE(committer_.reconcile(MonoClock::now()));
    auto server = serve(loop_.get(), socket(), unit_);
    EXPECT_TRUE(server) << server.error().text;
    server_ = std::move(*server);
    thread_ = std::thread([this] { turn_until_told(); });
  }
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;
  ~Rig() {
    ending_ = true;
    thread_.join();
    server_.reset();
  }

  [[nodiscard]] std::string socket() const { return folder_.file("mgmt.sock"); }
  [[nodiscard]] Client client() const {
    auto connected = Client::connect(socket(), 10s);
    EXPECT_TRUE(connected) << connected.error().text;
    return std::move(*connected);
  }

  // Runs `work` between two turns of the loop and waits for it.
  void run(std::function<void()> work) {
    std::packaged_task<void()> task(std::move(work));
    auto done = task.get_future();
    {
      const std::lock_guard held(posting_);
      posted_.push_back(std::move(task));
    }
    done.get();
  }
  [[nodiscard]] std::string backup_folder() const { return folder_.file("backup"); }
  [[nodiscard]] commit::FakeDataPlane& data_plane() { return data_plane_; }
  [[nodiscard]] commit::Committer& committer() { return committer_; }
  [[nodiscard]] Unit& unit() { return unit_; }

  // Within run().
  std::vector<CheckReport> reports;
  std::map<commit::ServerId, std::vector<ProbeReport>> history;
  std::vector<std::vector<ProbeReport>> tests;  // by number
  std::vector<std::string> asked;               // "pool", "pool server": tests
  alarms::Alarms alarms;
  std::vector<events::Entry> log;
  std::vector<events::Event> recorded;

 private:
  Checks checks() {
    return {.reports =
                [this](const std::string& pool) {
                  auto asked_for = reports;
                  std::erase_if(asked_for, [&](const CheckReport& report) {
                    return !pool.empty() && report.id.pool != pool;
                  });
                  return asked_for;
                },
            .history = [this](const commit::ServerId& id) { return history[id]; },
            .test = [this](const model::Config&, const std::string& pool,
                           const std::optional<net::Endpoint>& server) -> Result<std::uint64_t> {
              asked.push_back(server ? pool + " " + server->to_string() : pool);
              return asked.size() - 1;
            },
            .tested = [this](std::uint64_t number) -> std::optional<std::vector<ProbeReport>> {
              if (number >= tests.size()) return std::nullopt;
              return tests[number];
            }};
  }
  [[nodiscard]] std::vector<events::Entry> newest(std::size_t count,
                                                  const events::Choice& choice) const {
    std::vector<events::Entry> chosen;
    for (const events::Entry& entry : log) {
      if (choice.takes(entry) && chosen.size() < count) chosen.push_back(entry);
    }
    return chosen;
  }
  static sd_event* make_loop() {
    sd_event* made = nullptr;
    EXPECT_GE(sd_event_new(&made), 0);
    return made;
  }
  void turn_until_told() {
    while (!ending_) {
      std::deque<std::packaged_task<void()>> work;
      {
        const std::lock_guard held(posting_);
        work.swap(posted_);
      }
      for (auto& task : work) task();
      (void)sd_event_run(loop_.get(), 1000);  // microseconds
    }
  }

  store::TempFolder folder_;
  std::unique_ptr<store::ConfigStore> store_;
  commit::FakeDataPlane data_plane_;
  commit::Committer committer_;
  hal::Event loop_;
  backup::Backups backups_;
  Unit unit_;
  std::unique_ptr<hal::LineServer> server_;
  std::mutex posting_;
  std::deque<std::packaged_task<void()>> posted_;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

// A client that keeps to no protocol.
class RawClient {
 public:
  explicit RawClient(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, path.size());
    EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    const timeval limit{10, 0};
    (void)::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    (void)::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  }

  // As much of it as is taken; false where the other side has hung up.
  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  // What does not make the other side wait; how much of it went.
  std::size_t write_now(std::string_view bytes) {
    const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return n > 0 ? static_cast<std::size_t>(n) : 0;
  }
  void end_writing() { (void)::shutdown(fd_.get(), SHUT_WR); }

  // The next line; empty where the other side has hung up.
  std::string line() {
    while (held_.find('\n') == std::string::npos) {
      if (!read_more()) return std::exchange(held_, "");
    }
    const auto end = held_.find('\n');
    std::string first = held_.substr(0, end);
    held_.erase(0, end + 1);
    return first;
  }
  // The identifier of the error that comes next.
  std::string error_id() {
    const auto answer = json::parse(line(), nullptr, false);
    if (!answer.is_object() || !answer.contains("error")) return "no error: " + answer.dump();
    return answer["error"]["data"]["id"].get<std::string>();
  }
  bool has_hung_up() {
    held_.clear();
    return !read_more() && held_.empty();
  }

 private:
  bool read_more() {
    std::array<char, 65536> bytes{};
    const ssize_t n = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
    if (n > 0) held_.append(bytes.data(), static_cast<std::size_t>(n));
    return n > 0;
  }

  FileDescriptor fd_;
  std::string held_;
};

inline json set(const std::vector<std::string>& path, const json& fields = json::object()) {
  return {{"op", "set"}, {"path", path}, {"fields", fields}};
}
inline json operations(std::initializer_list<json> list) {
  return {{"operations", json::array_t(list)}};
}

// What `method` answers, which must be a result.
inline json must(Client& client, const std::string& method, const json& params = json::object()) {
  const auto answer = client.call(method, params);
  EXPECT_TRUE(answer) << method << ": " << answer.error().id << ' ' << answer.error().text;
  return answer ? *answer : json();
}
// The identifier of the error that `method` answers, which must be one.
inline std::string refusal(Client& client, const std::string& method,
                           const json& params = json::object()) {
  const auto answer = client.call(method, params);
  return answer ? "a result: " + answer->dump() : answer.error().id;
}
inline void commit_web(Client& client) {
  (void)must(client, "load", {{"document", model::to_json(commit::web_config())}});
  (void)must(client, "commit", {{"note", "for the test"}});
}

}  // namespace yoke::rpc
