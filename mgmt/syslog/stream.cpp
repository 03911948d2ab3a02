// SPDX-License-Identifier: Apache-2.0
#include "mgmt/syslog/stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "hal/linux/trust_file.h"
#include "mgmt/health/socket_address.h"
#include "mgmt/syslog/errors.h"

namespace yoke::syslog {
namespace {

// To be connected, and for TLS as well.
constexpr auto kLate = std::chrono::seconds(10);

// One that is gone without a word, or reads nothing, is noticed in half a minute.
void notice_silence(int fd) {
  constexpr int kOn = 1, kIdleSeconds = 15, kProbeSeconds = 5;
  constexpr unsigned kSilenceMs = 30'000;
  (void)::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &kOn, sizeof kOn);
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &kIdleSeconds, sizeof kIdleSeconds);
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &kProbeSeconds, sizeof kProbeSeconds);
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &kSilenceMs, sizeof kSilenceMs);
}

std::string openssl_error() {
  std::array<char, 256> text{};
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "it hung up";
  ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

}  // namespace

void Stream::FreeSsl::operator()(ssl_st* ssl) const noexcept { SSL_free(ssl); }
void Stream::FreeContext::operator()(ssl_ctx_st* context) const noexcept { SSL_CTX_free(context); }

Result<std::unique_ptr<Stream>> Stream::connect(sd_event* event, const net::Endpoint& server,
                                                const std::optional<Trust>& tls,
                                                Handlers handlers) {
  const health::SocketAddress address(server);
  FileDescriptor fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd || (::connect(fd.get(), address.get(), address.size()) != 0 && errno != EINPROGRESS)) {
    return fail(Errc::kUnavailable, kNotConnected,
                server.to_string() + ": " + std::strerror(errno));
  }
  notice_silence(fd.get());
  std::unique_ptr<Stream> stream(new Stream(event, std::move(fd), std::move(handlers)));
  if (!stream->io_.valid()) {
    return fail(Errc::kFailed, kNotConnected, "the event loop takes no more sources");
  }
  if (tls) {
    if (auto ready = stream->prepare_tls(server, *tls); !ready) {
      return tl::unexpected<Error>(ready.error());
    }
  }
  return stream;
}

Stream::Stream(sd_event* event, FileDescriptor fd, Handlers handlers)
    : fd_(std::move(fd)),
      handlers_(std::move(handlers)),
      io_(event, fd_.get(), EPOLLOUT, [this](std::uint32_t events) { on_ready(events); }),
      late_(event, [this] { end("no answer in time"); }) {
  late_.start(kLate);
}

Stream::~Stream() {
  if (ssl_ && open_ && failure_.empty()) (void)SSL_shutdown(ssl_.get());
}

Status Stream::prepare_tls(const net::Endpoint& server, const Trust& trust) {
  context_.reset(SSL_CTX_new(TLS_client_method()));
  if (!context_) return fail(Errc::kFailed, kBadTrust, "OpenSSL: " + openssl_error());
  (void)SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
  (void)SSL_CTX_set_mode(context_.get(),
                         SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (auto readable = hal::expect_trust_file(trust.authorities, kBadTrust); !readable)
    return readable;
  const int trusted = trust.authorities.empty()
                          ? SSL_CTX_set_default_verify_paths(context_.get())
                          : SSL_CTX_load_verify_file(context_.get(), trust.authorities.c_str());
  if (trusted != 1) {
    return fail(Errc::kFailed, kBadTrust,
                trust.authorities + ": expected a PEM file of certificates: " + openssl_error());
  }
  SSL_CTX_set_verify(context_.get(), trust.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  ssl_.reset(SSL_new(context_.get()));
  if (!ssl_) return fail(Errc::kFailed, kBadTrust, "OpenSSL: " + openssl_error());
  X509_VERIFY_PARAM* const wanted = SSL_get0_param(ssl_.get());
  bool good = SSL_set_fd(ssl_.get(), fd_.get()) == 1;
  if (trust.name.empty()) {
    const std::string address = server.address.to_string();
    good = good && X509_VERIFY_PARAM_set1_ip_asc(wanted, address.c_str()) == 1;
  } else {
    good = good && SSL_set1_host(ssl_.get(), trust.name.c_str()) == 1 &&
           SSL_set_tlsext_host_name(ssl_.get(), trust.name.c_str()) == 1;
  }
  if (!good) return fail(Errc::kFailed, kBadTrust, "OpenSSL: " + openssl_error());
  SSL_set_connect_state(ssl_.get());
  return {};
}

void Stream::on_ready(std::uint32_t events) {
  if (!failure_.empty()) return end(std::string(failure_));
  if (!connected_) {
    int error = 0;
    socklen_t size = sizeof error;
    (void)::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return end(std::strerror(error));
    connected_ = true;
  }
  if (!open_) {
    if (ssl_ && !handshake()) return;
    open_ = true;
    late_.stop();
  } else if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !peer_is_there()) {
    return end(ssl_ && ERR_peek_error() != 0 ? "TLS: " + openssl_error() : "it hung up");
  }
  // TLS may have waited for either; one that only talks has not made room.
  const bool has_room = (events & EPOLLOUT) != 0 || ssl_;
  wants_room_ = wants_room_ && !has_room;
  io_.watch(EPOLLIN | (wants_room_ ? EPOLLOUT : 0U));
  if (has_room) handlers_.writable();
}

// False: it goes on later, or has failed.
bool Stream::handshake() {
  ERR_clear_error();
  const int done = SSL_do_handshake(ssl_.get());
  if (done == 1) return true;
  switch (SSL_get_error(ssl_.get(), done)) {
    case SSL_ERROR_WANT_READ:
      io_.watch(EPOLLIN);
      return false;
    case SSL_ERROR_WANT_WRITE:
      io_.watch(EPOLLOUT);
      return false;
    default:
      end("TLS: " + tls_reason());
      return false;
  }
}

std::string Stream::tls_reason() const {
  const long verdict = SSL_get_verify_result(ssl_.get());
  if (verdict != X509_V_OK) {
    ERR_clear_error();
    return std::string("its certificate: ") + X509_verify_cert_error_string(verdict);
  }
  return openssl_error();
}

// What a log server says, a session ticket at most, is of no interest.
bool Stream::peer_is_there() {
  std::array<char, 4096> bytes{};
  if (!ssl_) {
    const ssize_t n = ::recv(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
  }
  ERR_clear_error();
  const int n = SSL_read(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
  if (n > 0) return true;
  const int error = SSL_get_error(ssl_.get(), n);
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

std::size_t Stream::write(std::string_view bytes) {
  if (!open_ || bytes.empty() || !failure_.empty()) return 0;
  if (!ssl_) {
    const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno != EAGAIN && errno != EINTR) failure_ = std::strerror(errno);
  } else {
    ERR_clear_error();
    std::size_t taken = 0;
    const int done = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &taken);
    if (done == 1) return taken;
    const int error = SSL_get_error(ssl_.get(), done);
    if (error == SSL_ERROR_WANT_READ) {
      io_.watch(EPOLLIN);
      return 0;
    }
    if (error != SSL_ERROR_WANT_WRITE) failure_ = "TLS: " + tls_reason();
  }
  wants_room_ = true;
  io_.watch(EPOLLIN | EPOLLOUT);
  return 0;
}

void Stream::end(const std::string& why) {
  io_.watch(0);
  late_.stop();
  const auto ended = handlers_.ended;  // kept for the length of a call that destroys us
  ended(why);
}

}  // namespace yoke::syslog
