// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/flow_watch.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "dataplane/api/envelope.h"

namespace yoke::pair {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kAnswerMost = std::size_t{1} << 20;

bool flag_in(const Json& object, const char* key) {
  const auto at = object.find(key);
  return at != object.end() && at->is_boolean() && at->get<bool>();
}

std::uint64_t number_in(const Json& object, const char* key) {
  const auto at = object.find(key);
  return at != object.end() && at->is_number_unsigned() ? at->get<std::uint64_t>() : 0;
}

}  // namespace

std::optional<FlowStanding> decode_flow_standing(const std::string& line) {
  const Json answer = Json::parse(line, nullptr, false);
  if (!answer.is_object()) return std::nullopt;
  const auto result = answer.find("result");
  if (result == answer.end() || !result->is_object()) return std::nullopt;
  const auto sync = result->find("flow_sync");
  if (sync == result->end() || !sync->is_object()) return std::nullopt;
  return FlowStanding{.has_link = flag_in(*sync, "link"),
                      .is_told = flag_in(*sync, "told"),
                      .is_whole = flag_in(*sync, "whole"),
                      .lag_us = number_in(*sync, "lag_us"),
                      .told = number_in(*sync, "records_told"),
                      .heard = number_in(*sync, "records_heard")};
}

FlowWatch::FlowWatch(sd_event* loop, std::string socket,
                     std::function<void(const std::optional<FlowStanding>&)> tell)
    : loop_(loop),
      path_(std::move(socket)),
      tell_(std::move(tell)),
      next_(loop, [this] { go_on(); }),
      late_(loop, [this] { flushed_ = nullptr; }) {
  go_on();
}

void FlowWatch::flush(std::function<void()> done) {
  flushed_ = std::move(done);
  is_older_ = asked_;
  late_.start(kFlushMost);
  go_on();
}

void FlowWatch::go_on() {
  next_.start(flushed_ ? kAskOften : kAskEvery);
  if (!fd_ && !connect()) return finish();
  if (!asked_) ask();
}

bool FlowWatch::connect() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof address.sun_path) return false;
  path_.copy(address.sun_path, path_.size());
  FileDescriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd ||
      ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return false;
  }
  fd_ = std::move(fd);
  io_ = std::make_unique<hal::IoSource>(loop_, fd_.get(), EPOLLIN,
                                        [this](std::uint32_t) { on_input(); });
  return true;
}

void FlowWatch::ask() {
  const std::string line = api::encode_request(1, "status", Json{{"servers", false}});
  const ssize_t sent = ::send(fd_.get(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent != static_cast<ssize_t>(line.size())) return lost();
  asked_ = true;
}

void FlowWatch::on_input() {
  std::array<char, 16384> piece{};
  const ssize_t n = ::recv(fd_.get(), piece.data(), piece.size(), MSG_DONTWAIT);
  if (n <= 0 || input_.size() > kAnswerMost) return lost();
  input_.append(piece.data(), static_cast<std::size_t>(n));
  for (auto end = input_.find('\n'); end != std::string::npos; end = input_.find('\n')) {
    const std::string line = input_.substr(0, end);
    input_.erase(0, end + 1);
    asked_ = false;
    take(line);
  }
}

// A data plane that does not know of flow sync has nothing that could be waited for.
void FlowWatch::take(const std::string& line) {
  const auto standing = decode_flow_standing(line);
  tell_(standing);
  const bool is_older = std::exchange(is_older_, false);
  if (!flushed_) return;
  if (!is_older && (!standing || standing->is_told)) {
    finish();
  } else {
    next_.start(kAskOften);
  }
}

// A data plane that is not there has nothing that could be told.
void FlowWatch::finish() {
  late_.stop();
  if (flushed_) std::exchange(flushed_, nullptr)();
}

void FlowWatch::lost() {
  io_.reset();
  fd_.reset();
  input_.clear();
  asked_ = is_older_ = false;
  tell_(std::nullopt);
  finish();
}

}  // namespace yoke::pair
