// SPDX-License-Identifier: Apache-2.0
#include "mgmt/peer/schema_mark.h"

#include <string_view>

namespace yoke::peer {
namespace {

// FNV-1a, 64 bits.
class Mark {
 public:
  void add(std::string_view text) {
    for (const char each : text) add(static_cast<std::uint8_t>(each));
    add(std::uint8_t{0});
  }
  void add(std::uint8_t octet) {
    value_ ^= octet;
    value_ *= 0x100000001b3U;
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325U;
};

void add(Mark& mark, const model::Field& field) {
  mark.add(field.name);
  mark.add(static_cast<std::uint8_t>(field.type));
  mark.add(field.default_value);
  mark.add(static_cast<std::uint8_t>((field.of_unit ? 1 : 0) + (field.list ? 2 : 0)));
  for (const std::string_view choice : field.choices) mark.add(choice);
}

}  // namespace

std::uint64_t schema_mark(std::span<const model::RecordType> types) {
  Mark mark;
  for (const model::RecordType& type : types) {
    mark.add(type.kind);
    mark.add(type.parent);
    mark.add(static_cast<std::uint8_t>(type.of_unit ? 1 : 0));
    add(mark, type.key);
    for (const model::Field& field : type.fields) add(mark, field);
  }
  return mark.value();
}

}  // namespace yoke::peer
