// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/tls_client.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdint>
#include <ctime>

namespace yoke::health {
namespace {

constexpr int kEndIndex = 0;  // of what OpenSSL keeps for us with a connection

struct CertificateRelease {
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};
using Certificate = std::unique_ptr<X509, CertificateRelease>;

Certificate certificate_of(const SSL* ssl) { return Certificate(SSL_get1_peer_certificate(ssl)); }

CertificateEnd end_of(const X509* certificate) {
  std::tm end{};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1) {
    return std::nullopt;
  }
  return std::chrono::sys_seconds(std::chrono::seconds(::timegm(&end)));
}

// What OpenSSL calls instead of its own: the same, and on the way it notes when the certificate
// ends, which nobody tells of one that is not trusted. Where is `given`, or said by the connection.
int verify(X509_STORE_CTX* chain, void* given) {
  auto* end = static_cast<CertificateEnd*>(given);
  if (end == nullptr) {
    const auto* const ssl = static_cast<const SSL*>(
        X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
    if (ssl != nullptr) end = static_cast<CertificateEnd*>(SSL_get_ex_data(ssl, kEndIndex));
  }
  if (end != nullptr) *end = end_of(X509_STORE_CTX_get0_cert(chain));
  return X509_verify_cert(chain) == 1 ? 1 : 0;
}

std::string last_day(const X509* certificate) {
  std::tm end{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1) return "?";
  return fmt::format("{:04}-{:02}-{:02}", end.tm_year + 1900, end.tm_mon + 1, end.tm_mday);
}

std::string days_text(std::int64_t days) {
  return fmt::format("{} {}", days, days == 1 ? "day" : "days");
}

}  // namespace

TlsContext::TlsContext(const std::string& trusted) : context_(SSL_CTX_new(TLS_client_method())) {
  if (!context_) return;
  (void)SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_OFF);
  (void)SSL_CTX_set_options(context_.get(), SSL_OP_NO_RENEGOTIATION);
  const int read = trusted.empty() ? SSL_CTX_set_default_verify_paths(context_.get())
                                   : SSL_CTX_load_verify_file(context_.get(), trusted.c_str());
  has_trust_ = read == 1;
  // As libcurl has it: what is in the file is trusted, be it a root or not.
  (void)X509_STORE_set_flags(SSL_CTX_get_cert_store(context_.get()), X509_V_FLAG_PARTIAL_CHAIN);
  SSL_CTX_set_cert_verify_callback(context_.get(), verify, nullptr);
  ERR_clear_error();
}

std::optional<std::string_view> TlsContext::lack(const TlsWishes& wishes) const noexcept {
  if (!context_) return "no memory for TLS";
  if (wishes.verify && !has_trust_) return "the certificates to trust cannot be read";
  return std::nullopt;
}

void TlsContext::lend_trust(SSL_CTX* other, CertificateEnd& end) const noexcept {
  SSL_CTX_set1_cert_store(other, SSL_CTX_get_cert_store(context_.get()));
  SSL_CTX_set_cert_verify_callback(other, verify, &end);
}

TlsWishes tls_wishes_of(const Settings& settings) {
  return {std::string(settings.text("sni")), settings.flag("verify"), settings.number("warn-days")};
}

bool ends_soon(std::chrono::seconds left, unsigned warn_days) noexcept {
  const std::int64_t days = std::chrono::floor<std::chrono::days>(left).count();
  return days < 0 || days < warn_days;
}

std::string end_text(std::chrono::seconds left) {
  const std::int64_t days = std::chrono::floor<std::chrono::days>(left).count();
  return days < 0 ? fmt::format("ended {} ago", days_text(-days))
                  : fmt::format("ends in {}", days_text(days));
}

std::string expiry_warning(std::chrono::seconds left, unsigned warn_days) {
  return ends_soon(left, warn_days) ? "certificate " + end_text(left) : std::string();
}

TlsClient::TlsClient(const TlsContext& context, const net::IpAddress& server,
                     const TlsWishes& wishes)
    : warn_days_(wishes.warn_days), ssl_(context.get() ? SSL_new(context.get()) : nullptr) {
  if (ssl_ && !set_up(server, wishes)) ssl_.reset();
}

bool TlsClient::set_up(const net::IpAddress& server, const TlsWishes& wishes) {
  BIO* const in = BIO_new(BIO_s_mem());
  BIO* const out = BIO_new(BIO_s_mem());
  if (in == nullptr || out == nullptr) {
    BIO_free(in);
    BIO_free(out);
    return false;
  }
  (void)BIO_set_mem_eof_return(in, -1);  // empty means later, not the end
  SSL_set_bio(ssl_.get(), in, out);
  SSL_set_connect_state(ssl_.get());
  if (SSL_set_ex_data(ssl_.get(), kEndIndex, &certificate_end_) != 1) return false;
  SSL_set_verify(ssl_.get(), wishes.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  // A certificate must never be verified against no name at all.
  if (wishes.name.empty()) {
    const std::string address = server.to_string();
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), address.c_str()) == 1;
  }
  return SSL_set_tlsext_host_name(ssl_.get(), wishes.name.c_str()) == 1 &&
         SSL_set1_host(ssl_.get(), wishes.name.c_str()) == 1;
}

void TlsClient::feed(std::string_view from_server) {
  (void)BIO_write(SSL_get_rbio(ssl_.get()), from_server.data(),
                  static_cast<int>(from_server.size()));
}

std::string TlsClient::take_output() {
  BIO* const out = SSL_get_wbio(ssl_.get());
  std::string bytes(BIO_ctrl_pending(out), '\0');
  const int read = BIO_read(out, bytes.data(), static_cast<int>(bytes.size()));
  bytes.resize(read < 0 ? 0 : static_cast<std::size_t>(read));
  return bytes;
}

Result<bool> TlsClient::handshake() {
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
  } else if (ERR_GET_REASON(error) == SSL_R_WRONG_VERSION_NUMBER) {
    text = kSpeaksNoTls;
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
  if (!certificate_end_) return {};
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return expiry_warning(*certificate_end_ - now, warn_days_);
}

}  // namespace yoke::health
