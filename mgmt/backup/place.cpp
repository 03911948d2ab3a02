// SPDX-License-Identifier: Apache-2.0
#include "mgmt/backup/place.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <memory>

#include "mgmt/backup/errors.h"
#include "mgmt/model/words.h"

namespace yoke::backup {
namespace {

struct UrlFree {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, UrlFree>;

tl::unexpected<Error> bad(std::string_view text, std::string_view why) {
  return fail(Errc::kInvalid, kBadPlace,
              fmt::format("{} {}: expected sftp://USER@HOST/FOLDER or https://HOST/FOLDER",
                          model::shown(text), why));
}

std::string part(const Url& url, CURLUPart which) {
  char* text = nullptr;
  if (curl_url_get(url.get(), which, &text, 0) != CURLUE_OK) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

std::string with_slash(std::string path) {
  if (!path.ends_with('/')) path += '/';
  return path;
}

}  // namespace

Result<Place> Place::parse(std::string_view text) {
  const Url url(curl_url());
  const std::string whole(text);
  if (whole.find_first_of(" \t\r\n\"\\") != std::string::npos ||
      curl_url_set(url.get(), CURLUPART_URL, whole.c_str(), CURLU_NON_SUPPORT_SCHEME) !=
          CURLUE_OK) {
    return bad(text, "is no URL");
  }
  Place place;
  const std::string scheme = part(url, CURLUPART_SCHEME);
  if (scheme != "sftp" && scheme != "https") return bad(text, "is neither sftp nor https");
  place.protocol = scheme == "sftp" ? Protocol::kSftp : Protocol::kHttps;
  if (!part(url, CURLUPART_PASSWORD).empty()) {
    return fail(Errc::kInvalid, kBadPlace,
                fmt::format("{} holds a password, which everybody who sees the configuration would "
                            "read: put it into /etc/yoke/netrc, or use /etc/yoke/backup.key",
                            part(url, CURLUPART_HOST)));
  }
  if (!part(url, CURLUPART_QUERY).empty() || !part(url, CURLUPART_FRAGMENT).empty()) {
    return bad(text, "names no folder");
  }
  if (place.protocol == Protocol::kSftp && part(url, CURLUPART_USER).empty()) {
    return bad(text, "names no user");
  }
  place.path = with_slash(part(url, CURLUPART_PATH));
  place.url = with_slash(whole);
  return place;
}

}  // namespace yoke::backup
