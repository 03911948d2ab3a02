// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/net/address.h"
#include "hal/base/clock.h"
#include "hal/base/file_descriptor.h"
#include "hal/base/result.h"
#include "hal/linux/event.h"

struct MHD_Daemon;
struct MHD_Response;

// A small HTTP server for what may be read: GET and HEAD of a few paths, by libmicrohttpd, on the
// event loop. Clients are never waited for: at most 32, and 8 of one address, each with 16 KiB for
// its request, and gone when nothing moves for 10 s. Threads: the loop's.
namespace yoke::http {

struct Answer {
  std::string_view content_type;
  std::string body;
  friend bool operator==(const Answer&, const Answer&) = default;
};

// PEM.
struct Certificate {
  std::string certificate;  // and those it was issued by
  std::string key;
};

class Server {
 public:
  struct Config {
    net::Endpoint listen;            // also an address that the unit does not have yet
    std::vector<net::Prefix> allow;  // nobody else is let in; empty: everybody is
    std::optional<Certificate> tls;  // TLS 1.2 and 1.3 only, instead of plain HTTP
    // What is at `path`; nothing: 404. What it returns is given to others who ask within a second,
    // so that many who look cost as much as one.
    std::function<std::optional<Answer>(std::string_view path)> answer;
    // Sent with every answer.
    std::vector<std::pair<std::string, std::string>> headers;
  };

  // E-620 with the reason.
  [[nodiscard]] static Result<std::unique_ptr<Server>> listen(sd_event* event, Config config);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

 private:
  friend struct Callbacks;
  struct Stop {
    void operator()(MHD_Daemon* daemon) const noexcept;
  };
  struct Release {
    void operator()(MHD_Response* response) const noexcept;
  };
  using Response = std::unique_ptr<MHD_Response, Release>;
  struct Kept {
    Response response;
    MonoTime until;
  };

  Server(sd_event* event, Config config);
  [[nodiscard]] Status start(FileDescriptor socket);
  void run();
  [[nodiscard]] bool lets_in(const net::IpAddress& client) const;
  // Null: there is nothing at `path`.
  [[nodiscard]] MHD_Response* response_for(const std::string& path);
  [[nodiscard]] Response make_response(const Answer& answer) const;

  Config config_;
  std::map<std::string, Kept, std::less<>> kept_;
  std::unique_ptr<MHD_Daemon, Stop> daemon_;
  std::unique_ptr<hal::IoSource> ready_;
  hal::Timer due_;
  sd_event* event_;
};

}  // namespace yoke::http
