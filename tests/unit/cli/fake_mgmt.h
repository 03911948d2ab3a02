// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/eventfd.h>

#include <deque>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cli/connection.h"
#include "hal/linux/line_server.h"
#include "mgmt/model/json.h"
#include "tests/support/temp_folder.h"

namespace yoke::cli {

using nlohmann::json;

// yoke-mgmt as far as the command line sees it: the protocol on a real socket, a configuration in
// memory, a candidate a connection. What a method answers can be replaced. Its loop has a thread of
// its own; every public call may come from the test's.
class FakeMgmt {
 public:
  using Reply = std::function<Result<json>(const json& params)>;

  FakeMgmt();
  FakeMgmt(const FakeMgmt&) = delete;
  FakeMgmt& operator=(const FakeMgmt&) = delete;
  ~FakeMgmt();

  [[nodiscard]] const std::string& root() const { return folder_.path(); }
  [[nodiscard]] std::string socket() const { return socket_below(root()); }

  void on(const std::string& method, Reply reply);
  void answer(const std::string& method, json result);
  void answer(const std::string& method, Error error);
  void commit_lines(std::string_view lines);

  // The parameters of each call of `method` so far.
  [[nodiscard]] std::vector<json> calls(const std::string& method);
  [[nodiscard]] std::string running();
  // As a daemon that is started again: connections and their candidates are gone.
  void restart();
  void stop();
  // Restarts behind the answer to the next call of `method`.
  void restart_after(const std::string& method);

 private:
  class Session;

  void run(std::function<void()> work) { post(std::move(work)).get(); }
  std::future<void> post(std::function<void()> work);
  void run_posted();
  void listen();

  hal::LineSession::Answer answer_line(const std::string& line,
                                       std::optional<model::Config>& candidate);
  Result<json> own_answer(const std::string& method, const json& params,
                          std::optional<model::Config>& candidate);
  Result<json> end_waiting(bool undo);
  Result<json> commit(std::optional<model::Config>& candidate, const json& params);

  TempFolder folder_;
  hal::Event loop_;
  FileDescriptor wake_fd_{::eventfd(0, EFD_CLOEXEC)};
  std::optional<hal::IoSource> wake_;
  std::mutex posting_;
  std::deque<std::packaged_task<void()>> posted_;

  // The loop's.
  std::unique_ptr<hal::LineServer> server_;
  std::map<std::string, Reply> replies_;
  std::map<std::string, std::vector<json>> calls_;
  json error_data_ = json::object();
  model::Config running_;
  std::optional<model::Config> before_;  // of a commit that waits to be confirmed
  std::uint64_t revision_ = 6;
  std::string restart_after_;

  std::thread thread_;
};

}  // namespace yoke::cli
