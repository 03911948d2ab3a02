// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Questions and answers of DNS (RFC 1035) as a check needs them. Pure; threads: any.
namespace yoke::health::dns {

// A, AAAA, CNAME, MX, NS, PTR, SOA, SRV, TXT; 0 for any other word.
[[nodiscard]] std::uint16_t type_of(std::string_view word);
// "NXDOMAIN"; "code 17" of one without a name here.
[[nodiscard]] std::string code_text(unsigned code);

// `name` is one that the schema accepts: "www.example.net", or "." for the root.
[[nodiscard]] std::string question(std::uint16_t id, std::string_view name, std::uint16_t type);

struct Question {
  std::string name;  // lower case and without the last dot; empty: the root
  std::uint16_t type = 0;
  std::uint16_t klass = 0;
  friend bool operator==(const Question&, const Question&) = default;
};
// What question() asks.
[[nodiscard]] Question asked(std::string_view name, std::uint16_t type);

struct Answer {
  std::uint16_t id = 0;
  std::vector<Question> questions;  // that it says it answers
  bool is_answer = false;           // or a question itself
  bool is_truncated = false;        // there is more, by TCP
  unsigned code = 0;
  // Those of the type asked for, as people write them: "192.0.2.1", "10 mail.example.net".
  std::vector<std::string> records;
};
// Nothing where it is not DNS. Names are lower case and without the last dot.
[[nodiscard]] std::optional<Answer> parse(std::string_view message, std::uint16_t type);

}  // namespace yoke::health::dns
