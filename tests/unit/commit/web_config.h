// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/unit/store/store_fixture.h"

// Configurations that keep every rule; between any two of them lies more than one record.
namespace yoke::commit {

inline model::Config web_config() {
  using store::must_set;
  model::Config config;
  must_set(config, {"pool", "web"}, {});
  must_set(config, {"pool", "web", "server", "192.0.2.11:80"}, {});
  must_set(config, {"pool", "web", "server", "192.0.2.12:80"}, {});
  must_set(config, {"pool", "web", "check", "tcp"}, {});
  must_set(config, {"vip", "web"}, {{"address", "203.0.113.10:80/tcp"}, {"pool", "web"}});
  return config;
}

inline model::Config weighted_config() {
  model::Config config = web_config();
  store::must_set(config, {"pool", "web", "server", "192.0.2.11:80"}, {{"weight", "5"}});
  return config;
}

// A record added, one removed, one changed.
inline model::Config other_config() {
  model::Config config = weighted_config();
  (void)config.remove(model::Path{{"pool", "web", "server", "192.0.2.12:80"}});
  store::must_set(config, {"pool", "dns"}, {{"method", "dsr"}});
  store::must_set(config, {"pool", "dns", "server", "192.0.2.53:53"}, {});
  store::must_set(config, {"vip", "dns"}, {{"address", "203.0.113.53:53/udp"}, {"pool", "dns"}});
  return config;
}

}  // namespace yoke::commit
