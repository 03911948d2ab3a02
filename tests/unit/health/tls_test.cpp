// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <chrono>
#include <memory>
#include <string>

#include "mgmt/health/tls_client.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/health/authority.h"

namespace yoke::health {
namespace {

// A TLS server in memory.
class Server {
 public:
  explicit Server(const Identity& identity) : context_(SSL_CTX_new(TLS_server_method())) {
    identity.give(context_.get());
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
  Server server(issue("www.example.net"));
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
  Server server(issue("www.example.net"));
  TlsClient client(context, kAddress, {"www.example.net", true, 14});
  EXPECT_EQ(shake(client, server), "certificate: self-signed certificate");
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  ASSERT_TRUE(client.certificate_end()) << "it was seen";
  EXPECT_EQ(std::chrono::floor<std::chrono::days>(*client.certificate_end() - now).count(), 365);
}

// A file of certificates that is gone with it.
class TrustedFile {
 public:
  explicit TrustedFile(const std::string& text) { folder_.write("trusted.pem", text); }
  [[nodiscard]] std::string path() const { return folder_.file("trusted.pem"); }

 private:
  TempFolder folder_;
};

TEST(Tls, ACertificateIsVerifiedWithItsNameOrItsAddress) {
  const Identity authority = issue("authority"), other = issue("other authority");
  const TrustedFile file(authority.pem());
  const TlsContext context(file.path());
  struct Case {
    const Identity* issuer;
    const char* alternatives;
    const char* name;  // that is asked for
    const char* why_not;
  };
  const Case kCases[] = {
      {&authority, "DNS:www.example.net", "www.example.net", ""},
      {&authority, "DNS:*.example.net", "www.example.net", ""},
      {&authority, "DNS:www.example.org", "www.example.net", "certificate: hostname mismatch"},
      {&authority, "IP:192.0.2.1", "", ""},
      {&authority, "IP:192.0.2.2", "", "certificate: IP address mismatch"},
      {&authority, "DNS:www.example.net", "", "certificate: IP address mismatch"},
      {&other, "DNS:www.example.net", "www.example.net",
       "certificate: unable to get local issuer certificate"},
  };
  for (const Case& c : kCases) {
    Server server(issue("server", c.issuer, c.alternatives));
    TlsClient client(context, kAddress, {c.name, true, 14});
    EXPECT_EQ(shake(client, server), c.why_not) << c.alternatives;
  }
}

TEST(Tls, WhatIsInTheFileIsTrustedByItself) {
  const Identity authority = issue("authority");
  const Identity leaf = issue("server", &authority, "IP:192.0.2.1");
  const TrustedFile file(leaf.pem());
  const TlsContext context(file.path());
  Server server(leaf);
  TlsClient client(context, kAddress, {"", true, 14});
  EXPECT_EQ(shake(client, server), "");
}

TEST(Tls, WithoutCertificatesToTrustThisUnitVerifiesNothing) {
  const TrustedFile file("not a certificate");
  for (const std::string& path : {file.path(), file.path() + ".absent"}) {
    const TlsContext context(path);
    EXPECT_EQ(context.lack({"", true, 14}), "the certificates to trust cannot be read");
    EXPECT_EQ(context.lack({"", false, 14}), std::nullopt);
  }
}

// Whole days that are left, and days begun since the end.
TEST(Tls, DaysAreCountedInOneWay) {
  using std::chrono::days, std::chrono::seconds;
  EXPECT_EQ(expiry_warning(days(14), 14), "");
  EXPECT_EQ(expiry_warning(days(14) - seconds(1), 14), "certificate ends in 13 days");
  EXPECT_EQ(expiry_warning(seconds(0), 14), "certificate ends in 0 days");
  EXPECT_EQ(expiry_warning(seconds(0), 0), "");
  EXPECT_EQ(expiry_warning(seconds(-1), 0), "certificate ended 1 day ago");
  EXPECT_EQ(expiry_warning(-days(1), 14), "certificate ended 1 day ago");
  EXPECT_EQ(expiry_warning(-days(1) - seconds(1), 14), "certificate ended 2 days ago");
}

TEST(Tls, ACertificateThatEndsSoonIsWarnedOf) {
  const TlsContext context("");
  for (const auto& [days, warning] :
       {std::pair{3, "certificate ends in 3 days"}, std::pair{1, "certificate ends in 1 day"},
        std::pair{14, ""}, std::pair{-3, "certificate ended 3 days ago"}}) {
    Server server(issue("www.example.net", nullptr, {}, days));
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
    EXPECT_EQ(done.error().text, kSpeaksNoTls);
  }
}

}  // namespace
}  // namespace yoke::health
