// SPDX-License-Identifier: Apache-2.0
#include "mgmt/http/certificate.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/http/rig.h"
#include "tests/unit/store/store_fixture.h"

namespace yoke::http {
namespace {

using store::read_file;
using store::TempFolder;
using store::write_file;
using testing::HasSubstr;

const Subject kSubject{"lb-a", net::IpAddress::v4(127, 0, 0, 1)};

class CertificateTest : public testing::Test {
 protected:
  Result<Certificate> read(const std::string& name = "web") const {
    return certificate_at(folder_.file(name), kSubject);
  }
  TempFolder folder_;
};

TEST_F(CertificateTest, IsMadeOnceAndIsTheUnits) {
  const auto made = read();
  ASSERT_TRUE(made) << made.error().text;
  const auto again = read();
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_EQ(made->certificate, again->certificate);
  EXPECT_EQ(made->key, again->key);
  struct stat file {};
  ASSERT_EQ(::stat(folder_.file("web.key").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600U);
  const std::string text = said_by("openssl x509 -noout -text -in " + folder_.file("web.crt"));
  for (const char* part : {"CN = lb-a", "DNS:lb-a, IP Address:127.0.0.1",
                           "TLS Web Server Authentication", "CA:FALSE", "prime256v1"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_THAT(
      said_by("openssl verify -CAfile " + folder_.file("web.crt") + " " + folder_.file("web.crt")),
      HasSubstr(": OK"));
}

// The disk was full, or the power failed, between its two files.
TEST_F(CertificateTest, OneThatWasHalfMadeIsMade) {
  const auto made = read();
  ASSERT_TRUE(made);
  ASSERT_TRUE(std::filesystem::remove(folder_.file("web.crt")));
  const auto again = read();
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_EQ(again->key, made->key);
  EXPECT_NE(again->certificate, made->certificate);
  const auto kept = read();
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->certificate, again->certificate);
}

TEST_F(CertificateTest, OneThatSomebodyPutThereIsTakenOrWhatIsWrongIsTold) {
  ASSERT_TRUE(read("web"));
  ASSERT_TRUE(read("other"));
  struct Row {
    std::string certificate, key, text;
  };
  const std::string good = read_file(folder_.file("web.crt")),
                    key = read_file(folder_.file("web.key")),
                    other = read_file(folder_.file("other.key"));
  for (const auto& [certificate, key_text, text] :
       {Row{good, other, "is not the key of"}, Row{good, "no key", "is no private key"},
        Row{"no certificate", key, "is no certificate"}, Row{"", key, "cannot be read"},
        Row{good.substr(0, good.size() / 2), key, "is no certificate"},
        Row{good, key.substr(0, key.size() / 2), "is no private key"}}) {
    write_file(folder_.file("given.crt"), certificate);
    write_file(folder_.file("given.key"), key_text);
    const auto refused = read("given");
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().id, "E-621");
    EXPECT_THAT(refused.error().text, HasSubstr(text));
    EXPECT_EQ(read_file(folder_.file("given.crt")), certificate) << "left as it is";
  }
  write_file(folder_.file("given.crt"), good);
  write_file(folder_.file("given.key"), key);
  EXPECT_TRUE(read("given"));
}

TEST_F(CertificateTest, AServerShowsItAndSpeaksNothingOlderThanTls12) {
  const net::Endpoint where = free_endpoint();
  const auto made = read();
  ASSERT_TRUE(made);
  const Turning<Server> server([&](sd_event* loop) {
    auto listening = Server::listen(loop, {.listen = where,
                                           .allow = {},
                                           .tls = *made,
                                           .answer =
                                               [](std::string_view) {
                                                 return Answer{"text/plain", "secret"};
                                               },
                                           .headers = {}});
    EXPECT_TRUE(listening) << listening.error().text;
    return std::move(*listening);
  });
  const std::string url = "https://" + where.to_string() + "/";
  const std::string trusting = "curl -sS --cacert " + folder_.file("web.crt") + " ";
  EXPECT_EQ(said_by(trusting + url), "secret");
  EXPECT_EQ(said_by(trusting + "--tlsv1.3 " + url), "secret");
  EXPECT_THAT(said_by("curl -sS " + url), HasSubstr("certificate"));
  EXPECT_THAT(said_by(trusting + "--ciphers DEFAULT@SECLEVEL=0 --tls-max 1.1 " + url),
              HasSubstr("curl: (35)"));
  EXPECT_EQ(get(where, "/").find("secret"), std::string::npos) << "plain HTTP gets nothing";
  EXPECT_EQ(said_by(trusting + url), "secret");
}

}  // namespace
}  // namespace yoke::http
