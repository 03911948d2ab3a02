// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "hal/base/result.h"
#include "mgmt/model/place.h"

namespace yoke::backup {

// Takes files to other machines and removes them there. Threads: the loop's.
class Carrier {
 public:
  using Done = std::function<void(Status)>;

  Carrier() = default;
  Carrier(const Carrier&) = delete;
  Carrier& operator=(const Carrier&) = delete;
  virtual ~Carrier() = default;  // what is under way ends without `done`

  // `done` is called once, from the loop and never from within; several may be under way. A file
  // appears there whole or not at all, as far as the other side allows, in place of one that is
  // there already. What is not there is removed. E-516 with the reason, E-405.
  virtual void send(const std::string& file, const model::Place& place, const std::string& name,
                    Done done) = 0;
  virtual void remove(const model::Place& place, const std::string& name, Done done) = 0;
};

}  // namespace yoke::backup
