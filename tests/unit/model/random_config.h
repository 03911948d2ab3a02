// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <set>

#include "hal/base/base64.h"
#include "mgmt/model/config.h"
#include "mgmt/model/schema.h"

// Random configurations for property tests: every kind and field of the schema, with values written
// as people might (not always canonical). One seed gives one configuration.
namespace yoke::model::testing {

class RandomConfig {
 public:
  explicit RandomConfig(unsigned seed) : random_(seed) {}

  Config config() {
    Config config;
    for (const RecordType& type : schema()) {
      if (type.parent.empty()) add_records(type, {}, config);
    }
    return config;
  }

  std::string value(const Field& field) {
    if (!field.list) return part(field);
    std::set<std::string> parts;
    for (unsigned i = below(3) + 1; i > 0; --i) {
      if (auto text = canonical_part(field, part(field))) parts.insert(*text);
    }
    return fmt::format("{}", fmt::join(parts, ","));
  }

  unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }

 private:
  void add_records(const RecordType& type, const Path& parent, Config& config) {
    for (unsigned i = below(type.single ? 2 : 4); i > 0; --i) {
      const Path path = parent.child(type.kind, type.single ? "" : part(type.key));
      Fields fields;
      for (const Field& field : type.fields) {
        if (applies(field, path.key()) && below(2) == 0)
          fields[std::string(field.name)] = value(field);
      }
      if (!config.set(path, fields)) {
        ADD_FAILURE() << "not accepted: " << path.to_string();
        return;
      }
      for (const RecordType& below_it : schema()) {
        if (below_it.parent == type.kind) add_records(below_it, path, config);
      }
    }
  }

  std::string letters(std::string_view alphabet, std::size_t least, std::size_t most) {
    std::string text;
    for (std::size_t i = least + random_() % (most - least + 1); i > 0; --i) {
      text += alphabet[random_() % alphabet.size()];
    }
    return text;
  }

  std::string address() {
    if (below(2) == 0) return fmt::format("192.0.{}.{}", below(256), below(256));
    return fmt::format("2001:DB8::{:x}:{:x}", below(65536), below(65536));
  }

  std::string endpoint() {
    const std::string host = address();
    const unsigned port = below(65535) + 1;
    return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                               : fmt::format("[{}]:{}", host, port);
  }

  std::string duration(const Field& field) {
    if (field.zero && below(4) == 0) return "0";
    const auto span = static_cast<std::uint64_t>(field.max - field.min) + 1;
    const auto ms = static_cast<std::uint64_t>(field.min) + random_() % span;
    return ms > 1000 && below(2) == 0 ? fmt::format("{}s", ms / 1000) : fmt::format("{}ms", ms);
  }

  std::string choice(const Field& field) {
    return std::string(field.choices[below(static_cast<unsigned>(field.choices.size()))]);
  }

  std::string ssh_key() {
    using namespace std::string_literals;
    const std::string bytes = "\0\0\0\x0bssh-ed25519\0\0\0\x20"s + letters("az", 32, 32);
    return "ssh-ed25519  " + to_base64(bytes) +
           (below(2) == 0 ? "" : " " + letters("a \"#,'@", 0, 9));
  }

  std::string part(const Field& field) {
    const auto number = [&] {
      return field.min + static_cast<std::int64_t>(
                             random_() % static_cast<std::uint64_t>(field.max - field.min + 1));
    };
    switch (field.type) {
      case FieldType::kName:
      case FieldType::kReference:
        return "n" + letters("abc-_.09", 0, 5);
      case FieldType::kText: {
        const auto least = static_cast<std::size_t>(std::max<std::int64_t>(field.min, 1));
        // A comma is between the values of a list.
        return letters(field.list ? "az AZ\"\\#?|;'weight" : "az AZ\"\\#?|,;'weight", least,
                       least + 11);
      }
      case FieldType::kPath:
        return "/" + letters("ab/?&=;'*", 0, 10);
      case FieldType::kFile:
        return "/f" + letters("ab/.-_", 0, 8) + "x";
      case FieldType::kInteger:
        return std::to_string(number());
      case FieldType::kIntegerRange: {
        const auto a = number();
        const auto b = number();
        return below(2) == 0 ? std::to_string(a)
                             : fmt::format("{}-{}", std::min(a, b), std::max(a, b));
      }
      case FieldType::kDuration:
        return duration(field);
      case FieldType::kFlag:
        return below(2) == 0 ? "yes" : "no";
      case FieldType::kChoice:
        return choice(field);
      case FieldType::kAddress:
        return address();
      case FieldType::kPrefix:
        return address();
      case FieldType::kInterfaceAddress:
        return address() + "/" + std::to_string(below(33));
      case FieldType::kEndpoint:
        return endpoint();
      case FieldType::kServiceAddress:
        return endpoint() + (below(2) == 0 ? "/tcp" : "/udp");
      case FieldType::kNamedChoice:
        return choice(field) + (below(2) == 0 ? "" : ":n" + letters("abc-_.09", 0, 5));
      case FieldType::kChoiceOrInteger:
        return below(2) == 0 ? choice(field) : std::to_string(number());
      case FieldType::kBytes:
        return below(2) == 0 ? letters("az \"|#'", 1, 12) : letters("a\"?", 0, 3) + "\\r\\x0A\\\\";
      case FieldType::kHeader:
        return "X-" + letters("az09", 1, 5) + ":  " + letters("az:\"\\09", 1, 9);
      case FieldType::kDomainName:
        return field.zero && below(8) == 0
                   ? "."
                   : letters("aZ09-_", 1, 6) + "." + letters("az", 1, 3) + ".";
      case FieldType::kHost:
        return below(2) == 0 ? address() : letters("aZ09", 1, 6) + "." + letters("aZ", 1, 3) + ".";
      case FieldType::kTimeZone:
        return "Z" + letters("aZ09+-_", 0, 5) + (below(2) == 0 ? "" : "/z" + letters("aZ", 0, 3));
      case FieldType::kSshKey:
        return ssh_key();
      case FieldType::kDevice:
        return below(2) == 0 ? "pci:0000:0A:0" + letters("09aF", 1, 1) + ".0"
                             : "af_xdp:e" + letters("th09.", 0, 5);
    }
    return {};
  }

  std::mt19937_64 random_;
};

inline constexpr unsigned kSeeds = 300;

}  // namespace yoke::model::testing
