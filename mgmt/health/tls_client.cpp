// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/tls_client.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>

namespace yoke::health {
namespace {

struct CertificateRelease {
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};
using Certificate = std::unique_ptr<X509, CertificateRelease>;

Certificate certificate_of(const SSL* ssl) { return Certificate(SSL_get1_peer_certificate(ssl)); }

// Whole days until it ends; below zero once it has.
std::optional<int> days_left(const X509* certificate) {
  int days = 0;
  int seconds = 0;
  if (ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(certificate)) != 1) {
    return std::nullopt;
  }
  return seconds < 0 ? days - 1 : days;
}

std::string last_day(const X509* certificate) {
  std::tm end{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1) return "?";
  return fmt::format("{:04}-{:02}-{:02}", end.tm_year + 1900, end.tm_mon + 1, end.tm_mday);
}

std::string days_text(int days) { return fmt::format("{} {}", days, days == 1 ? "day" : "days"); }

}  // namespace

TlsContext::TlsContext(const std::string& trusted) : context_(SSL_CTX_new(TLS_client_method())) {
  if (!context_) return;
  (void)SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_OFF);
  if (trusted.empty()) {
    (void)SSL_CTX_set_default_verify_paths(context_.get());
  } else {
    (void)SSL_CTX_load_verify_file(context_.get(), trusted.c_str());
  }
  ERR_clear_error();
}

TlsWishes tls_wishes_of(const Settings& settings) {
  return {std::string(settings.text("sni")), settings.flag("verify"), settings.number("warn-days")};
}

std::string expiry_warning(int days_left, unsigned warn_days) {
  if (days_left < 0) return fmt::format("certificate ended {} ago", days_text(-days_left));
  if (static_cast<unsigned>(days_left) >= warn_days) return {};
  return fmt::format("certificate ends in {}", days_text(days_left));
}

TlsClient::TlsClient(const TlsContext& context, const net::IpAddress& server,
                     const TlsWishes& wishes)
    : warn_days_(wishes.warn_days), ssl_(context.get() ? SSL_new(context.get()) : nullptr) {
  BIO* const in = BIO_new(BIO_s_mem());
  BIO* const out = BIO_new(BIO_s_mem());
  if (!ssl_ || in == nullptr || out == nullptr) {
    BIO_free(in);
    BIO_free(out);
    ssl_.reset();
    return;
  }
  (void)BIO_set_mem_eof_return(in, -1);  // empty means later, not the end
  SSL_set_bio(ssl_.get(), in, out);
  SSL_set_connect_state(ssl_.get());
  SSL_set_verify(ssl_.get(), wishes.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (!wishes.name.empty()) {
    (void)SSL_set_tlsext_host_name(ssl_.get(), wishes.name.c_str());
    (void)SSL_set1_host(ssl_.get(), wishes.name.c_str());
  } else {
    (void)X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), server.to_string().c_str());
  }
}

void TlsClient::feed(std::string_view from_server) {
  if (ssl_) {
    (void)BIO_write(SSL_get_rbio(ssl_.get()), from_server.data(),
                    static_cast<int>(from_server.size()));
  }
}

std::string TlsClient::take_output() {
  if (!ssl_) return {};
  BIO* const out = SSL_get_wbio(ssl_.get());
  std::string bytes(BIO_ctrl_pending(out), '\0');
  const int read = BIO_read(out, bytes.data(), static_cast<int>(bytes.size()));
  bytes.resize(read < 0 ? 0 : static_cast<std::size_t>(read));
  return bytes;
}

Result<bool> TlsClient::handshake() {
  if (!ssl_) return fail(Errc::kFailed, "", "no memory for TLS");
  ERR_clear_error();
  const int done = SSL_do_handshake(ssl_.get());
  if (done == 1) return true;
  if (SSL_get_error(ssl_.get(), done) == SSL_ERROR_WANT_READ) return false;
  return fail(Errc::kFailed, "", why_not());
}

std::string TlsClient::why_not() const {
  const long verified = SSL_get_verify_result(ssl_.get());
  const unsigned long error = ERR_peek_last_error();
  std::string text;
  if (ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    text = fmt::format("certificate: {}", X509_verify_cert_error_string(verified));
  } else {
    const char* const reason = ERR_reason_error_string(error);
    text = fmt::format("TLS: {}", reason == nullptr ? "failed" : reason);
  }
  ERR_clear_error();
  return text;
}

void TlsClient::write(std::string_view plain) {
  if (!plain.empty()) (void)SSL_write(ssl_.get(), plain.data(), static_cast<int>(plain.size()));
}

Result<std::string> TlsClient::read() {
  std::string plain;
  std::array<char, 4096> buffer{};
  ERR_clear_error();
  for (;;) {
    const int count = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
    if (count > 0) {
      plain.append(buffer.data(), static_cast<std::size_t>(count));
      continue;
    }
    switch (SSL_get_error(ssl_.get(), count)) {
      case SSL_ERROR_WANT_READ:
        return plain;
      case SSL_ERROR_ZERO_RETURN:
        is_closed_ = true;
        return plain;
      default:
        return fail(Errc::kFailed, "", why_not());
    }
  }
}

std::string TlsClient::description() const {
  const Certificate certificate = certificate_of(ssl_.get());
  if (!certificate) return SSL_get_version(ssl_.get());
  return fmt::format("{}, certificate until {}", SSL_get_version(ssl_.get()),
                     last_day(certificate.get()));
}

std::string TlsClient::warning() const {
  const Certificate certificate = certificate_of(ssl_.get());
  const auto days = certificate ? days_left(certificate.get()) : std::nullopt;
  return days ? expiry_warning(*days, warn_days_) : std::string();
}

}  // namespace yoke::health
