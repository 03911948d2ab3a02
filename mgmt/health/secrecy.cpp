// SPDX-License-Identifier: Apache-2.0
#include "mgmt/health/secrecy.h"

#include <algorithm>

#include "mgmt/model/schema.h"
#include "mgmt/model/secrets.h"

namespace yoke::health {
namespace {

// How many bytes at the end of `text` are a secret's first ones.
std::size_t begun(std::string_view text, std::string_view secret) {
  for (std::size_t size = std::min(text.size(), secret.size() - 1); size > 0; --size) {
    if (text.ends_with(secret.substr(0, size))) return size;
  }
  return 0;
}

void replace_all(std::string& text, std::string_view secret) {
  for (auto at = text.find(secret); at != std::string::npos;
       at = text.find(secret, at + model::kHidden.size())) {
    text.replace(at, secret.size(), model::kHidden);
  }
}

}  // namespace

Secrecy::Secrecy(const Check& check) {
  for (const model::Field& field : model::find_type("check")->fields) {
    const std::string_view value = field.secret ? check.settings.text(field.name) : "";
    if (!value.empty()) secrets_.emplace_back(value);
  }
}

std::string Secrecy::keep(std::string_view text) const {
  constexpr std::string_view kCut = "...";  // of model::shown()
  std::string kept(text);
  for (const std::string& secret : secrets_) {
    replace_all(kept, secret);
    const auto end = kept.rfind(kCut);
    if (end == std::string::npos) continue;
    const std::size_t size = begun(std::string_view(kept).substr(0, end), secret);
    if (size > 0) kept.replace(end - size, size, model::kHidden);
  }
  return kept;
}

}  // namespace yoke::health
