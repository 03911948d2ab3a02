// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "hal/base/result.h"

// The schema: every kind of record, its key and its fields, written once. Validation, SQL, JSON,
// CLI words, completion, help and canonical text all derive from these tables; a new setting is one
// line in schema.cpp and nothing else. Threads: constant data, any.
namespace yoke::model {

enum class FieldType : std::uint8_t {
  kName,          // identifier: a letter, then letters, digits, - _ . ; at most `max` characters
  kText,          // printable text, `min` to `max` characters; may need quotes on the command line
  kPath,          // an absolute URL path, "/health"
  kFile,          // an absolute path of a file, "/etc/yoke/ca.pem"
  kInteger,       // `min` to `max`
  kIntegerRange,  // "200" or "200-299", both within `min` to `max`
  kDuration,      // "200ms", "30s", "5m", "2h"; bounds in milliseconds
  kFlag,          // "yes" or "no"
  kChoice,        // one of `choices`
  kAddress,       // IPv4 or IPv6
  kPrefix,        // address/length, no bits behind the length; a lone address is all of it
  kInterfaceAddress,  // address/length, with bits behind the length: "192.0.2.5/24"
  kEndpoint,          // address:port
  kServiceAddress,    // address:port/protocol
  kReference,         // the key of a record of kind `refers_to`
  kNamedChoice,       // one of `choices`, and a name behind a colon where several are alike
  kChoiceOrInteger,   // one of `choices`, or `min` to `max`
  kBytes,             // text of up to `max` bytes, of which \r \n \t \\ and \x00 stand for one
  kHeader,            // a header line of HTTP, "X-Probe: yes"
  kDomainName,        // "www.example.net"; underscores too, as SRV records have them
  kHost,              // an address, or a host's name as RFC 1123 has it
  kTimeZone,          // a name of the IANA time zone database, "Europe/Berlin"
  kSshKey,            // a public key: type, base64 and, if there is one, a comment (ssh_key.h)
  kDevice,            // what a data port is made of, "pci:0000:01:00.0" (hal/device.h)
};

struct Field {
  std::string_view name;  // one word: CLI word, JSON key, SQL column
  FieldType type;
  std::string_view help;           // one line, no full stop
  std::string_view example;        // a value that is accepted
  std::string_view default_value;  // canonical text; empty: none
  std::int64_t min = 0;
  std::int64_t max = 0;
  std::span<const std::string_view> choices = {};
  std::string_view refers_to = {};
  bool required = false;
  bool positional = false;     // may be given without its name: "set vip web 192.0.2.1:80/tcp"
  bool list = false;           // several values, comma separated in canonical text, order kept
  bool for_operators = false;  // somebody of that role may change it
  bool zero = false;           // 0 (of names: the root) is accepted beside what the bounds allow
  bool secret = false;         // never shown unless asked for by name (secrets.h)
  bool of_unit = false;        // belongs to this unit alone, not to a pair (unit_part.h)
  // Record keys that have this field, names behind a colon aside; empty: all.
  std::span<const std::string_view> only_for = {};
};

struct RecordType {
  std::string_view kind;    // "pool"
  std::string_view plural;  // "pools"
  std::string_view parent;  // kind of the record it lives in, or empty: a server lives in a pool
  std::string_view help;
  Field key;  // unique among the records of one parent
  std::span<const Field> fields;
  // There is one such record, or none where none of its fields is set: it has no key on the command
  // line and in documents, and "" in paths.
  bool single = false;
  // It belongs to this unit alone, with all that lives in it (unit_part.h). Of top-level kinds.
  bool of_unit = false;
};

// All kinds, parents before children.
[[nodiscard]] std::span<const RecordType> schema() noexcept;
[[nodiscard]] const RecordType* find_type(std::string_view kind) noexcept;
[[nodiscard]] const Field* find_field(const RecordType& type, std::string_view name) noexcept;

// What a key says of its record's kind: "http" of "http:admin".
[[nodiscard]] std::string_view choice_of(std::string_view key) noexcept;
// Whether a record with this key has the field: a `tcp` check has no path.
[[nodiscard]] bool applies(const Field& field, std::string_view key) noexcept;

// `text` in the one spelling it has everywhere ("030s" is refused, "60s" becomes "1m"), or what is
// wrong with it. For a list, of each part. Errors: E-102, or E-103 and E-104 for addresses.
[[nodiscard]] Result<std::string> canonical(const Field& field, std::string_view text);
// The same for one value of a list (for other fields, the same as canonical).
[[nodiscard]] Result<std::string> canonical_part(const Field& field, std::string_view text);
// What a value looks like, for help and errors: "1s to 24h, or 0", "nat or dsr".
[[nodiscard]] std::string describe(const Field& field);

}  // namespace yoke::model
