// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "hal/base/file_descriptor.h"
#include "hal/base/result.h"
#include "hal/linux/event.h"
#include "hal/linux/places.h"

// A local socket of the unit: a line is a request, a line is its answer, in order. What the lines
// mean is the session's. Threads: the loop's.
namespace yoke::hal {

// Who is at the other end, as the kernel says.
struct Peer {
  pid_t pid = 0;
  uid_t uid = 0;
  std::string user;  // its name, or "uid 1000"
};

// What a connection speaks to; lives as long as the connection.
class LineSession {
 public:
  struct Answer {
    std::string line;           // without its newline
    bool ends_session = false;  // nothing more is read; the connection closes behind the answer
  };

  LineSession() = default;
  LineSession(const LineSession&) = delete;
  LineSession& operator=(const LineSession&) = delete;
  virtual ~LineSession() = default;

  [[nodiscard]] virtual Answer answer(const std::string& line) = 0;

  // As answer(), for one that may have to wait: `reply` is called once, at once or in a later turn.
  // Until then the session stays, and gets no other line.
  using Reply = std::function<void(const Answer&)>;
  virtual void take(const std::string& line, const Reply& reply) { reply(answer(line)); }

  // Something that nobody else has ends with it: one that holds nothing is let go sooner.
  [[nodiscard]] virtual bool holds_work() const { return false; }
};

class LineConnection;

class LineServer {
 public:
  struct Config {
    std::string path;
    std::size_t line_bytes_max = 0;  // of a request, without its newline
    // Shared out by places.h. Where none is left for a user, that one of his goes which has rested
    // longest, and for `rest_least`; where there is none, who comes is told E-607.
    std::size_t connections_max = 256;
    std::function<std::unique_ptr<LineSession>(const Peer&)> open_session;
    std::function<std::string(const Error&)> error_line;  // for what concerns no request
    // Of those whom the socket lets in; unset: all.
    std::function<bool(const Peer&)> admits = {};
    // For whom some places are kept; unset: for root and the user this process runs as alone.
    std::function<bool(const Peer&)> is_admin = {};
    // Longer than any program takes between two requests, and much longer for one that has begun
    // something.
    std::chrono::seconds rest_least{10}, rest_least_with_work{600};
  };

  // Root, members of the group yoke and the user this process runs as are let in; everybody else is
  // told E-602 and let go. A socket left by a process that is gone is replaced: the caller has made
  // sure that no other one is alive. The socket is 0660, of the group yoke where there is one.
  // E-606.
  [[nodiscard]] static Result<std::unique_ptr<LineServer>> listen(sd_event* event, Config config);
  LineServer(const LineServer&) = delete;
  LineServer& operator=(const LineServer&) = delete;
  ~LineServer();

 private:
  // One that is let in, or (without a place) told why not.
  struct Held {
    Places::Holding holding;
    bool has_place = false;
    std::unique_ptr<LineConnection> connection;
  };
  LineServer(sd_event* event, FileDescriptor fd, Config config);
  void accept_one();
  [[nodiscard]] bool take_place(const Peer& peer);
  [[nodiscard]] bool make_room_for(const Peer& peer);
  [[nodiscard]] bool has_rested(const LineConnection& connection) const;
  void forget(const LineConnection* ended);
  [[nodiscard]] Error why_refused(const std::optional<Peer>& peer) const;
  void shed_one();

  sd_event* event_;
  FileDescriptor fd_;
  FileDescriptor reserve_;  // given up to turn a client away when descriptors run out
  Config config_;
  Places places_;
  std::list<Held> connections_;
  IoSource io_;
};

}  // namespace yoke::hal
