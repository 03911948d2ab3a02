// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "hal/base/clock.h"
#include "hal/base/file_descriptor.h"
#include "hal/base/result.h"
#include "hal/linux/line_buffer.h"
#include "mgmt/rpc/message.h"

namespace yoke::rpc {

// One connection to yoke-mgmt: a call is sent and its answer waited for. The connection holds the
// candidate, so commands that belong together use one Client. After a call that timed out or lost
// the connection every further call fails; connect again. Threads: owned by one.
//
// Errors: E-601 not running, E-602 not permitted, E-603 no answer in time, E-604 connection lost,
// E-605 not the protocol; everything else is yoke-mgmt's own answer, passed on as it was given.
class Client {
 public:
  // `timeout` bounds the connect and, from then on, each call.
  [[nodiscard]] static Result<Client> connect(const std::string& path,
                                              std::chrono::milliseconds timeout);

  [[nodiscard]] Result<nlohmann::json> call(
      const std::string& method, const nlohmann::json& params = nlohmann::json::object());

  // From now on `told` is called, once, in each call that has no answer for so long: somebody may
  // be looking at a terminal on which nothing moves.
  void when_late(std::chrono::milliseconds after, std::function<void()> told) {
    late_after_ = after;
    late_ = std::move(told);
  }

  // `data` of the error that the last call was answered with ("violations" of a refused commit);
  // an empty object where there was none.
  [[nodiscard]] const nlohmann::json& error_data() const noexcept { return error_data_; }

 private:
  Client(FileDescriptor fd, std::chrono::milliseconds timeout)
      : fd_(std::move(fd)), timeout_(timeout) {}

  [[nodiscard]] Status send(const std::string& line, MonoTime deadline);
  [[nodiscard]] Result<std::string> receive(MonoTime deadline);
  [[nodiscard]] Status wait(short events, MonoTime deadline);
  [[nodiscard]] Result<nlohmann::json> exchange(const std::string& line, std::uint64_t id);

  FileDescriptor fd_;
  std::chrono::milliseconds timeout_;
  std::chrono::milliseconds late_after_{};
  std::function<void()> late_;
  MonoTime late_at_ = MonoTime::max();  // of this call; max() once it was told
  hal::LineBuffer input_{kLineBytesMax};
  std::uint64_t next_id_ = 1;
  nlohmann::json error_data_ = nlohmann::json::object();
};

}  // namespace yoke::rpc
