// SPDX-License-Identifier: Apache-2.0
// Whom https and tls trust, over sockets, and what either does where this unit lacks something.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "tests/support/temp_folder.h"
#include "tests/unit/health/authority.h"
#include "tests/unit/health/probing.h"

namespace yoke::health {
namespace {

using std::chrono::milliseconds;

// TLS, one request and one answer.
Server::Serve over_tls(const Identity& identity) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  identity.give(context.get());
  return [context](int connection, const std::string&) {
    const std::unique_ptr<SSL, Free<SSL_free>> ssl(SSL_new(context.get()));
    (void)SSL_set_fd(ssl.get(), connection);
    char request[4096];
    if (SSL_accept(ssl.get()) != 1 || SSL_read(ssl.get(), request, sizeof request) <= 0) return;
    constexpr std::string_view kWell = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    (void)SSL_write(ssl.get(), kWell.data(), static_cast<int>(kWell.size()));
    while (SSL_read(ssl.get(), request, sizeof request) > 0) continue;
  };
}

Check verifying(const std::string& kind, const std::string& name) {
  Check check;
  check.key = kind;
  check.timeout = milliseconds(5000);
  check.settings = Settings(
      {{"verify", "yes"}, {"sni", name}, {"warn-days", "0"}, {"path", "/"}, {"expect", "200"}});
  return check;
}

class Trust : public Probing {
 protected:
  Trust() {
    (void)::signal(SIGPIPE, SIG_IGN);
    folder_.write("trusted.pem", authority_.pem());
  }
  ProbeResult judge_by(SocketProber& prober, const Check& check, const net::Endpoint& server) {
    ProbeResult result;
    for (int i = 0; i < 10 && result.outcome == Outcome::kNotTried; ++i) {
      std::optional<ProbeResult> ended;
      const auto under_way =
          prober.start(server, check, [&](ProbeResult done) { ended = std::move(done); });
      EXPECT_TRUE(loop_.until([&] { return ended.has_value(); }));
      result = ended.value_or(ProbeResult{});
    }
    return result;
  }

  const Identity authority_ = issue("authority");
  const Identity other_ = issue("another authority");
  const TempFolder folder_;
  const std::string file_ = folder_.file("trusted.pem");
};

TEST_F(Trust, IsWhatTheFileSays) {
  struct Case {
    const Identity* issuer;
    const char* name;
    bool passes;
  };
  const Case kCases[] = {{&authority_, "www.example.net", true},
                         {&authority_, "", true},
                         {&authority_, "www.example.org", false},
                         {&other_, "www.example.net", false}};
  SocketProber prober(loop_.get(), file_);
  for (const Case& c : kCases) {
    const Identity identity = issue("server", c.issuer, "DNS:www.example.net,IP:127.0.0.1");
    const Server server(over_tls(identity), "127.0.0.1", Server::First::kServer);
    for (const char* kind : {"tls", "https"}) {
      const auto result = judge_by(prober, verifying(kind, c.name), server.endpoint());
      EXPECT_EQ(result.outcome, c.passes ? Outcome::kPassed : Outcome::kFailed)
          << kind << ' ' << c.name << ": " << result.text;
      const bool blames = result.text.find("certificate") != std::string::npos;
      EXPECT_EQ(blames, !c.passes) << kind << ": " << result.text;
      EXPECT_TRUE(result.certificate_end) << kind << ": it was seen, be it trusted or not";
    }
  }
}

// With a directory of certificates of this test's making where the system's is. Mounts are a
// thread's own.
TEST_F(Trust, OfTheSystemHasNoPlaceBesideAFile) {
  const Identity identity = issue("server", &other_, "IP:127.0.0.1");
  const Server server(over_tls(identity), "127.0.0.1", Server::First::kServer);
  bool may_mount = true;
  std::jthread([&] {
    const char* const folder = X509_get_default_cert_dir();
    const std::string certificates = std::filesystem::canonical(
        std::filesystem::exists("/etc/ssl/certs") ? "/etc/ssl/certs" : folder);
    may_mount = ::unshare(CLONE_NEWNS) == 0 &&
                ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                ::mount("none", certificates.c_str(), "tmpfs", 0, nullptr) == 0;
    if (!may_mount) return;
    const auto hash = X509_subject_name_hash(other_.certificate.get());
    std::ofstream(fmt::format("{}/{:08x}.0", certificates, hash)) << other_.pem();
    for (const char* kind : {"tls", "https"}) {
      SocketProber system(loop_.get()), own(loop_.get(), file_);
      const Check check = verifying(kind, "");
      const auto by_system = judge_by(system, check, server.endpoint());
      EXPECT_EQ(by_system.outcome, Outcome::kPassed) << kind << ": " << by_system.text;
      const auto by_file = judge_by(own, check, server.endpoint());
      EXPECT_EQ(by_file.outcome, Outcome::kFailed) << kind << ": " << by_file.text;
    }
  }).join();
  if (!may_mount) GTEST_SKIP() << "takes the right to mount";
}

TEST_F(Trust, ThatCannotBeReadIsNotHeldAgainstServers) {
  const Identity identity = issue("server", &authority_, "IP:127.0.0.1");
  const Server server(over_tls(identity), "127.0.0.1", Server::First::kServer);
  std::ofstream(file_) << "nothing";
  SocketProber prober(loop_.get(), file_);
  for (const char* kind : {"tls", "https"}) {
    const auto result = judge_by(prober, verifying(kind, ""), server.endpoint());
    EXPECT_EQ(result.outcome, Outcome::kNotTried);
    EXPECT_EQ(result.text, "not tried: the certificates to trust cannot be read");
  }
}

// With none left, and with one for each end of the connection, so that it is not the socket that is
// lacking.
TEST_F(Trust, AtTheLimitOfDescriptorsNothingIsSaidOfTheServer) {
  const Identity identity = issue("server", &authority_, "IP:127.0.0.1");
  const Server server(over_tls(identity), "127.0.0.1", Server::First::kServer);
  SocketProber prober(loop_.get(), file_);
  Check datagram;
  datagram.key = "udp";
  datagram.timeout = milliseconds(100);
  const std::vector<Check> checks{verifying("https", ""), verifying("tls", ""), datagram};
  // Libraries open some of their own at first.
  for (const Check& check : checks) (void)judge_by(prober, check, server.endpoint());
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  for (const rlim_t left : {0U, 2U}) {
    for (const Check& check : checks) {
      if (left > 0 && check.kind() == "udp") continue;    // nobody answers it
      const int lowest = FileDescriptor(::dup(0)).get();  // that is free again
      rlimit few = before;
      few.rlim_cur = left == 0 ? 0 : static_cast<rlim_t>(lowest) + left;
      std::optional<ProbeResult> result;
      ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
      const auto under_way = prober.start(server.endpoint(), check,
                                          [&](ProbeResult done) { result = std::move(done); });
      const bool has_ended = loop_.until([&] { return result.has_value(); });
      ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
      ASSERT_TRUE(has_ended) << check.kind();
      if (left == 0) {
        EXPECT_EQ(result->outcome, Outcome::kNotTried) << check.kind() << ": " << result->text;
      }
      EXPECT_NE(result->outcome, Outcome::kFailed)
          << check.kind() << " with " << left << ": " << result->text;
    }
  }
}

}  // namespace
}  // namespace yoke::health
