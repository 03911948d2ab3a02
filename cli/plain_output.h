// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ostream>
#include <streambuf>

// Text for a terminal that shows no UTF-8. Threads: owned by one.
namespace yoke::cli {

// Writes what `stream` is given as before, but for bytes beyond ASCII: those as \xc3, so that
// nothing is lost, and nothing is taken for what it is not. Until it goes; the stream outlives it.
class PlainOutput final : public std::streambuf {
 public:
  explicit PlainOutput(std::ostream& stream) : stream_(stream), to_(stream.rdbuf(this)) {}
  PlainOutput(const PlainOutput&) = delete;
  PlainOutput& operator=(const PlainOutput&) = delete;
  ~PlainOutput() override { stream_.rdbuf(to_); }

 protected:
  int_type overflow(int_type next) override;
  int sync() override { return to_->pubsync(); }

 private:
  std::ostream& stream_;
  std::streambuf* to_;
};

// The descriptor is a terminal, and the locale in force not one of UTF-8.
[[nodiscard]] bool needs_plain_output(int descriptor);

}  // namespace yoke::cli
