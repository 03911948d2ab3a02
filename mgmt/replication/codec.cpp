// SPDX-License-Identifier: Apache-2.0
#include "mgmt/replication/codec.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "mgmt/replication/fields.h"

namespace yoke::replication {
namespace {

constexpr std::string_view kMagic = "YKRP";
constexpr char kLayout = 1;

// A number that is given is never given to anything else.
enum Type : std::uint16_t {
  kFrom = 1,
  kTo = 2,
  kMessage = 3,  // its type
  kNumber = 4,   // of a message, a Want, a part, an attempt
  kTip = 5,
  kWriter = 6,
  kEpoch = 7,
  kSchema = 8,
  kFloor = 9,
  kWhole = 10,
  kStream = 11,
  kTotal = 12,
  kOffset = 13,
  kBytes = 14,
  kHash = 15,
  kWhy = 16,
  kParent = 17,
  kInfo = 18,
  kChanges = 19,
  kMarks = 20,
  kDocument = 21,
  kEcho = 22,
};
constexpr std::size_t kTypes = 23;
constexpr std::size_t kHashSize = std::tuple_size_v<Hash>;
constexpr std::size_t kPositionSize = 24 + kHashSize;
constexpr std::size_t kMarkSize = 8 + kHashSize;

std::string_view view(const Hash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}
Hash hash_in(std::string_view bytes) {
  Hash hash{};
  std::copy_n(bytes.begin(), std::min(bytes.size(), hash.size()), hash.begin());
  return hash;
}

// What each message consists of, once for both directions: `each` is a Writer or a Reader.
void fields(auto& each, Hello& m) {
  each(kNumber, m.seq);
  each(kTip, m.tip);
  each(kWriter, m.writer);
  each(kEpoch, m.epoch);
  each(kSchema, m.schema);
  each(kFloor, m.floor);
  each(kEcho, m.echo);
}
void fields(auto& each, Want& m) {
  each(kNumber, m.number);
  each(kTip, m.from);
  each(kWhole, m.whole);
}
void fields(auto& each, Part& m) {
  each(kStream, m.stream);
  each(kNumber, m.number);
  each(kTotal, m.total);
  each(kOffset, m.offset);
  each(kBytes, m.bytes);
}
void fields(auto& each, More& m) {
  each(kStream, m.stream);
  each(kNumber, m.number);
  each(kOffset, m.offset);
}
void fields(auto& each, Accepted& m) {
  each(kNumber, m.attempt);
  each(kHash, m.hash);
}
void fields(auto& each, Declined& m) {
  each(kNumber, m.attempt);
  each(kWhy, m.why);
}
void fields(auto& each, Committed& m) { each(kHash, m.hash); }
void fields(auto& each, Diverged& m) {
  each(kNumber, m.number);
  each(kTip, m.tip);
}
void fields(auto& each, Revision& m) {
  each(kParent, m.parent);
  each(kTip, m.position);
  each(kInfo, m.info);
  each(kChanges, m.changes);
}
void fields(auto& each, Snapshot& m) {
  each(kTip, m.position);
  each(kMarks, m.marks);
  each(kInfo, m.info);
  each(kDocument, m.document);
}
void fields(auto& each, Proposal& m) {
  each(kEpoch, m.epoch);
  fields(each, m.revision);
}

class Writer {
 public:
  void operator()(Type type, std::uint64_t value) { fields_.add(type, value); }
  void operator()(Type type, bool value) { fields_.add(type, number_bytes(value ? 1 : 0, 1)); }
  void operator()(Type type, Stream value) { small(type, static_cast<std::uint8_t>(value)); }
  void operator()(Type type, Objection value) { small(type, static_cast<std::uint8_t>(value)); }
  void operator()(Type type, const Hash& value) { fields_.add(type, view(value)); }
  void operator()(Type type, const std::string& value) { fields_.add(type, value); }
  void operator()(Type type, const Position& value) {
    std::string bytes = number_bytes(value.epoch, 8) + number_bytes(value.revision, 8);
    bytes += view(value.hash);
    fields_.add(type, bytes + number_bytes(value.digest, 8));
  }
  void operator()(Type type, const std::vector<Mark>& value) {
    std::string bytes;
    for (const Mark& mark : value) (bytes += number_bytes(mark.revision, 8)) += view(mark.hash);
    fields_.add(type, bytes);
  }
  [[nodiscard]] std::string take() { return std::move(fields_).take(); }

 private:
  void small(Type type, std::uint8_t value) { fields_.add(type, number_bytes(value, 1)); }
  FieldWriter fields_;
};

// The first of each type counts.
class Reader {
 public:
  explicit Reader(std::string_view bytes) {
    FieldReader fields(bytes);
    while (const auto field = fields.next()) {
      if (field->type < kTypes && !found_[field->type]) found_[field->type] = field->value;
    }
    good_ = !fields.malformed();
  }
  void operator()(Type type, std::uint64_t& value) { value = number(type); }
  void operator()(Type type, bool& value) { value = number(type) != 0; }
  void operator()(Type type, Stream& value) {
    const auto found = number(type);
    good_ = good_ && found < kStreams;
    if (good_) value = static_cast<Stream>(found);
  }
  void operator()(Type type, Objection& value) {
    const auto found = number(type);
    good_ = good_ && found >= 1 && found <= 4;
    if (good_) value = static_cast<Objection>(found);
  }
  void operator()(Type type, Hash& value) { value = hash_in(at(type)); }
  void operator()(Type type, std::string& value) { value = at(type); }
  void operator()(Type type, Position& value) {
    const auto bytes = at(type);
    if (bytes.empty()) return;
    good_ = good_ && bytes.size() >= kPositionSize;
    if (!good_) return;
    value.epoch = number_in(bytes.substr(0, 8));
    value.revision = number_in(bytes.substr(8, 8));
    value.hash = hash_in(bytes.substr(16, kHashSize));
    value.digest = number_in(bytes.substr(16 + kHashSize, 8));
  }
  void operator()(Type type, std::vector<Mark>& value) {
    const auto bytes = at(type);
    good_ = good_ && bytes.size() % kMarkSize == 0;
    if (!good_) return;
    for (std::size_t i = 0; i < bytes.size(); i += kMarkSize) {
      value.push_back({number_in(bytes.substr(i, 8)), hash_in(bytes.substr(i + 8, kHashSize))});
    }
  }
  [[nodiscard]] bool has(Type type) const { return found_[type].has_value(); }
  [[nodiscard]] bool good() const { return good_; }

 private:
  [[nodiscard]] std::string_view at(Type type) const { return found_[type].value_or(""); }
  [[nodiscard]] std::uint64_t number(Type type) const { return number_in(at(type)); }
  std::array<std::optional<std::string_view>, kTypes> found_;
  bool good_ = false;
};

template <std::size_t kIndex = 0>
bool read_message(std::uint64_t type, Reader& reader, Message& message) {
  if constexpr (kIndex == std::variant_size_v<Message>) {
    return false;
  } else {
    if (type != kIndex + 1) return read_message<kIndex + 1>(type, reader, message);
    fields(reader, message.emplace<kIndex>());
    return reader.good();
  }
}

template <typename Body>
std::string written(const Body& body) {
  Writer writer;
  Body copy = body;
  fields(writer, copy);
  return writer.take();
}

template <typename Body>
std::optional<Body> read(std::string_view bytes) {
  Reader reader(bytes);
  Body body;
  fields(reader, body);
  if (!reader.good()) return std::nullopt;
  return body;
}

}  // namespace

std::string encode(const Letter& letter) {
  Writer writer;
  writer(kFrom, letter.from);
  writer(kTo, letter.to);
  writer(kMessage, std::uint64_t{letter.message.index() + 1});
  std::visit(
      [&](const auto& message) {
        auto copy = message;
        fields(writer, copy);
      },
      letter.message);
  return std::string(kMagic) + kLayout + writer.take();
}

std::optional<Letter> decode_letter(std::string_view bytes) {
  if (!bytes.starts_with(kMagic) || bytes.size() <= kMagic.size() ||
      bytes[kMagic.size()] != kLayout) {
    return std::nullopt;
  }
  Reader reader(bytes.substr(kMagic.size() + 1));
  Letter letter;
  std::uint64_t type = 0;
  reader(kFrom, letter.from);
  reader(kTo, letter.to);
  reader(kMessage, type);
  if (!reader.good() || !read_message(type, reader, letter.message)) return std::nullopt;
  return letter;
}

std::string encode(const Proposal& proposal) { return written(proposal); }
std::optional<Proposal> decode_proposal(std::string_view bytes) { return read<Proposal>(bytes); }

std::string encode(const Supply& supply) {
  return std::visit([](const auto& body) { return written(body); }, supply);
}

std::optional<Supply> decode_supply(std::string_view bytes) {
  if (Reader(bytes).has(kDocument)) {
    auto snapshot = read<Snapshot>(bytes);
    if (!snapshot) return std::nullopt;
    return Supply(std::move(*snapshot));
  }
  auto revision = read<Revision>(bytes);
  if (!revision) return std::nullopt;
  return Supply(std::move(*revision));
}

}  // namespace yoke::replication
