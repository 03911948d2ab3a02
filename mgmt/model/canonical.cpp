// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "dataplane/net/address.h"
#include "hal/base/number.h"
#include "hal/device.h"
#include "mgmt/model/byte_text.h"
#include "mgmt/model/duration.h"
#include "mgmt/model/schema.h"
#include "mgmt/model/ssh_key.h"
#include "mgmt/model/words.h"

namespace yoke::model {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_printable(char c) { return c >= ' ' && c <= '~'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

tl::unexpected<Error> bad(std::string text) {
  return fail(Errc::kInvalid, "E-102", std::move(text));
}

tl::unexpected<Error> bad_value(const Field& field, std::string_view text) {
  if (field.secret) return bad("a value that is not " + describe(field));
  return bad(fmt::format("{} is not {}", shown(text), describe(field)));
}

Result<std::string> name(const Field& field, std::string_view text) {
  const auto part = [](char c) {
    return is_letter(c) || is_digit(c) || c == '-' || c == '_' || c == '.';
  };
  if (text.empty() || !is_letter(text.front()) || !std::ranges::all_of(text, part) ||
      text.size() > static_cast<std::size_t>(field.max)) {
    return bad_value(field, text);
  }
  return std::string(text);
}

Result<std::string> printable(const Field& field, std::string_view text) {
  if (!std::ranges::all_of(text, is_printable) ||
      text.size() < static_cast<std::size_t>(field.min) ||
      text.size() > static_cast<std::size_t>(field.max)) {
    return bad_value(field, text);
  }
  return std::string(text);
}

Result<std::string> file(const Field& field, std::string_view text) {
  const bool fits = text.size() > 1 && text.front() == '/' && text.back() != '/' &&
                    text.size() <= static_cast<std::size_t>(field.max) &&
                    std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
  if (!fits) return bad_value(field, text);
  return std::string(text);
}

Result<std::string> prefix(std::string_view text) {
  const auto value = net::Prefix::parse(text);
  if (!value) return tl::unexpected(value.error());
  if (value->network() != value->address) {
    return bad(fmt::format("{} has bits behind its length: did you mean {}?", shown(text),
                           net::Prefix{value->network(), value->length}.to_string()));
  }
  return value->to_string();
}

// The length is asked for: whoever forgets it has a unit that reaches nobody.
Result<std::string> interface_address(const Field& field, std::string_view text) {
  if (text.find('/') == std::string_view::npos) return bad_value(field, text);
  const auto value = net::Prefix::parse(text);
  if (!value) return tl::unexpected(value.error());
  return value->to_string();
}

// Path and query of RFC 3986: nothing that an HTTP request line could be split by.
Result<std::string> url_path(const Field& field, std::string_view text) {
  constexpr std::string_view kMarks = "/-._~!$&'()*+,;=:@?%";
  if (text.empty() || text.front() != '/' || text.size() > static_cast<std::size_t>(field.max)) {
    return bad_value(field, text);
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!is_letter(c) && !is_digit(c) && kMarks.find(c) == std::string_view::npos) {
      return bad(fmt::format("{} has a character that a URL path cannot hold: write it as %XX",
                             shown(text)));
    }
    if (c == '%' && (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2]))) {
      return bad(fmt::format("{} has a % that two hexadecimal digits do not follow", shown(text)));
    }
  }
  return std::string(text);
}

bool within_bounds(const Field& field, std::uint64_t value) {
  return value <= static_cast<std::uint64_t>(field.max) &&
         (value >= static_cast<std::uint64_t>(field.min) || (field.zero && value == 0));
}

Result<std::string> integer(const Field& field, std::string_view text) {
  const auto value = parse_decimal(text);
  if (!value || !within_bounds(field, *value)) return bad_value(field, text);
  return std::string(text);
}

Result<std::string> integer_range(const Field& field, std::string_view text) {
  const auto dash = text.find('-');
  const auto first = parse_decimal(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : parse_decimal(text.substr(dash + 1));
  if (!first || !last || !within_bounds(field, *first) || !within_bounds(field, *last)) {
    return bad_value(field, text);
  }
  if (*first > *last) return bad(fmt::format("{} ends before it begins", shown(text)));
  if (*first == *last) return fmt::format("{}", *first);
  return std::string(text);
}

Result<std::string> duration(const Field& field, std::string_view text) {
  const auto value = parse_duration(text);
  if (!value && parse_decimal(text)) {
    return bad(fmt::format("{} has no unit (ms, s, m or h): {}", shown(text), describe(field)));
  }
  if (!value || !within_bounds(field, static_cast<std::uint64_t>(value->count()))) {
    return bad_value(field, text);
  }
  return to_text(*value);
}

template <typename T>
Result<std::string> parsed(std::string_view text) {
  const auto value = T::parse(text);
  if (!value) return tl::unexpected(value.error());
  return value->to_string();
}

Result<std::string> choice(const Field& field, std::string_view text,
                           std::span<const std::string_view> choices) {
  if (std::ranges::find(choices, text) == choices.end()) return bad_value(field, text);
  return std::string(text);
}

Result<std::string> named_choice(const Field& field, std::string_view text) {
  const std::string_view kind = choice_of(text);
  if (std::ranges::find(field.choices, kind) == field.choices.end()) return bad_value(field, text);
  if (kind != text && !name(field, text.substr(kind.size() + 1))) return bad_value(field, text);
  return std::string(text);
}

Result<std::string> choice_or_integer(const Field& field, std::string_view text) {
  return choice(field, text, field.choices) ? std::string(text) : integer(field, text);
}

Result<std::string> bytes(const Field& field, std::string_view text) {
  const auto read = parse_bytes(text);
  if (!read) return tl::unexpected(read.error());
  if (!std::ranges::all_of(text, is_printable) ||
      text.size() > static_cast<std::size_t>(field.max)) {
    return bad_value(field, text);
  }
  return std::string(text);
}

// RFC 9110: a token, a colon, and what belongs to it; nothing that a second header could begin by.
// Headers that a request has anyway, or that would change how it is carried.
bool is_of_the_request(std::string_view name) {
  constexpr std::array<std::string_view, 5> kOwn{"host", "connection", "content-length",
                                                 "transfer-encoding", "expect"};
  const auto is_same = [](char lower, char c) {
    return lower == (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  };
  return std::ranges::any_of(
      kOwn, [&](std::string_view own) { return std::ranges::equal(own, name, is_same); });
}

Result<std::string> header(const Field& field, std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  const auto is_token = [&](char c) {
    return is_letter(c) || is_digit(c) || kMarks.find(c) != std::string_view::npos;
  };
  const auto colon = text.find(':');
  if (colon == 0 || colon == std::string_view::npos ||
      !std::ranges::all_of(text.substr(0, colon), is_token)) {
    return bad_value(field, text);
  }
  if (is_of_the_request(text.substr(0, colon))) {
    return fail(
        Errc::kInvalid, "E-102",
        fmt::format("{} is not for you to set: the request has its own", text.substr(0, colon)));
  }
  std::string_view value = text.substr(colon + 1);
  while (value.starts_with(' ')) value.remove_prefix(1);
  while (value.ends_with(' ')) value.remove_suffix(1);
  if (value.empty()) return bad_value(field, text);
  return printable(field, fmt::format("{}: {}", text.substr(0, colon), value));
}

// RFC 1035: labels of up to 63 characters; "." is the root, where a field may be that.
Result<std::string> domain_name(const Field& field, std::string_view text) {
  if (text == "." && field.zero) return std::string(text);
  std::string_view rest = text.ends_with('.') ? text.substr(0, text.size() - 1) : text;
  if (rest.empty() || rest.size() > static_cast<std::size_t>(field.max)) {
    return bad_value(field, text);
  }
  std::string lower(rest);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  constexpr std::size_t kLabelMax = 63;
  for (rest = lower;;) {
    const std::string_view label = rest.substr(0, rest.find('.'));
    const bool fits = std::ranges::all_of(
        label, [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_'; });
    if (label.empty() || label.size() > kLabelMax || !fits) return bad_value(field, text);
    if (label.size() == rest.size()) return lower;
    rest.remove_prefix(label.size() + 1);
  }
}

// A name whose last label is a number would be an address to whoever looks it up, or nothing at
// all.
Result<std::string> host(const Field& field, std::string_view text) {
  if (const auto address = net::IpAddress::parse(text)) return address->to_string();
  auto lower = domain_name(field, text);
  if (!lower) return bad_value(field, text);
  std::string_view label;
  for (std::string_view rest = *lower;; rest.remove_prefix(label.size() + 1)) {
    label = rest.substr(0, rest.find('.'));
    const bool fits = label.front() != '-' && label.back() != '-' && label.find('_') > label.size();
    if (!fits) return bad_value(field, text);
    if (label.size() == rest.size()) break;
  }
  if (std::ranges::all_of(label, is_digit)) return bad_value(field, text);
  return lower;
}

// A path below the database's folder, and never out of it. Whether there is such a zone is the
// machine's to know.
Result<std::string> time_zone(const Field& field, std::string_view text) {
  const auto fits = [](char c) {
    return is_letter(c) || is_digit(c) || c == '_' || c == '+' || c == '-';
  };
  if (text.size() > static_cast<std::size_t>(field.max)) return bad_value(field, text);
  for (std::string_view rest = text;;) {
    const std::string_view segment = rest.substr(0, rest.find('/'));
    if (segment.empty() || !is_letter(segment.front()) || !std::ranges::all_of(segment, fits)) {
      return bad_value(field, text);
    }
    if (segment.size() == rest.size()) return std::string(text);
    rest.remove_prefix(segment.size() + 1);
  }
}

Result<std::string> ssh_key(const Field& field, std::string_view text) {
  if (text.size() > static_cast<std::size_t>(field.max)) return bad_value(field, text);
  return canonical_ssh_key(text);
}

// Arguments of a vdev device are DPDK's own, files to write among them: what one who may commit is
// not to have of a process that is root.
Result<std::string> device(const Field& field, std::string_view text) {
  const auto parsed = hal::Device::parse(text);
  if (!parsed || parsed->kind == hal::Device::Kind::kVdev) return bad_value(field, text);
  return parsed->to_string();
}

constexpr std::array<std::string_view, 2> kFlagWords{"yes", "no"};

std::string bounds(const Field& field, auto write) {
  return fmt::format("{} to {}{}", write(field.min), write(field.max), field.zero ? ", or 0" : "");
}

}  // namespace

Result<std::string> canonical_part(const Field& field, std::string_view text) {
  switch (field.type) {
    case FieldType::kName:
    case FieldType::kReference:
      return name(field, text);
    case FieldType::kText:
      return printable(field, text);
    case FieldType::kPath:
      return url_path(field, text);
    case FieldType::kFile:
      return file(field, text);
    case FieldType::kInteger:
      return integer(field, text);
    case FieldType::kIntegerRange:
      return integer_range(field, text);
    case FieldType::kDuration:
      return duration(field, text);
    case FieldType::kFlag:
      return choice(field, text, kFlagWords);
    case FieldType::kChoice:
      return choice(field, text, field.choices);
    case FieldType::kAddress:
      return parsed<net::IpAddress>(text);
    case FieldType::kPrefix:
      return prefix(text);
    case FieldType::kInterfaceAddress:
      return interface_address(field, text);
    case FieldType::kEndpoint:
      return parsed<net::Endpoint>(text);
    case FieldType::kServiceAddress:
      return parsed<net::ServiceAddress>(text);
    case FieldType::kNamedChoice:
      return named_choice(field, text);
    case FieldType::kChoiceOrInteger:
      return choice_or_integer(field, text);
    case FieldType::kBytes:
      return bytes(field, text);
    case FieldType::kHeader:
      return header(field, text);
    case FieldType::kDomainName:
      return domain_name(field, text);
    case FieldType::kHost:
      return host(field, text);
    case FieldType::kTimeZone:
      return time_zone(field, text);
    case FieldType::kSshKey:
      return ssh_key(field, text);
    case FieldType::kDevice:
      return device(field, text);
  }
  return bad_value(field, text);
}

Result<std::string> canonical(const Field& field, std::string_view text) {
  if (!field.list) return canonical_part(field, text);
  std::vector<std::string> parts;
  for (const std::string_view part : split_list(text)) {
    auto value = canonical_part(field, part);
    if (!value) {
      value.error().column = static_cast<int>(part.data() - text.data());
      return value;
    }
    if (std::ranges::find(parts, *value) != parts.end()) {
      return fail(Errc::kInvalid, "E-102", fmt::format("{} is given twice", *value),
                  static_cast<int>(part.data() - text.data()));
    }
    parts.push_back(std::move(*value));
  }
  return fmt::format("{}", fmt::join(parts, ","));
}

std::string describe(const Field& field) {
  switch (field.type) {
    case FieldType::kName:
    case FieldType::kReference:
      return fmt::format("a name: a letter, then letters, digits, - _ . up to {} characters",
                         field.max);
    case FieldType::kText:
      return fmt::format("printable ASCII text of {} to {} characters", field.min, field.max);
    case FieldType::kPath:
      return fmt::format("a URL path such as {} of up to {} characters", field.example, field.max);
    case FieldType::kFile:
      return fmt::format("a file's path such as {} of up to {} characters", field.example,
                         field.max);
    case FieldType::kInteger:
      return "a number from " + bounds(field, [](auto value) { return std::to_string(value); });
    case FieldType::kIntegerRange:
      return fmt::format("a number or a range such as {} from {} to {}", field.example, field.min,
                         field.max);
    case FieldType::kDuration:
      return "a time from " +
             bounds(field, [](auto value) { return to_text(std::chrono::milliseconds{value}); });
    case FieldType::kFlag:
      return "yes or no";
    case FieldType::kChoice:
      return fmt::format("{}", fmt::join(field.choices, " or "));
    case FieldType::kAddress:
      return "an IP address";
    case FieldType::kPrefix:
      return fmt::format("an address and length such as {}", field.example);
    case FieldType::kInterfaceAddress:
      return fmt::format("an address and the length of its network such as {}",
                         field.example.substr(0, field.example.find(',')));
    case FieldType::kEndpoint:
      return fmt::format("an address and port such as {}", field.example);
    case FieldType::kServiceAddress:
      return fmt::format("an address, port and protocol such as {}", field.example);
    case FieldType::kNamedChoice:
      return fmt::format("{}, with :name behind it for a second of its kind",
                         fmt::join(field.choices, ", "));
    case FieldType::kChoiceOrInteger:
      return fmt::format("{} or a number from {} to {}", fmt::join(field.choices, ", "), field.min,
                         field.max);
    case FieldType::kBytes:
      return fmt::format("printable ASCII text of up to {} characters, with {}", field.max,
                         R"(\r \n \t \\ \x00 for single bytes)");
    case FieldType::kHeader:
      return fmt::format("a header such as '{}', without a comma", field.example);
    case FieldType::kDomainName:
      return fmt::format("a domain name such as {}", field.example);
    case FieldType::kHost:
      return "an IP address or a host's name";
    case FieldType::kTimeZone:
      return fmt::format("a time zone such as {}", field.example);
    case FieldType::kSshKey:
      return fmt::format("a line of up to {} characters: {}, its base64, a comment", field.max,
                         ssh_key_types());
    case FieldType::kDevice:
      return "pci:ADDRESS, af_xdp:INTERFACE, af_packet:INTERFACE or tap:INTERFACE";
  }
  return {};
}

}  // namespace yoke::model
