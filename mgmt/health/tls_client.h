// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/net/address.h"
#include "hal/base/result.h"
#include "mgmt/health/settings.h"

namespace yoke::health {

// What all of a unit's TLS connections share: above all the certificates that it trusts. Threads:
// the loop's own.
class TlsContext {
 public:
  // `trusted` is a file of certificates; empty: those of the system.
  explicit TlsContext(const std::string& trusted);
  [[nodiscard]] SSL_CTX* get() const noexcept { return context_.get(); }

 private:
  struct Release {
    void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
  };
  std::unique_ptr<SSL_CTX, Release> context_;
};

// What a check says of a server's certificate.
struct TlsWishes {
  std::string name;  // to ask for and to verify; empty: none, and the address is verified
  bool verify = false;
  unsigned warn_days = 0;
};
[[nodiscard]] TlsWishes tls_wishes_of(const Settings& settings);

// "certificate ends in 3 days", "certificate ended 1 day ago"; empty where there is more time than
// `warn_days`.
[[nodiscard]] std::string expiry_warning(int days_left, unsigned warn_days);

// The client's side of TLS between bytes on both ends: it knows no socket. Errors are in words and
// without an identifier. Threads: owned by one.
class TlsClient {
 public:
  TlsClient(const TlsContext& context, const net::IpAddress& server, const TlsWishes& wishes);

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

 private:
  struct Release {
    void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  };
  [[nodiscard]] std::string why_not() const;

  unsigned warn_days_;
  std::unique_ptr<SSL, Release> ssl_;
  bool is_closed_ = false;
};

}  // namespace yoke::health
