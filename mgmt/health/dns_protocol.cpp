// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/dns_protocol.h"

#include <fmt/format.h>

#include <algorithm>

#include "mgmt/health/byte_reader.h"
#include "mgmt/health/letters.h"
#include "mgmt/model/words.h"

namespace yoke::health {
namespace {

bool is_same(std::string_view expected, std::string_view record, bool is_text) {
  if (is_text) return expected == record;
  if (expected.size() > 1 && expected.ends_with('.')) expected.remove_suffix(1);
  return lower_case(expected) == lower_case(record);
}

}  // namespace

DnsProtocol::DnsProtocol(const Check& check, std::uint16_t id)
    : by_tcp_(check.settings.text("transport") == "tcp"),
      id_(id),
      type_(dns::type_of(check.settings.text("type"))),
      query_(check.settings.text("query")),
      expected_record_(check.settings.text("answer")),
      expected_code_(check.settings.text("rcode")) {}

Move DnsProtocol::connected() {
  const std::string question = dns::question(id_, query_, type_);
  return receive("answer", (by_tcp_ ? big_endian(question.size(), 2) : "") + question);
}

Move DnsProtocol::received(std::string& unread) {
  std::string_view message = unread;
  if (by_tcp_) {
    ByteReader reader(unread);
    message = reader.bytes(reader.be16());
    if (!reader.ok()) return receive("answer");
  }
  const auto answer = dns::parse(message, type_);
  if (answer && answer->is_answer && answers(*answer)) return judge(*answer);
  if (!by_tcp_) return receive("answer");
  return failed(answer && answer->is_answer ? "answer to another question" : "answer is not DNS");
}

// Servers that could not or would not read a question may leave it out.
bool DnsProtocol::answers(const dns::Answer& answer) const {
  constexpr unsigned kNoError = 0, kNoSuchName = 3;
  if (answer.id != id_) return false;
  if (answer.questions.empty()) return answer.code != kNoError && answer.code != kNoSuchName;
  return answer.questions.size() == 1 && answer.questions[0] == dns::asked(query_, type_);
}

Move DnsProtocol::judge(const dns::Answer& answer) const {
  const std::string code = dns::code_text(answer.code);
  if (code != expected_code_) return failed(fmt::format("{}, expected {}", code, expected_code_));
  const bool is_text = type_ == dns::type_of("TXT");
  const auto is_expected = [&](const std::string& record) {
    return is_same(expected_record_, record, is_text);
  };
  const auto count = answer.records.size();
  if (expected_record_.empty() || std::ranges::any_of(answer.records, is_expected)) {
    return passed(fmt::format("{}, {} {}", code, count, count == 1 ? "record" : "records"));
  }
  if (answer.is_truncated) return failed("answer is cut short: set transport tcp");
  if (answer.records.empty()) return failed("no such record, expected " + expected_record_);
  return failed(fmt::format("answered {}{}, expected {}", model::shown(answer.records.front()),
                            count == 1 ? "" : " and others", model::shown(expected_record_)));
}

}  // namespace yoke::health
