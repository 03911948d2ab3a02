// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/client/pairing_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "mgmt/pair/client/answer.h"
#include "mgmt/pair/client/errors.h"

namespace yoke::pair {
namespace {

using events::Kind;
using Json = nlohmann::json;
using std::chrono::milliseconds;

constexpr milliseconds kLookEvery{1000};
constexpr milliseconds kAfterFailure{5000};  // a process that hangs holds the loop for kDeadline

struct Known {
  std::string_view what;
  Kind kind;
};
constexpr std::array kKnown{Known{"attempt", Kind::kPairAttempt},
                            Known{"failed", Kind::kPairFailed},
                            Known{"paired", Kind::kPairPaired},
                            Known{"forgotten", Kind::kPairForgotten},
                            Known{"rotating", Kind::kPairRotating},
                            Known{"rotated", Kind::kPairRotated},
                            Known{"rotation-failed", Kind::kPairRotationFailed}};

std::uint64_t number_of(const Json& news) { return number_in(news, "number").value_or(0); }

}  // namespace

PairingClient::PairingClient(sd_event* loop, std::filesystem::path socket,
                             std::function<std::string()> name, events::Record record)
    : socket_(std::move(socket)),
      name_(std::move(name)),
      record_(std::move(record)),
      next_(loop, [this] { look(); }) {
  next_.start(milliseconds(0));
}

bool PairingClient::connect() {
  if (client_ && client_->connected()) return true;
  client_.reset();
  told_name_.clear();
  auto connected = api::Client::connect(socket_, kDeadline);
  if (connected) client_.emplace(std::move(*connected));
  return client_.has_value();
}

Result<Json> PairingClient::ask(std::string_view method, Json params) {
  if (connect()) {
    const bool only_looks = method == "pairing" || method == "introduce";
    auto answer = client_->call(method, std::move(params), only_looks ? kDeadline : kChange);
    if (answer || client_->fd() >= 0) return answer;
    client_.reset();
  }
  return fail(Errc::kUnavailable, kNoPairProcess,
              fmt::format("yoke-pair does not answer at {}: see journalctl -u yoke-pair, or start "
                          "it (systemctl enable --now yoke-pair)",
                          socket_.string()));
}

void PairingClient::look() {
  next_.start(kAfterFailure);
  if (!connect()) return;
  if (const std::string name = name_(); name != told_name_) {
    // One that is refused is not told again: yoke-pair has another for itself.
    (void)ask("introduce", {{"name", name}});
    told_name_ = name;
  }
  const auto status = ask("pairing", Json::object());
  if (!status) return;
  tell_news(*status);
  next_.start(kLookEvery);
}

// What happened before this process was there was told by the one before it.
void PairingClient::tell_news(const Json& status) {
  const auto at = status.is_object() ? status.find("news") : status.end();
  const Json news = at != status.end() && at->is_array() ? *at : Json::array();
  std::uint64_t newest = 0;
  for (const Json& each : news) newest = std::max(newest, number_of(each));
  // A yoke-pair that was started anew counts from the beginning.
  if (heard_ && newest < *heard_) heard_ = 0;
  const std::uint64_t before = heard_.value_or(newest);
  heard_ = newest;
  for (const Json& each : news) {
    const auto* const known = std::ranges::find(kKnown, text_in(each, "what"), &Known::what);
    if (known == kKnown.end() || number_of(each) <= before) continue;
    record_({known->kind,
             text_in(each, "text"),
             {{"PEER", text_in(each, "other")}, {"ADDRESS", text_in(each, "address")}}});
  }
}

}  // namespace yoke::pair
