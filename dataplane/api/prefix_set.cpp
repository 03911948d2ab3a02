// SPDX-License-Identifier: Apache-2.0
#include "dataplane/api/prefix_set.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

namespace yoke::api {
namespace {

// FNV-1a over words of 64 bits, each stirred so that its high bits count too.
std::uint64_t digest_of(const std::vector<net::Prefix>& prefixes) {
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto add = [&hash](std::uint64_t word) {
    hash = (hash ^ word) * 0x100000001b3;
    hash ^= hash >> 29;
  };
  for (const net::Prefix& prefix : prefixes) {
    std::uint64_t words[2];
    std::memcpy(words, prefix.address.octets().data(), sizeof words);
    add(words[0]);
    add(words[1]);
    add(prefix.length);
  }
  return hash;
}

}  // namespace

PrefixSet::PrefixSet(std::vector<net::Prefix> prefixes) {
  if (prefixes.empty()) return;
  for (net::Prefix& prefix : prefixes) prefix.address = prefix.network();
  if (!std::ranges::is_sorted(prefixes)) std::ranges::sort(prefixes);
  prefixes.erase(std::unique(prefixes.begin(), prefixes.end()), prefixes.end());
  const std::uint64_t digest = digest_of(prefixes);
  content_ = std::make_shared<const Content>(Content{std::move(prefixes), digest});
}

bool operator==(const PrefixSet& a, const PrefixSet& b) {
  if (a.content_ == b.content_) return true;
  return a.digest() == b.digest() && std::ranges::equal(a.prefixes(), b.prefixes());
}

std::vector<net::Prefix> not_in(const PrefixSet& one, const PrefixSet& other) {
  std::vector<net::Prefix> rest;
  std::ranges::set_difference(one.prefixes(), other.prefixes(), std::back_inserter(rest));
  return rest;
}

PrefixSet changed(const PrefixSet& from, const std::vector<net::Prefix>& added,
                  const std::vector<net::Prefix>& gone) {
  std::vector<net::Prefix> prefixes = not_in(from, PrefixSet(gone));
  prefixes.insert(prefixes.end(), added.begin(), added.end());
  return PrefixSet(std::move(prefixes));
}

}  // namespace yoke::api
