// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/net/address.h"
#include "hal/base/result.h"
#include "mgmt/health/settings.h"

namespace yoke::health {

// What a check says of a server's certificate.
struct TlsWishes {
  std::string name;  // to ask for and to verify; empty: none, and the address is verified
  bool verify = false;
  unsigned warn_days = 0;
};
[[nodiscard]] TlsWishes tls_wishes_of(const Settings& settings);

// Of a server whose first bytes are nothing of TLS.
inline constexpr std::string_view kSpeaksNoTls = "does not speak TLS";

// When a server's certificate ends, once it has been seen, be it trusted or not.
using CertificateEnd = std::optional<std::chrono::sys_seconds>;

// What all of a unit's TLS connections share: above all the certificates that it trusts, read and
// kept once. Threads: the loop's own.
class TlsContext {
 public:
  // `trusted` is a file of certificates, each trusted by itself; empty: those of the system.
  explicit TlsContext(const std::string& trusted);
  // What this unit lacks to do as `wishes` say, in words; nothing: nothing.
  [[nodiscard]] std::optional<std::string_view> lack(const TlsWishes& wishes) const noexcept;
  [[nodiscard]] SSL_CTX* get() const noexcept { return context_.get(); }
  // Makes `other` trust the same certificates, and note when a server's ends in `end`, which
  // outlives it.
  void lend_trust(SSL_CTX* other, CertificateEnd& end) const noexcept;

 private:
  struct Release {
    void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
  };
  std::unique_ptr<SSL_CTX, Release> context_;
  bool has_trust_ = false;
};

// Whether it has ended, or ends in fewer than `warn_days` whole days.
[[nodiscard]] bool ends_soon(std::chrono::seconds left, unsigned warn_days) noexcept;
// "ends in 3 days", of whole days, or "ended 1 day ago", of those begun.
[[nodiscard]] std::string end_text(std::chrono::seconds left);
// "certificate ends in 3 days", of whole days, or "certificate ended 1 day ago", of those begun;
// empty where there are `warn_days` or more.
[[nodiscard]] std::string expiry_warning(std::chrono::seconds left, unsigned warn_days);

// The client's side of TLS between bytes on both ends: it knows no socket. Errors are in words and
// without an identifier. Threads: owned by one.
class TlsClient {
 public:
  TlsClient(const TlsContext& context, const net::IpAddress& server, const TlsWishes& wishes);
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;
  ~TlsClient() = default;
  // False where there was no memory for it: nothing else may be called then.
  [[nodiscard]] bool valid() const noexcept { return ssl_ != nullptr; }

  void feed(std::string_view from_server);
  // What is to be sent to the server now.
  [[nodiscard]] std::string take_output();

  // True once TLS stands. E: why it will not.
  [[nodiscard]] Result<bool> handshake();
  void write(std::string_view plain);
  // What has come so far, decrypted.
  [[nodiscard]] Result<std::string> read();
  [[nodiscard]] bool is_closed() const noexcept { return is_closed_; }  // by the server, in order

  // Of the handshake: "TLSv1.3, certificate until 2027-01-31".
  [[nodiscard]] std::string description() const;
  [[nodiscard]] std::string warning() const;
  [[nodiscard]] const CertificateEnd& certificate_end() const noexcept { return certificate_end_; }

 private:
  struct Release {
    void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  };
  [[nodiscard]] bool set_up(const net::IpAddress& server, const TlsWishes& wishes);
  [[nodiscard]] std::string why_not() const;

  unsigned warn_days_;
  CertificateEnd certificate_end_;
  std::unique_ptr<SSL, Release> ssl_;
  bool is_closed_ = false;
};

}  // namespace yoke::health
