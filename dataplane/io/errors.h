// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "hal/errors.h"

// The identifiers of everything that can be wrong with cores, memory and ports. Threads: constants.
namespace yoke::io::error {

inline constexpr std::string_view kEal = "E-320";         // DPDK itself would not start
inline constexpr std::string_view kMemory = "E-321";      // huge pages or memory too few
inline constexpr auto kDevice = hal::error::kDevice;      // `device` of a port makes no sense
inline constexpr std::string_view kNotThere = "E-323";    // names a device that is not there
inline constexpr auto kBusy = hal::error::kDeviceTaken;   // another process, or port, has it
inline constexpr std::string_view kNotReady = "E-325";    // is down, or of another MTU
inline constexpr std::string_view kPermission = "E-326";  // root or a capability is needed
inline constexpr std::string_view kDriver = "E-327";      // the driver gave up
inline constexpr std::string_view kTwin = "E-328";   // the port's kernel twin could not be made
inline constexpr std::string_view kCores = "E-329";  // a core that this process may not use
inline constexpr std::string_view kFlowSocket = "E-347";  // cannot listen for a flow relay

}  // namespace yoke::io::error
