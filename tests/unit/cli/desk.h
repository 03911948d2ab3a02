// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sstream>
#include <string>
#include <string_view>

#include "cli/session.h"
#include "cli/shell.h"
#include "tests/unit/cli/fake_mgmt.h"

namespace yoke::cli {

// A shell and what it prints, against a server on a real socket.
struct Desk {
  explicit Desk(FakeMgmt& mgmt, Mode mode = Mode::kScript, Style style = {})
      : connection(mgmt.socket()), session(connection, mode), shell(session, style, data, talk) {}

  int run(const std::string& line) {
    data.str("");
    talk.str("");
    return shell.run(line);
  }

  Connection connection;
  Session session;
  std::ostringstream data, talk;
  Shell shell;
};

inline constexpr std::string_view kWeb =
    "set pool web server 192.0.2.11:80 weight 2\n"
    "set vip web 203.0.113.10:80/tcp pool web\n";

}  // namespace yoke::cli
