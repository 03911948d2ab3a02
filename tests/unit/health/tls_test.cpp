// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "mgmt/health/tls_client.h"

namespace yoke::health {
namespace {

template <auto Function>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    Function(object);
  }
};

// A TLS server in memory, with a certificate of its own making for www.example.net.
class Server {
 public:
  explicit Server(int days) : context_(SSL_CTX_new(TLS_server_method())) {
    const std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>> key(EVP_EC_gen("P-256"));
    const std::unique_ptr<X509, Free<X509_free>> certificate(X509_new());
    (void)X509_set_version(certificate.get(), 2);
    (void)X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -100L * 86400);
    (void)X509_gmtime_adj(X509_getm_notAfter(certificate.get()), days * 86400L + 3600);
    (void)X509_set_pubkey(certificate.get(), key.get());
    X509_NAME* const name = X509_get_subject_name(certificate.get());
    (void)X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                     reinterpret_cast<const unsigned char*>("www.example.net"), -1,
                                     -1, 0);
    (void)X509_set_issuer_name(certificate.get(), name);
    (void)X509_sign(certificate.get(), key.get(), EVP_sha256());
    (void)SSL_CTX_use_certificate(context_.get(), certificate.get());
    (void)SSL_CTX_use_PrivateKey(context_.get(), key.get());
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(ssl_.get());
  }

  // Takes what the client sent, and what it has to say to that.
  std::string answer(const std::string& bytes) {
    (void)BIO_write(SSL_get_rbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
    if (SSL_do_handshake(ssl_.get()) == 1) {
      char buffer[100];
      const int count = SSL_read(ssl_.get(), buffer, sizeof buffer);
      if (count > 0) (void)SSL_write(ssl_.get(), buffer, count);
    }
    BIO* const out = SSL_get_wbio(ssl_.get());
    std::string said(BIO_ctrl_pending(out), '\0');
    if (!said.empty()) (void)BIO_read(out, said.data(), static_cast<int>(said.size()));
    return said;
  }
  [[nodiscard]] std::string asked_for() const {
    const char* const name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
    return name == nullptr ? "" : name;
  }

 private:
  std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>> context_;
  std::unique_ptr<SSL, Free<SSL_free>> ssl_;
};

const net::IpAddress kAddress = *net::IpAddress::parse("192.0.2.1");

// Empty once TLS stands, otherwise why it does not.
std::string shake(TlsClient& client, Server& server) {
  for (int i = 0; i < 10; ++i) {
    const auto done = client.handshake();
    if (!done) return done.error().text;
    if (*done) return {};
    client.feed(server.answer(client.take_output()));
  }
  return "no end";
}

TEST(Tls, StandsAndCarriesBytesBothWays) {
  const TlsContext context("");
  Server server(365);
  TlsClient client(context, kAddress, {"www.example.net", false, 14});
  ASSERT_EQ(shake(client, server), "");
  EXPECT_EQ(server.asked_for(), "www.example.net");
  EXPECT_TRUE(client.description().starts_with("TLSv1.3, certificate until 20"))
      << client.description();
  EXPECT_EQ(client.warning(), "");
  client.write("hello");
  client.feed(server.answer(client.take_output()));
  const auto read = client.read();
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, "hello");
  EXPECT_FALSE(client.is_closed());
}

TEST(Tls, ACertificateOfUnknownOriginFailsOnlyWhereItIsVerified) {
  const TlsContext context("");
  Server server(365);
  TlsClient client(context, kAddress, {"www.example.net", true, 14});
  EXPECT_EQ(shake(client, server), "certificate: self-signed certificate");
}

TEST(Tls, ACertificateThatEndsSoonIsWarnedOf) {
  const TlsContext context("");
  for (const auto& [days, warning] :
       {std::pair{3, "certificate ends in 3 days"}, std::pair{1, "certificate ends in 1 day"},
        std::pair{14, ""}, std::pair{-3, "certificate ended 3 days ago"}}) {
    Server server(days);
    TlsClient client(context, kAddress, {"", false, 14});
    ASSERT_EQ(shake(client, server), "");
    EXPECT_EQ(client.warning(), warning);
  }
}

TEST(Tls, BytesThatAreNotTlsEndInWords) {
  const TlsContext context("");
  for (const std::string answer : {"HTTP/1.1 400 Bad Request\r\n\r\n", "220 mx ESMTP\r\n"}) {
    TlsClient client(context, kAddress, {"", false, 0});
    ASSERT_TRUE(client.handshake());
    client.feed(answer);
    const auto done = client.handshake();
    ASSERT_FALSE(done);
    EXPECT_TRUE(done.error().text.starts_with("TLS: ")) << done.error().text;
  }
}

}  // namespace
}  // namespace yoke::health
