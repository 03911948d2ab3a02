// SPDX-License-Identifier: Apache-2.0
#include "mgmt/http/service.h"

#include <chrono>
#include <utility>

namespace yoke::http {
namespace {

constexpr auto kAfterFailure = std::chrono::seconds(5);

}  // namespace

Service::Service(sd_event* event, Make make)
    : event_(event), make_(std::move(make)), again_(event, [this] { start(); }) {}

void Service::follow(const Settings& settings) {
  if (settings == settings_) return;
  settings_ = settings;
  server_.reset();
  start();
}

void Service::start() {
  again_.stop();
  failure_.clear();
  if (!settings_.listen) return;
  if (auto listening = listen(); !listening) {
    failure_ = listening.error().text;
    again_.start(kAfterFailure);
  }
}

Status Service::listen() {
  auto config = make_(settings_);
  if (!config) return tl::unexpected<Error>(config.error());
  auto server = Server::listen(event_, std::move(*config));
  if (!server) return tl::unexpected<Error>(server.error());
  server_ = std::move(*server);
  return {};
}

}  // namespace yoke::http
