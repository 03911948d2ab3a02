// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "hal/base/result.h"
#include "mgmt/rpc/client.h"

namespace yoke::cli {

// The way to yoke-mgmt, made at the first call and again at the first call after it was lost; the
// candidate is gone then, so nothing is sent again by itself once there are edits. Threads: owned
// by one.
class Connection {
 public:
  // `from`: where whoever types comes from (origin.h), or "".
  explicit Connection(std::string socket_path, std::string from = {})
      : path_(std::move(socket_path)), from_(std::move(from)) {}

  // As rpc::Client's. Before the first call.
  void when_late(std::chrono::milliseconds after, std::function<void()> told) {
    late_after_ = after;
    late_ = std::move(told);
  }

  // The result of `method`. Errors: those of rpc::Client, and yoke-mgmt's own answers.
  [[nodiscard]] Result<nlohmann::json> call(const std::string& method,
                                            const nlohmann::json& params);
  // Commits the candidate, with the parameters of mgmt/README.md; the answer is an object.
  [[nodiscard]] Result<nlohmann::json> commit(const nlohmann::json& params);
  // `data` of the error that the last call was answered with, or an empty object.
  [[nodiscard]] const nlohmann::json& error_data() const noexcept { return error_data_; }

  // Connects where that was not done yet.
  [[nodiscard]] Status greet();
  // Name of the unit; empty before the first call.
  [[nodiscard]] const std::string& unit() const noexcept { return unit_; }
  void set_unit(std::string name) { unit_ = std::move(name); }
  // What the unit tells everybody who opens a session.
  [[nodiscard]] const std::string& banner() const noexcept { return banner_; }

  // The candidate that this connection holds differs from what is committed, as far as we know.
  [[nodiscard]] bool has_edits() const noexcept { return has_edits_; }
  void set_edits(bool edits) noexcept { has_edits_ = edits; }
  // Nobody else may edit while this connection lives.
  [[nodiscard]] bool is_alone() const noexcept { return is_alone_; }
  void set_alone(bool alone) noexcept { is_alone_ = alone; }

 private:
  [[nodiscard]] Result<nlohmann::json> call_once(const std::string& method,
                                                 const nlohmann::json& params);

  std::string path_;
  std::string from_;
  std::chrono::milliseconds late_after_{};
  std::function<void()> late_;
  std::optional<rpc::Client> client_;
  std::string unit_;
  std::string banner_;
  nlohmann::json error_data_ = nlohmann::json::object();
  bool has_edits_ = false;
  bool is_alone_ = false;
};

// What `answer` holds under `key`, or null; one of another shape is for the reader of the part to
// refuse.
[[nodiscard]] nlohmann::json part_of(const nlohmann::json& answer, const char* key);

// <root>/run/yoke/mgmt.sock; an empty root is the machine's own.
[[nodiscard]] std::string socket_below(const std::string& root);

}  // namespace yoke::cli
