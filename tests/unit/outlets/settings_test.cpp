// SPDX-License-Identifier: Apache-2.0
#include "mgmt/outlets/settings.h"

#include <gtest/gtest.h>

#include "tests/unit/store/store_fixture.h"

namespace yoke::outlets {
namespace {

using store::must_set;

TEST(Settings, NothingIsServedOrSentUnlessTheConfigurationSaysSo) {
  const model::Config config;
  EXPECT_EQ(http_settings(config, "metrics"), http::Service::Settings{});
  EXPECT_EQ(http_settings(config, "web"), http::Service::Settings{});
  EXPECT_TRUE(syslog_targets(config, "/").empty());
}

TEST(Settings, OfHttpAreItsAddressAndWhomItLetsIn) {
  model::Config config;
  must_set(config, {"metrics", ""}, {{"listen", "[2001:db8::5]:9110"}});
  must_set(config, {"web", ""},
           {{"listen", "192.0.2.5:8443"}, {"allow", "192.0.2.0/24,2001:db8::/32"}});
  EXPECT_EQ(http_settings(config, "metrics").listen->to_string(), "[2001:db8::5]:9110");
  EXPECT_TRUE(http_settings(config, "metrics").allow.empty());
  const auto web = http_settings(config, "web");
  EXPECT_EQ(web.listen->to_string(), "192.0.2.5:8443");
  ASSERT_EQ(web.allow.size(), 2U);
  EXPECT_EQ(web.allow[1].to_string(), "2001:db8::/32");
}

TEST(Settings, OfSyslogAreItsTargetsByName) {
  model::Config config;
  must_set(config, {"syslog", "plain"},
           {{"server", "192.0.2.9:514"}, {"transport", "udp"}, {"level", "error"}});
  must_set(config, {"syslog", "sealed"},
           {{"server", "192.0.2.9:6514"},
            {"facility", "local7"},
            {"authorities", "/etc/ca.pem"},
            {"certificate-name", "logs.example.net"},
            {"verify", "no"}});
  const auto targets = syslog_targets(config, "/");
  ASSERT_EQ(targets.size(), 2U);
  const syslog::Target& plain = targets.at("plain");
  EXPECT_EQ(plain, (syslog::Target{.server = net::Endpoint::parse("192.0.2.9:514").value(),
                                   .transport = syslog::Transport::kUdp,
                                   .level = log::Level::kError}));
  const syslog::Target& sealed = targets.at("sealed");
  EXPECT_EQ(sealed.transport, syslog::Transport::kTls);
  EXPECT_EQ(sealed.level, log::Level::kNotice);
  EXPECT_EQ(sealed.facility, 23);
  EXPECT_EQ(sealed.trust, (syslog::Trust{"/etc/ca.pem", "logs.example.net", false}));
  EXPECT_EQ(plain.trust.authorities, "") << "the system's";
  EXPECT_EQ(syslog_targets(config, "/tmp/unit").at("sealed").trust.authorities,
            "/tmp/unit/etc/ca.pem")
      << "--root puts all paths below it";
}

TEST(NotifySettings, AreOfTheWayTheyAreFor) {
  model::Config config;
  must_set(config, {"notify", "mail"},
           {{"server", "mx.example.net:25"},
            {"from", "a@example.net"},
            {"to", "b@example.net,c@example.net"},
            {"user", "me"},
            {"password", "secret"},
            {"level", "error"}});
  must_set(config, {"notify", "mail:sealed"},
           {{"server", "192.0.2.9:465"}, {"tls", "yes"}, {"to", "d@example.net"}});
  must_set(config, {"notify", "webhook:chat"},
           {{"url", "https://192.0.2.9/"},
            {"bearer", "key"},
            {"verify", "no"},
            {"authorities", "/etc/ca.pem"}});
  must_set(config, {"notify", "script"}, {{"program", "page"}});
  const auto targets = notify_targets(config, "/tmp/unit");
  ASSERT_EQ(targets.size(), 5U) << "each recipient is one";
  const notify::Whom kSealed{"mail:sealed", "d@example.net"};
  const notify::Target& mail = targets.at({"mail", "b@example.net"});
  EXPECT_EQ(mail.way, notify::Way::kMail);
  EXPECT_EQ(mail.level, log::Level::kError);
  EXPECT_EQ(mail.url, "smtp://mx.example.net:25");
  EXPECT_TRUE(mail.tls) << "by STARTTLS";
  EXPECT_EQ(mail.from, "a@example.net");
  EXPECT_EQ(mail.to, (std::vector<std::string>{"b@example.net", "c@example.net"}));
  EXPECT_EQ(mail.recipient, "b@example.net");
  EXPECT_EQ(targets.at({"mail", "c@example.net"}).recipient, "c@example.net");
  EXPECT_EQ(mail.user + " " + mail.password, "me secret");
  EXPECT_EQ(targets.at(kSealed).url, "smtps://192.0.2.9:465");
  EXPECT_EQ(targets.at(kSealed).level, log::Level::kWarning);
  const notify::Target& webhook = targets.at({"webhook:chat"});
  EXPECT_EQ(webhook.way, notify::Way::kWebhook);
  EXPECT_EQ(webhook.url + " " + webhook.bearer, "https://192.0.2.9/ key");
  EXPECT_FALSE(webhook.verify);
  EXPECT_EQ(targets.at({"script"}).way, notify::Way::kScript);
  EXPECT_EQ(targets.at({"script"}).path, "/tmp/unit/etc/yoke/notify/page");
  EXPECT_EQ(webhook.authorities, "/tmp/unit/etc/ca.pem");
  EXPECT_EQ(mail.authorities, "") << "the system's";
}

}  // namespace
}  // namespace yoke::outlets
