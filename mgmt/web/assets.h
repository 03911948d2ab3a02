// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

// The files of the page, as they are in this folder. Threads: constant data, any.
namespace yoke::web {

extern const std::string_view kPageHtml, kPageCss, kPageJs;

}  // namespace yoke::web
