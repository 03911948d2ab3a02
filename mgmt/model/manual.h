// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

// The reference of every setting as Markdown, for people: what it is, what it takes, what it is
// unless set. Threads: any.
namespace yoke::model {

[[nodiscard]] std::string manual();

}  // namespace yoke::model
