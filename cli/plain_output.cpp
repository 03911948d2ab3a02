// SPDX-License-Identifier: Apache-2.0
#include "cli/plain_output.h"

#include <fmt/format.h>
#include <langinfo.h>
#include <unistd.h>

#include <string>
#include <string_view>

namespace yoke::cli {

PlainOutput::int_type PlainOutput::overflow(int_type next) {
  if (traits_type::eq_int_type(next, traits_type::eof())) return traits_type::not_eof(next);
  const char c = traits_type::to_char_type(next);
  const auto byte = static_cast<unsigned char>(c);
  if (byte < 0x80) return to_->sputc(c);
  const std::string escaped = fmt::format("\\x{:02x}", byte);
  const auto size = static_cast<std::streamsize>(escaped.size());
  return to_->sputn(escaped.data(), size) == size ? next : traits_type::eof();
}

bool needs_plain_output(int descriptor) {
  return ::isatty(descriptor) == 1 && std::string_view(::nl_langinfo(CODESET)) != "UTF-8";
}

}  // namespace yoke::cli
