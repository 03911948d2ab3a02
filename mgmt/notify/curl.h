// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "hal/base/result.h"
#include "hal/linux/program.h"
#include "mgmt/notify/message.h"
#include "mgmt/notify/target.h"

// How curl(1) is asked to send mails and to post documents, and what it answers. Pure. Threads:
// any.
namespace yoke::notify {

// What to run. All that is secret is in its input, nothing in its arguments or environment, which
// others on the unit may see. Redirects are not followed, proxies and configuration files not used.
[[nodiscard]] hal::ProgramPlan curl_plan(const News& news, const Target& target);

// Whether the news has arrived, or why it has not: E-640, E-641. A webhook must answer with a
// status of 200 to 299.
[[nodiscard]] Status arrived(Way way, const hal::ProgramEnd& end);

}  // namespace yoke::notify
