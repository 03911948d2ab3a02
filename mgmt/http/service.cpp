// SPDX-License-Identifier: Apache-2.0
#include "mgmt/http/service.h"

#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "hal/base/file_descriptor.h"
#include "mgmt/health/socket_address.h"

namespace yoke::http {
namespace {

constexpr auto kAfterFailure = std::chrono::seconds(5);

// What cannot be found out is no news.
bool unit_has(const net::IpAddress& address) {
  const health::SocketAddress any_port(net::Endpoint{address, 0});
  const FileDescriptor fd(::socket(any_port.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return true;
  return ::bind(fd.get(), any_port.get(), any_port.size()) == 0 || errno != EADDRNOTAVAIL;
}

}  // namespace

Service::Service(sd_event* event, Make make, Pace pace)
    : event_(event),
      make_(std::move(make)),
      pace_(pace),
      again_(event, [this] { start(); }),
      look_(event, [this] { look(); }) {}

void Service::follow(const Settings& settings) {
  if (settings == settings_) return;
  settings_ = settings;
  server_.reset();
  start();
}

void Service::start() {
  again_.stop();
  look_.stop();
  failure_.clear();
  missing_ = 0;
  if (!settings_.listen) return;
  if (auto listening = listen(); !listening) {
    failure_ = listening.error().text;
    again_.start(kAfterFailure);
    return;
  }
  look_.start(pace_.look);
}

void Service::look() {
  missing_ = unit_has(settings_.listen->address) ? 0 : missing_ + 1;
  failure_.clear();
  if (missing_ >= pace_.missing) {
    failure_ = settings_.listen->to_string() +
               ": nobody reaches it, the unit does not have this address: choose one of those that "
               "show address tells, or set this one to an interface";
  }
  look_.start(pace_.look);
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
