// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "dataplane/net/address.h"

namespace yoke::api {

// Networks, sorted and each there once. Copies share them: a hundred thousand cost a pointer where
// they are the same, and two sets that share are known to be equal at once. Threads: a value, any.
class PrefixSet {
 public:
  PrefixSet() = default;
  // In any order, twice or not; bits behind a length are dropped.
  explicit PrefixSet(std::vector<net::Prefix> prefixes);

  [[nodiscard]] std::span<const net::Prefix> prefixes() const noexcept {
    return content_ == nullptr ? std::span<const net::Prefix>() : content_->prefixes;
  }
  [[nodiscard]] std::size_t size() const noexcept { return prefixes().size(); }
  // The same for equal sets. Not cryptographic.
  [[nodiscard]] std::uint64_t digest() const noexcept {
    return content_ == nullptr ? 0 : content_->digest;
  }
  friend bool operator==(const PrefixSet& a, const PrefixSet& b);

 private:
  struct Content {
    std::vector<net::Prefix> prefixes;
    std::uint64_t digest = 0;
  };
  std::shared_ptr<const Content> content_;  // null: empty
};

// What is in the one and not in the other; `from` without `gone` and with `added`.
[[nodiscard]] std::vector<net::Prefix> not_in(const PrefixSet& one, const PrefixSet& other);
[[nodiscard]] PrefixSet changed(const PrefixSet& from, const std::vector<net::Prefix>& added,
                                const std::vector<net::Prefix>& gone);

}  // namespace yoke::api
