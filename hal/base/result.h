// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

// Result and Error: how every call outside the packet path reports failure.
//
// An Error is made for a person: one sentence that says what was wrong and what was expected, a
// stable identifier that documentation and scripts may rely on, and, where the error belongs to a
// piece of text, the column at which it starts. Threads: values, any.
namespace yoke {

// What kind of failure; the CLI maps each to one exit code (cli/README.md).
enum class Errc : std::uint8_t {
  kFailed,       // tried and did not work (1)
  kInvalid,      // the words or values make no sense (2)
  kDenied,       // not permitted (3)
  kNotFound,     // names something that is not there (4)
  kConflict,     // somebody else changed or holds it (5)
  kRefused,      // understood, but unsafe (6)
  kUnavailable,  // the process asked is not there (7)
  kTimeout,      // no answer in time (124)
};

struct Error {
  Errc kind = Errc::kFailed;
  std::string id;    // stable, "E-103"; listed in mgmt/model/errors.h
  std::string text;  // one sentence, no full stop, no newline
  int column = -1;   // 0-based column in the text that was read, or -1

  friend bool operator==(const Error&, const Error&) = default;
};

template <typename T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

[[nodiscard]] inline tl::unexpected<Error> fail(Errc kind, std::string_view id, std::string text,
                                                int column = -1) {
  return tl::unexpected<Error>(Error{kind, std::string(id), std::move(text), column});
}

// The same error, told from one level up: "open /x: no such file" becomes "store: open /x: ...".
[[nodiscard]] inline tl::unexpected<Error> within(std::string_view context, Error error) {
  error.text = std::string(context) + ": " + error.text;
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace yoke
