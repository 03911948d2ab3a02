// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hal/device.h"

namespace yoke::io {

using hal::Device;

}  // namespace yoke::io
