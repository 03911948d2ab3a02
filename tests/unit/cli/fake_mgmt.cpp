// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/cli/fake_mgmt.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "mgmt/rpc/message.h"

namespace yoke::cli {

FakeMgmt::FakeMgmt() {
  std::filesystem::create_directories(folder_.file("run/yoke"));
  sd_event* made = nullptr;
  if (sd_event_new(&made) < 0) std::abort();
  loop_.reset(made);
  wake_.emplace(made, wake_fd_.get(), EPOLLIN, [this](std::uint32_t) { run_posted(); });
  listen();
  thread_ = std::thread([this] { (void)sd_event_loop(loop_.get()); });
}

FakeMgmt::~FakeMgmt() {
  run([this] {
    server_.reset();
    (void)sd_event_exit(loop_.get(), 0);
  });
  thread_.join();
  wake_.reset();
}

void FakeMgmt::on(const std::string& method, Reply reply) {
  run([&] { replies_[method] = std::move(reply); });
}

void FakeMgmt::answer(const std::string& method, json result) {
  on(method, [result = std::move(result)](const json&) { return result; });
}

void FakeMgmt::answer(const std::string& method, Error error) {
  on(method, [error = std::move(error)](const json&) { return Result<json>(tl::unexpect, error); });
}

void FakeMgmt::commit_lines(std::string_view lines) {
  std::istringstream stream{std::string(lines)};
  for (std::string line; std::getline(stream, line);) {
    const auto edits = model::parse_command(line);
    ASSERT_TRUE(edits) << line;
    run([&] { ASSERT_TRUE(model::edit(running_, *edits)) << line; });
  }
}

std::vector<json> FakeMgmt::calls(const std::string& method) {
  std::vector<json> list;
  run([&] { list = calls_[method]; });
  return list;
}

std::string FakeMgmt::running() {
  std::string text;
  run([&] { text = model::to_commands(running_); });
  return text;
}

void FakeMgmt::restart() {
  run([this] {
    server_.reset();
    listen();
  });
}

void FakeMgmt::stop() {
  run([this] { server_.reset(); });
}

void FakeMgmt::restart_after(const std::string& method) {
  run([&] { restart_after_ = method; });
}

class FakeMgmt::Session final : public hal::LineSession {
 public:
  explicit Session(FakeMgmt& mgmt) : mgmt_(mgmt) {}
  Answer answer(const std::string& line) override { return mgmt_.answer_line(line, candidate_); }

 private:
  FakeMgmt& mgmt_;
  std::optional<model::Config> candidate_;
};

std::future<void> FakeMgmt::post(std::function<void()> work) {
  std::packaged_task<void()> task(std::move(work));
  auto done = task.get_future();
  {
    const std::lock_guard held(posting_);
    posted_.push_back(std::move(task));
  }
  const std::uint64_t one = 1;
  if (::write(wake_fd_.get(), &one, sizeof one) != sizeof one) std::abort();
  return done;
}

void FakeMgmt::run_posted() {
  std::uint64_t times = 0;
  if (::read(wake_fd_.get(), &times, sizeof times) != sizeof times) return;
  std::deque<std::packaged_task<void()>> work;
  {
    const std::lock_guard held(posting_);
    work.swap(posted_);
  }
  for (auto& task : work) task();
}

void FakeMgmt::listen() {
  auto server = hal::LineServer::listen(
      loop_.get(),
      {.path = socket(),
       .line_bytes_max = rpc::kLineBytesMax,
       .connections_max = 16,
       .open_session = [this](const hal::Peer&) { return std::make_unique<Session>(*this); },
       .error_line = [](const Error& error) { return rpc::error_line(nullptr, error); }});
  if (!server) std::abort();
  server_ = std::move(*server);
}

hal::LineSession::Answer FakeMgmt::answer_line(const std::string& line,
                                               std::optional<model::Config>& candidate) {
  const auto request = rpc::parse_request(line);
  if (!request) return {.line = rpc::error_line(nullptr, request.error()), .ends_session = true};
  calls_[request->method].push_back(request->params);
  error_data_ = json::object();
  const auto replaced = replies_.find(request->method);
  const auto result = replaced != replies_.end()
                          ? replaced->second(request->params)
                          : own_answer(request->method, request->params, candidate);
  if (restart_after_ == request->method) {
    restart_after_.clear();
    (void)post([this] {
      server_.reset();
      listen();
    });
  }
  return {.line = result ? rpc::result_line(request->id, *result)
                         : rpc::error_line(request->id, result.error(), error_data_),
          .ends_session = false};
}

Result<json> FakeMgmt::own_answer(const std::string& method, const json& params,
                                  std::optional<model::Config>& candidate) {
  const auto edited = [&] { return candidate.value_or(running_); };
  if (method == "hello") return json{{"version", 1}, {"unit", "lb-a"}};
  if (method == "check") return json{{"violations", model::to_json(model::violations(edited()))}};
  if (method == "diff") return json{{"changes", model::to_json(model::diff(running_, edited()))}};
  if (method == "config") {
    const bool of_candidate = params.value("candidate", false);
    return json{{"revision", revision_},
                {"document", model::to_json(of_candidate ? edited() : running_)}};
  }
  if (method == "discard") {
    candidate.reset();
    return json::object();
  }
  if (method == "load") {
    auto loaded = model::config_from_json(params.value("document", json()));
    if (!loaded) return tl::unexpected(loaded.error());
    candidate = std::move(*loaded);
    return json::object();
  }
  if (method == "edit") {
    const auto edits = model::operations_from_json(params.value("operations", json()));
    if (!edits) return tl::unexpected(edits.error());
    model::Config config = edited();
    if (auto done = model::edit(config, *edits); !done) return tl::unexpected(done.error());
    candidate = std::move(config);
    return json{{"edited", edits->size()}};
  }
  if (method == "commit") return commit(candidate, params);
  if (method == "unconfirmed") {
    if (!before_) return json{{"revision", nullptr}};
    return json{{"revision", revision_}, {"back_to", revision_ - 1}, {"remaining_ms", 251'000}};
  }
  if (method == "confirm" || method == "reject") return end_waiting(method == "reject");
  return fail(Errc::kInvalid, "E-401", "there is no such method");
}

Result<json> FakeMgmt::end_waiting(bool undo) {
  if (!before_) return fail(Errc::kConflict, "E-456", "no commit waits for a confirmation");
  if (undo) {
    running_ = *before_;
    ++revision_;
  }
  before_.reset();
  return json{{"revision", revision_}, {"changes", 1}};
}

Result<json> FakeMgmt::commit(std::optional<model::Config>& candidate, const json& params) {
  const model::Config config = candidate.value_or(running_);
  if (const auto wrong = model::violations(config); !wrong.empty()) {
    error_data_["violations"] = model::to_json(wrong);
    return fail(Errc::kFailed, "E-450", "the configuration breaks rules");
  }
  const auto changes = model::diff(running_, config).size();
  if (changes > 0) ++revision_;
  if (changes > 0 && params.contains("confirm_ms")) before_ = running_;
  running_ = config;
  candidate.reset();
  return json{{"revision", revision_}, {"changes", changes}};
}

}  // namespace yoke::cli
