// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "mgmt/http/service.h"
#include "mgmt/model/config.h"
#include "mgmt/notify/target.h"
#include "mgmt/syslog/forwarder.h"

// What a configuration, which violates no rule, wants of those who serve and forward. Pure.
// Threads: any.
namespace yoke::outlets {

// `kind` is "metrics" or "web".
[[nodiscard]] http::Service::Settings http_settings(const model::Config& config,
                                                    std::string_view kind);

// All paths are below `root`.
[[nodiscard]] std::map<std::string, syslog::Target> syslog_targets(
    const model::Config& config, const std::filesystem::path& root);
// Each recipient of a mail is one.
[[nodiscard]] std::map<notify::Whom, notify::Target> notify_targets(
    const model::Config& config, const std::filesystem::path& root);

}  // namespace yoke::outlets
