// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "mgmt/health/byte_reader.h"
#include "mgmt/health/dns_message.h"
#include "mgmt/health/dns_protocol.h"
#include "mgmt/health/icmp_protocol.h"
#include "tests/unit/health/talk.h"

namespace yoke::health {
namespace {

using namespace std::string_literals;

constexpr std::uint16_t kId = 0x1234;
const std::string kQuestion = "\3www\7example\3net\0"s;
constexpr const char* kToQuestion = "\xc0\x0c";  // a pointer to where its name is

std::string record(const std::string& type, const std::string& data,
                   const std::string& name = kToQuestion) {
  return name + big_endian(dns::type_of(type), 2) + "\0\1\0\0\0\x3c"s + big_endian(data.size(), 2) +
         data;
}
std::string answer(const std::string& type, const std::vector<std::string>& records,
                   unsigned flags = 0x8180) {
  std::string message = big_endian(kId, 2) + big_endian(flags, 2) + "\0\1"s +
                        big_endian(records.size(), 2) + std::string(4, '\0') + kQuestion +
                        big_endian(dns::type_of(type), 2) + "\0\1"s;
  for (const std::string& each : records) message += each;
  return message;
}

Check check_for(const std::string& type, const std::string& expected,
                const std::string& code = "NOERROR", const std::string& transport = "udp") {
  Check check;
  check.key = "dns";
  check.settings = Settings({{"query", "www.example.net"},
                             {"type", type},
                             {"answer", expected},
                             {"rcode", code},
                             {"transport", transport}});
  return check;
}
std::string outcome(const Check& check, const std::string& message) {
  DnsProtocol protocol(check, kId);
  return Talk::by_datagrams({message}).run(protocol);
}

TEST(Dns, AsksAsTheStandardHasIt) {
  EXPECT_EQ(dns::question(kId, "www.example.net", 1),
            "\x12\x34\1\0\0\1\0\0\0\0\0\0"s + kQuestion + "\0\1\0\1"s);
  EXPECT_EQ(dns::question(kId, ".", 2), "\x12\x34\1\0\0\1\0\0\0\0\0\0"s + "\0\0\2\0\1"s);
}

TEST(Dns, FindsTheRecordOfEachTypeAmongOthers) {
  struct Case {
    const char* type;
    std::string data;
    const char* text;
  };
  const Case kCases[] = {
      {"A", "\xc0\0\2\x0a"s, "192.0.2.10"},
      {"AAAA", "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\1", "2001:db8::1"},
      {"CNAME", "\4Edge\xc0\x10"s, "edge.example.net"},
      {"NS", "\2ns\xc0\x10"s, "ns.example.net."},
      {"PTR", kQuestion, "WWW.example.net"},
      {"MX", "\0\x0a\4mail\xc0\x10"s, "10 mail.example.net"},
      {"SRV", "\0\1\0\2\x1f\x90\3sip\0"s, "1 2 8080 sip"},
      {"TXT", "\5hello\6 world"s, "hello world"},
      {"SOA", "\2ns\xc0\x10\4root\xc0\x10"s + std::string(20, '\1'), "ns.example.net"},
  };
  for (const Case& c : kCases) {
    const std::string message =
        answer(c.type, {record("CNAME", "\5other\0"s), record(c.type, c.data)});
    EXPECT_TRUE(outcome(check_for(c.type, c.text), message).starts_with("passed NOERROR"))
        << c.type << ' ' << outcome(check_for(c.type, c.text), message);
    EXPECT_TRUE(outcome(check_for(c.type, "no"), message).starts_with("failed answered"))
        << c.type << ' ' << outcome(check_for(c.type, "no"), message);
  }
}

TEST(Dns, TheCodeDecides) {
  EXPECT_EQ(outcome(check_for("A", ""), answer("A", {}, 0x8183)),
            "failed NXDOMAIN, expected NOERROR");
  EXPECT_EQ(outcome(check_for("A", "", "NXDOMAIN"), answer("A", {}, 0x8183)),
            "passed NXDOMAIN, 0 records");
  EXPECT_EQ(outcome(check_for("A", ""), answer("A", {}, 0x8182)),
            "failed SERVFAIL, expected NOERROR");
  EXPECT_EQ(outcome(check_for("A", "192.0.2.1"), answer("A", {})),
            "failed no such record, expected 192.0.2.1");
  EXPECT_EQ(outcome(check_for("A", "192.0.2.1"), answer("A", {}, 0x8380)),
            "failed answer is cut short: set transport tcp");
}

// Whoever sent it: it neither passes nor fails the probe, which the right answer still does.
TEST(Dns, ByUdpWhatIsNoAnswerToTheQuestionIsNotLookedAt) {
  const Check check = check_for("A", "192.0.2.10");
  const std::string right = answer("A", {record("A", "\xc0\0\2\x0a"s)});
  const auto bent = [&](std::size_t at, char value) {
    std::string message = right;
    message[at] = value;
    return message;
  };
  const std::size_t after_name = 12 + kQuestion.size();
  const std::vector<std::string> others{
      bent(0, '\x77'),               // of another number
      bent(13, 'x'),                 // another name
      bent(after_name + 1, '\x1c'),  // another type
      bent(after_name + 3, '\3'),    // another class
      bent(5, '\0'),                 // no question, and not for want of reading it
      bent(2, '\1'),                 // a question itself
      "HTTP/1.1 400 Bad Request\r\n\r\n",
      "",  // not DNS
      right.substr(0, right.size() - 1)};
  for (const std::string& other : others) {
    DnsProtocol alone(check, kId), before(check, kId);
    EXPECT_EQ(Talk::by_datagrams({other}).run(alone), "closed at answer");
    EXPECT_EQ(Talk::by_datagrams({other, right}).run(before), "passed NOERROR, 1 record");
  }
}

TEST(Dns, ByTcpTheyFail) {
  const Check check = check_for("A", "", "NOERROR", "tcp");
  const auto outcome_by_tcp = [&](const std::string& message) {
    DnsProtocol protocol(check, kId);
    return Talk({big_endian(message.size(), 2) + message}).run(protocol);
  };
  std::string message = answer("A", {});
  EXPECT_EQ(outcome_by_tcp(message), "passed NOERROR, 0 records");
  message[13] = 'x';
  EXPECT_EQ(outcome_by_tcp(message), "failed answer to another question");
  EXPECT_EQ(outcome_by_tcp(answer("A", {}, 0x0100)), "failed answer is not DNS");
}

TEST(Dns, NamesAreTheSameInCapitalsAndAnUnreadQuestionMayBeLeftOut) {
  std::string message = answer("A", {});
  message[13] = 'W';
  EXPECT_EQ(outcome(check_for("A", ""), message), "passed NOERROR, 0 records");
  const std::string refused = big_endian(kId, 2) + "\x80\5"s + std::string(8, '\0');
  EXPECT_EQ(outcome(check_for("A", "", "REFUSED"), refused), "passed REFUSED, 0 records");
}

TEST(Dns, ByTcpItsLengthGoesAhead) {
  const std::string message = answer("A", {record("A", "\xc0\0\2\x0a"s)});
  const Check check = check_for("A", "192.0.2.10", "NOERROR", "tcp");
  for (const std::size_t part_bytes : {0UL, 1UL, 3UL}) {
    DnsProtocol protocol(check, kId);
    Talk talk({big_endian(message.size(), 2) + message}, part_bytes);
    EXPECT_EQ(talk.run(protocol), "passed NOERROR, 1 record");
    EXPECT_EQ(talk.said()[0].substr(0, 2), big_endian(talk.said()[0].size() - 2, 2));
  }
}

TEST(Dns, WhatIsCutShortOrLeadsInCirclesIsNotDns) {
  const std::string message = answer("MX", {record("MX", "\0\x0a\4mail\xc0\x10"s)});
  for (std::size_t size = 0; size < message.size(); ++size) {
    EXPECT_FALSE(dns::parse(message.substr(0, size), dns::type_of("MX"))) << size;
  }
  const std::string to_itself = "\xc0\x21";  // where that record's name is
  EXPECT_FALSE(dns::parse(answer("A", {record("A", "\1\2\3\4", to_itself)}), 1));
  EXPECT_FALSE(dns::parse(answer("A", {record("A", "\1\2\3\4", "\xc0\xff")}), 1));
  EXPECT_FALSE(dns::parse(answer("A", {record("A", "\1\2\3")}), 1));
  EXPECT_FALSE(dns::parse(answer("TXT", {record("TXT", "\5hell")}), dns::type_of("TXT")));
  EXPECT_FALSE(dns::parse(answer("A", {record("A", "\1\2\3\4", "\x40www")}), 1)) << "no such label";
}

// RFC 1071's sum over the whole message is all ones.
TEST(Icmp, RequestsHaveARightChecksumAndOnlyTheirOwnReplyCounts) {
  IcmpProtocol protocol(IcmpProtocol::Family::kV4, "token!");
  const std::string request = protocol.connected().send;
  unsigned sum = 0;
  const auto octet = [&](std::size_t at) -> unsigned {
    return static_cast<unsigned char>(request[at]);
  };
  for (std::size_t i = 0; i < request.size(); i += 2) sum += octet(i) << 8U | octet(i + 1);
  EXPECT_EQ((sum & 0xffffU) + (sum >> 16U), 0xffffU);
  const auto next = [&](std::string message) { return protocol.received(message).next; };
  const std::string reply = "\0\0"s + request.substr(2);
  EXPECT_EQ(next(request), Move::Next::kReceive) << "on loopback one sees one's own";
  EXPECT_EQ(next("\0\0\0\0\0\0\0\0other!"s), Move::Next::kReceive);
  EXPECT_EQ(next(""), Move::Next::kReceive);
  EXPECT_EQ(next("\x4f"), Move::Next::kReceive);
  EXPECT_EQ(next(reply), Move::Next::kPassed);
  EXPECT_EQ(next("\x45"s + std::string(19, '\0') + reply), Move::Next::kPassed) << "raw";
  IcmpProtocol six(IcmpProtocol::Family::kV6, "token!");
  EXPECT_EQ(six.connected().send[0], '\x80');
  std::string reply_six = "\x81"s + std::string(7, '\0') + "token!";
  EXPECT_EQ(six.received(reply_six).next, Move::Next::kPassed);
}

}  // namespace
}  // namespace yoke::health
