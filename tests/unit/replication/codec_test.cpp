// SPDX-License-Identifier: Apache-2.0
#include "mgmt/replication/codec.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "mgmt/replication/fields.h"
#include "mgmt/replication/parcels.h"

namespace yoke::replication {
namespace {

Position position(std::uint64_t revision) {
  Position made{7, revision, {}, 0x1234567890abcdef};
  made.hash.fill(static_cast<std::uint8_t>(revision));
  return made;
}

std::vector<Message> each_message() {
  return {Hello{3, position(9), true, 8, 77, 5, 6},
          Want{4, position(2), true},
          Part{Stream::kOutcome, 5, 100, 10, std::string("a\0b", 3)},
          More{Stream::kPrepare, 6, 7},
          Accepted{8, position(1).hash},
          Declined{9, Objection::kSchema},
          Committed{position(3).hash},
          Diverged{10, position(4)}};
}

TEST(Codec, EveryMessageComesBackAsItWas) {
  const auto messages = each_message();
  ASSERT_EQ(messages.size(), std::variant_size_v<Message>);
  for (const Message& message : messages) {
    const Letter letter{11, 12, message};
    EXPECT_EQ(decode_letter(encode(letter)), letter) << message.index();
  }
}

TEST(Codec, BodiesComeBackAsTheyWere) {
  const Revision revision{position(1), position(2), "info", "changes"};
  EXPECT_EQ(decode_supply(encode(Supply(revision))), Supply(revision));
  EXPECT_EQ(decode_proposal(encode(Proposal{5, revision})), (Proposal{5, revision}));
  const Snapshot all{position(3), {{1, position(1).hash}, {3, position(3).hash}}, "info", "[]"};
  EXPECT_EQ(decode_supply(encode(Supply(all))), Supply(all));
}

TEST(Codec, WhatIsCutShortIsNothingOrLess) {
  for (const Message& message : each_message()) {
    const std::string bytes = encode(Letter{11, 12, message});
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const auto read = decode_letter(std::string_view(bytes).substr(0, size));
      if (read) {
        EXPECT_LE(encode(*read).size(), bytes.size());
      }
    }
  }
}

// A release to come adds a field, and a message.
TEST(Codec, WhatIsNewIsSteppedOver) {
  FieldWriter more;
  more.add(999, "what nobody here knows");
  const Letter letter{11, 12, Committed{position(3).hash}};
  EXPECT_EQ(decode_letter(encode(letter) + std::move(more).take()), letter);
  FieldWriter unknown;
  unknown.add(1, 11U);
  unknown.add(3, 99U);
  EXPECT_EQ(decode_letter(std::string("YKRP\1", 5) + std::move(unknown).take()), std::nullopt);
  EXPECT_EQ(decode_letter(std::string("YKRP\2", 5)), std::nullopt);
  EXPECT_EQ(decode_letter("GET / HTTP/1.1"), std::nullopt);
}

// A release before lacks a field.
TEST(Codec, WhatIsMissingHasItsDefault) {
  FieldWriter fields;
  fields.add(1, 11U);
  fields.add(2, 12U);
  fields.add(3, 1U);
  EXPECT_EQ(decode_letter(std::string("YKRP\1", 5) + std::move(fields).take()),
            (Letter{11, 12, Hello{}}));
}

TEST(Parcels, PartsInAnyOrderMakeTheBodyOnce) {
  const Outgoing out{4, std::string(2 * kPartMost + 5, 'x')};
  Intake in;
  EXPECT_TRUE(in.take(*out.part(Stream::kSupply, 0)));
  EXPECT_TRUE(in.take(*out.part(Stream::kSupply, 2 * kPartMost)));  // too early
  EXPECT_EQ(in.body.size(), kPartMost);
  EXPECT_TRUE(in.take(*out.part(Stream::kSupply, 0)));  // again
  EXPECT_TRUE(in.take(*out.part(Stream::kSupply, in.body.size())));
  EXPECT_FALSE(in.complete());
  EXPECT_TRUE(in.take(*out.part(Stream::kSupply, in.body.size())));
  EXPECT_TRUE(in.complete());
  EXPECT_EQ(in.body, out.body);
  EXPECT_FALSE(in.take({Stream::kSupply, 3, 1, 0, "y"}));             // of before
  EXPECT_FALSE(in.take({Stream::kSupply, 5, kBodyMost + 1, 0, {}}));  // too much
  EXPECT_FALSE(in.take({Stream::kSupply, 5, 2, 1, "yy"}));
  EXPECT_EQ(out.part(Stream::kSupply, out.body.size() + 1), std::nullopt);
}

}  // namespace
}  // namespace yoke::replication
