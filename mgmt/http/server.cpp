// SPDX-License-Identifier: Apache-2.0
#include "mgmt/http/server.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "mgmt/health/socket_address.h"
#include "mgmt/http/errors.h"

namespace yoke::http {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kClientsMax = 32, kClientsOfOneAddressMax = 8;
constexpr unsigned kIdleSeconds = 10;
constexpr std::size_t kRequestBytesMax = 16 << 10;
constexpr auto kFresh = 1s;
constexpr int kShareOfLoop = 20;  // an answer is made again after as many times what it took
constexpr const char* kTlsPriorities =
    "SECURE128:%SERVER_PRECEDENCE:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";
constexpr int kBacklog = 32;

tl::unexpected<Error> cannot_listen(const net::Endpoint& where, const std::string& why) {
  return fail(Errc::kFailed, kCannotListen,
              where.to_string() + ": cannot listen: " + why + "; choose another address or port");
}

std::optional<net::IpAddress> address_of(const sockaddr* address, socklen_t size) {
  if (address->sa_family == AF_INET && size >= sizeof(sockaddr_in)) {
    return net::IpAddress::load_v4(&reinterpret_cast<const sockaddr_in*>(address)->sin_addr);
  }
  if (address->sa_family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
    return net::IpAddress::load_v6(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr);
  }
  return std::nullopt;
}

// The unit's own addresses come and go with its data plane's ports; the socket waits for them.
Result<FileDescriptor> bound_socket(const net::Endpoint& where) {
  const health::SocketAddress address(where);
  FileDescriptor fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  if (fd) {
    (void)::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (where.address.is_v4()) {
      (void)::setsockopt(fd.get(), IPPROTO_IP, IP_FREEBIND, &on, sizeof on);
    } else {
      (void)::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof on);
      (void)::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
  }
  if (!fd || ::bind(fd.get(), address.get(), address.size()) != 0 ||
      ::listen(fd.get(), kBacklog) != 0) {
    return cannot_listen(where, std::strerror(errno));
  }
  return fd;
}

MHD_Result refuse(MHD_Connection* connection, unsigned status, std::string_view text) {
  auto* const bytes = const_cast<char*>(text.data());
  MHD_Response* const response =
      MHD_create_response_from_buffer(text.size(), bytes, MHD_RESPMEM_MUST_COPY);
  (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain");
  const MHD_Result queued = MHD_queue_response(connection, status, response);
  MHD_destroy_response(response);
  return queued;
}

}  // namespace

// What libmicrohttpd calls.
struct Callbacks {
  static MHD_Result admit(void* self, const sockaddr* address, socklen_t size) {
    const auto client = address_of(address, size);
    return client && static_cast<const Server*>(self)->lets_in(*client) ? MHD_YES : MHD_NO;
  }

  // Once when the headers are there, and again for the answer; a body is nothing we take.
  // NOLINTNEXTLINE(readability-function-size): the signature is the library's
  static MHD_Result handle(void* self, MHD_Connection* connection, const char* path,
                           const char* method, const char* /*version*/, const char* /*body*/,
                           std::size_t* body_bytes, void** seen) {
    if (*body_bytes != 0) return MHD_NO;
    if (*seen == nullptr) {
      *seen = self;
      return MHD_YES;
    }
    const std::string_view verb = method;
    if (verb != "GET" && verb != "HEAD") {
      return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "read only: GET and HEAD\n");
    }
    MHD_Response* const response = static_cast<Server*>(self)->response_for(path);
    if (response == nullptr) return refuse(connection, MHD_HTTP_NOT_FOUND, "nothing is here\n");
    return MHD_queue_response(connection, MHD_HTTP_OK, response);
  }
};

void Server::Stop::operator()(MHD_Daemon* daemon) const noexcept { MHD_stop_daemon(daemon); }
void Server::Release::operator()(MHD_Response* response) const noexcept {
  MHD_destroy_response(response);
}

Result<std::unique_ptr<Server>> Server::listen(sd_event* event, Config config) {
  auto socket = bound_socket(config.listen);
  if (!socket) return tl::unexpected<Error>(socket.error());
  std::unique_ptr<Server> server(new Server(event, std::move(config)));
  if (auto started = server->start(std::move(*socket)); !started) {
    return tl::unexpected<Error>(started.error());
  }
  return server;
}

Server::Server(sd_event* event, Config config)
    : config_(std::move(config)), due_(event, [this] { run(); }), event_(event) {}

Server::~Server() {
  ready_.reset();
  daemon_.reset();
}

Status Server::start(FileDescriptor socket) {
  std::vector<MHD_OptionItem> options{
      {MHD_OPTION_LISTEN_SOCKET, socket.get(), nullptr},
      {MHD_OPTION_CONNECTION_LIMIT, kClientsMax, nullptr},
      {MHD_OPTION_PER_IP_CONNECTION_LIMIT, kClientsOfOneAddressMax, nullptr},
      {MHD_OPTION_CONNECTION_TIMEOUT, kIdleSeconds, nullptr},
      {MHD_OPTION_CONNECTION_MEMORY_LIMIT, kRequestBytesMax, nullptr},
  };
  unsigned flags = MHD_USE_EPOLL;
  if (config_.tls) {
    flags |= MHD_USE_TLS;
    options.push_back({MHD_OPTION_HTTPS_MEM_CERT, 0, config_.tls->certificate.data()});
    options.push_back({MHD_OPTION_HTTPS_MEM_KEY, 0, config_.tls->key.data()});
    options.push_back({MHD_OPTION_HTTPS_PRIORITIES, 0, const_cast<char*>(kTlsPriorities)});
  }
  options.push_back({MHD_OPTION_END, 0, nullptr});
  daemon_.reset(MHD_start_daemon(flags, 0, &Callbacks::admit, this, &Callbacks::handle, this,
                                 MHD_OPTION_ARRAY, options.data(), MHD_OPTION_END));
  if (!daemon_) {
    if (!config_.tls) return cannot_listen(config_.listen, "the HTTP library does not start");
    return fail(Errc::kFailed, kBadCertificate,
                "the certificate and its key cannot be used: expected PEM files that belong to "
                "each other");
  }
  (void)socket.release();  // the daemon closes it
  const auto* const info = MHD_get_daemon_info(daemon_.get(), MHD_DAEMON_INFO_EPOLL_FD);
  ready_ = std::make_unique<hal::IoSource>(event_, info->epoll_fd, EPOLLIN,
                                           [this](std::uint32_t) { run(); });
  if (!ready_->valid())
    return cannot_listen(config_.listen, "the event loop takes no more sources");
  return {};
}

void Server::run() {
  (void)MHD_run(daemon_.get());
  MHD_UNSIGNED_LONG_LONG wait_ms = 0;
  if (MHD_get_timeout(daemon_.get(), &wait_ms) == MHD_YES) {
    due_.start(std::chrono::milliseconds(wait_ms));
  } else {
    due_.stop();
  }
}

bool Server::lets_in(const net::IpAddress& client) const {
  return config_.allow.empty() ||
         std::ranges::any_of(config_.allow,
                             [&](const net::Prefix& prefix) { return prefix.contains(client); });
}

MHD_Response* Server::response_for(const std::string& path) {
  const MonoTime now = MonoClock::now();
  const auto known = kept_.find(path);
  if (known != kept_.end() && now < known->second.until) return known->second.response.get();
  const auto answer = config_.answer(path);
  if (!answer) return nullptr;
  Kept& kept = kept_[path];
  // Whoever asks often must not keep the loop from what it is there for.
  const auto made = MonoClock::now();
  kept = {make_response(*answer),
          made + std::max<MonoClock::duration>(kFresh, kShareOfLoop * (made - now))};
  return kept.response.get();
}

Server::Response Server::make_response(const Answer& answer) const {
  auto* const bytes = const_cast<char*>(answer.body.data());
  Response response(
      MHD_create_response_from_buffer(answer.body.size(), bytes, MHD_RESPMEM_MUST_COPY));
  const auto add = [&](const char* name, const std::string& value) {
    (void)MHD_add_response_header(response.get(), name, value.c_str());
  };
  add(MHD_HTTP_HEADER_CONTENT_TYPE, std::string(answer.content_type));
  add(MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
  add("X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : config_.headers) add(name.c_str(), value);
  return response;
}

}  // namespace yoke::http
